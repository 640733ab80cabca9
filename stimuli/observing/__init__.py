"""Observers: classifiers and programs respond to a set's own trials."""
