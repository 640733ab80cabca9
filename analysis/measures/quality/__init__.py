"""Quality of the responses, for the reader to judge."""

from __future__ import annotations

from analysis.measures.quality.section import QualityMeasure

__all__ = ["QualityMeasure"]
