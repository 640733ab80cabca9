"""What experiments with people ask for: tests, detection, equivalence, times."""
