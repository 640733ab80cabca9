"""Queries on people, their sessions and their responses."""
