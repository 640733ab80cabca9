"""Queries on work posted on a market, and on its money."""
