"""Responses that were collected elsewhere."""

from __future__ import annotations

from analysis.measures.imported_responses.section import ImportedResponsesMeasure

__all__ = ["ImportedResponsesMeasure"]
