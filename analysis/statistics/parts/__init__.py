"""Shares of strata and groups: of a whole sampled in parts, and of every part."""
