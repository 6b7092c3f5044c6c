"""Figures of the whole company by month, from the tables, in the engine: what the assessment reports.

rules.py         the days and months that the definitions speak of
calendar.py      months as numbers
book.py          the registry: tallies of rows, streams of tables, indicators
streams.py       the rows of each table, in which month each counts, and by what it can be broken down
owners.py        what is known of the customer to whom a row belongs
stock.py         customers at each month's end: active, lapsed, lost, won back
satisfaction.py loyalty.py behaviour.py service.py value.py marketing.py
                 the indicators, one group a file
cube.py          one aggregation a table
cells.py         its sums where months and breakdowns cross, rolled up
intervals.py     a figure and how sure it is
changes.py       a period against the one before, and whether that is more than chance
told.py          one indicator by one breakdown: figures by month, and of the period
measure.py       all of it
spans.py         what each customer bought in the spans of months that are compared
tree.py          why revenue changed: buyers, orders of each, baskets
gains.py         which customers the change came from
groups.py        customers by recency and frequency, and who moved
concentration.py how much the best customers bring in
alarms.py        early warnings: what left its usual course of late
steps.py         what the newest months differ by from what was to be expected
clumps.py        how much the events of one customer lean on each other
moderation.py    the scatter of many series, each known from a few months
worth.py         what early warnings cost, in money
sheets.py        the tables of the assessment, each declared once:
cohorts.py lifetime.py customer_value.py campaigns.py aftermath.py frequency.py moods.py rivals.py
                 one table or two a file
homes.py         segment, country, channels, product line and touchpoint of each customer
weak_points.py   where value at risk comes from, and what stands first
assess.py        all of these as of a day
listing.py       the page docs/indicators.md
"""
