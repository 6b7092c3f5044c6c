"""What an offer changes, customer by customer, and how sure that is."""
