"""How many superpixels does it take until people see what the classifier says?"""

from __future__ import annotations

from analysis.measures.explanation_path.section import ExplanationPathMeasure

__all__ = ["ExplanationPathMeasure"]
