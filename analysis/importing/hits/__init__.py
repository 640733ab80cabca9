"""Assignments of Mechanical Turk, and what a form of it held."""
