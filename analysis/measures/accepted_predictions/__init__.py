"""Predictions on unlabelled pictures: how many do people accept?"""

from __future__ import annotations

from analysis.measures.accepted_predictions.section import AcceptedPredictionsMeasure

__all__ = ["AcceptedPredictionsMeasure"]
