"""Who may ask what, how much of it, and the record of who did."""
