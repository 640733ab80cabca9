"""How right responses rise with the level that a study varies."""

from __future__ import annotations

from analysis.measures.psychometric_curves.section import PsychometricCurvesMeasure

__all__ = ["PsychometricCurvesMeasure"]
