"""How much people agree, and whether they err alike."""

from __future__ import annotations

from analysis.measures.agreement.section import AgreementMeasure

__all__ = ["AgreementMeasure"]
