"""Trials that k of n people accept, where nothing is known of classifiers."""

from __future__ import annotations

from analysis.measures.accepted_trials.section import AcceptedTrialsMeasure

__all__ = ["AcceptedTrialsMeasure"]
