"""Simulated participants, through the pages people use."""
