"""Tests of how `make bench` measures and judges."""
