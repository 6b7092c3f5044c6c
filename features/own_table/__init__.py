"""A table of one's own: a row per customer, a column that says who churned, and any other columns."""
