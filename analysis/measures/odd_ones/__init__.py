"""How far people, and observers, agree on the odd one out."""

from __future__ import annotations

from analysis.measures.odd_ones.section import OddOnesMeasure

__all__ = ["OddOnesMeasure"]
