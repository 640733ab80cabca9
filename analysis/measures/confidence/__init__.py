"""Confidence of classifiers against acceptance by people."""

from __future__ import annotations

from analysis.measures.confidence.section import ConfidenceMeasure

__all__ = ["ConfidenceMeasure"]
