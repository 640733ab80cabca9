"""Accuracy against sets of accepted labels."""

from __future__ import annotations

from analysis.measures.accepted_labels.section import AcceptedLabelsMeasure

__all__ = ["AcceptedLabelsMeasure"]
