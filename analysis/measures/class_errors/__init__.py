"""Which classes a classifier gets wrong, and which of its confusions people accept."""

from __future__ import annotations

from analysis.measures.class_errors.section import ClassErrorsMeasure

__all__ = ["ClassErrorsMeasure"]
