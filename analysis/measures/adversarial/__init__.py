"""Attacked images: does what people see change with what a classifier says?"""

from __future__ import annotations

from analysis.measures.adversarial.section import AdversarialMeasure

__all__ = ["AdversarialMeasure"]
