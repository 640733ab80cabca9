"""A study before it is run: power, width and cost by simulation."""
