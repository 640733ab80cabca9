"""Files that people write, read in one place and strictly; no torch, for every package."""
