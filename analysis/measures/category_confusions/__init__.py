"""Which categories people and observers take for which."""

from __future__ import annotations

from analysis.measures.category_confusions.section import CategoryConfusionsMeasure

__all__ = ["CategoryConfusionsMeasure"]
