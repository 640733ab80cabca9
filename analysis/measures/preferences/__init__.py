"""Which option people prefer, how strongly, and whether choices fit together."""

from __future__ import annotations

from analysis.measures.preferences.section import PreferencesMeasure

__all__ = ["PreferencesMeasure"]
