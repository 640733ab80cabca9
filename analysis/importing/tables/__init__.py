"""Tables that others made, read into checked columns."""
