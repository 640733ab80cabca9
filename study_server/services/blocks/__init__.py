"""Trials cut into blocks, and a block put in one person's order."""
