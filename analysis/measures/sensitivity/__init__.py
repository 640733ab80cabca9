"""How far the rectified error hangs on which votes count, and on each person."""

from __future__ import annotations

from analysis.measures.sensitivity.section import SensitivityMeasure

__all__ = ["SensitivityMeasure"]
