"""What a class looks like to a classifier."""

from __future__ import annotations

from analysis.measures.representation.section import RepresentationMeasure

__all__ = ["RepresentationMeasure"]
