"""How well people tell, apart from how readily they say yes."""

from __future__ import annotations

from analysis.measures.signal_detection.section import SignalDetectionMeasure

__all__ = ["SignalDetectionMeasure"]
