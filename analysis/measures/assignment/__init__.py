"""Which groups do people find a target's class by?"""

from __future__ import annotations

from analysis.measures.assignment.section import AssignmentMeasure

__all__ = ["AssignmentMeasure"]
