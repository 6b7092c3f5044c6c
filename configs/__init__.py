"""All that a user may change, in YAML beside this file."""
