"""A HIT's question and its answers: read, checked, shown."""
