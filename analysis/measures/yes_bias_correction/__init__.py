"""The rectified error corrected for yes-bias."""

from __future__ import annotations

from analysis.measures.yes_bias_correction.section import YesBiasCorrectionMeasure

__all__ = ["YesBiasCorrectionMeasure"]
