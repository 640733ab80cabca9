"""Standard and rectified error of every classifier."""

from __future__ import annotations

from analysis.measures.rectified_error.section import RectifiedErrorMeasure

__all__ = ["RectifiedErrorMeasure"]
