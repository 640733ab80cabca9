"""A participant's way, from the first click to the handoff."""
