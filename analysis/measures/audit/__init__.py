"""The researcher's own judgment of a sample."""

from __future__ import annotations

from analysis.measures.audit.section import AuditMeasure

__all__ = ["AuditMeasure"]
