"""The rectified error by Dawid and Skene's model."""

from __future__ import annotations

from analysis.measures.dawid_skene_error.section import DawidSkeneErrorMeasure

__all__ = ["DawidSkeneErrorMeasure"]
