"""Commands of studies, by what they need."""
