"""Bundles: read, checked, counted."""
