"""Five classes asked one by one: which of them do people accept?"""

from __future__ import annotations

from analysis.measures.class_by_class.section import ClassByClassMeasure

__all__ = ["ClassByClassMeasure"]
