"""How readily people take one side of the page."""

from __future__ import annotations

from analysis.measures.side_bias.section import SideBiasMeasure

__all__ = ["SideBiasMeasure"]
