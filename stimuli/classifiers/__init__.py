"""Classifiers by name, by file or by function: pixels in, probabilities out."""
