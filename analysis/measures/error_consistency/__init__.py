"""Whether people and classifiers err on the same trials."""

from __future__ import annotations

from analysis.measures.error_consistency.section import ErrorConsistencyMeasure

__all__ = ["ErrorConsistencyMeasure"]
