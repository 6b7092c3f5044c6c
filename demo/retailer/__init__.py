"""A made-up retailer whose truth is known: who declines and why, and what a coupon does to each customer.

days.py          the period, the seasons of the year and the hours of the day
streams.py       one random stream for each concern of each chunk of customers
customers.py     who they are and what they are used to
declines.py      what goes wrong, when, and who leaves over it
orders.py        when they buy
coupons.py       what a coupon does to each customer
campaigns.py     who is sent a coupon, who is held back at random
baskets.py       what they buy and what they pay
redemptions.py   coupons cashed in, and the true effect of each contact
returns.py tickets.py surveys.py engagement.py subscriptions.py company.py
                 one concern a file, after the tables of the contract
words.py         what customers write
truth.py         what no real company knows
run.py           all of it, chunk by chunk
files.py         Parquet files that grow chunk by chunk
"""
