"""Every field of every response, whatever was asked."""

from __future__ import annotations

from analysis.measures.responses.section import ResponsesMeasure

__all__ = ["ResponsesMeasure"]
