"""Published numbers beside the study's own."""

from __future__ import annotations

from analysis.measures.published_numbers.section import PublishedNumbersMeasure

__all__ = ["PublishedNumbersMeasure"]
