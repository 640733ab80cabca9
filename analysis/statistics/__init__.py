"""Estimates with intervals; nothing here knows a bundle or a report."""
