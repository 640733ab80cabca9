"""Admits people, shows them trials, keeps their responses."""
