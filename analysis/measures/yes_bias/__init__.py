"""How readily people say yes."""

from __future__ import annotations

from analysis.measures.yes_bias.section import YesBiasMeasure

__all__ = ["YesBiasMeasure"]
