"""What people answered, where only counts are known."""

from __future__ import annotations

from analysis.measures.counted_answers.section import CountedAnswersMeasure

__all__ = ["CountedAnswersMeasure"]
