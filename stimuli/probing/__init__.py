"""Pairs of images that differ in one thing, put to classifiers."""
