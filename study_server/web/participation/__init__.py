"""The pages of a participant's way."""
