"""What operations see: metrics and logs, without any customer in them."""
