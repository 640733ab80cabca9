"""How much people agree, and how reliable their mean responses are."""

from __future__ import annotations

from analysis.measures.agreement.section import AgreementMeasure

__all__ = ["AgreementMeasure"]
