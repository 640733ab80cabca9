"""A study from its set to its last response."""
