"""Win-back: whom, with what, under a budget, with a control group, and did it pay."""
