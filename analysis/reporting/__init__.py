"""A report: its parts, its page, its files."""
