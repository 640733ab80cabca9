"""Queries on users, and on what they did."""
