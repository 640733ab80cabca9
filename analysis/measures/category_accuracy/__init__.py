"""How often people and observers find the right one of several categories."""

from __future__ import annotations

from analysis.measures.category_accuracy.section import CategoryAccuracyMeasure

__all__ = ["CategoryAccuracyMeasure"]
