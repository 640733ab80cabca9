"""What a measure is: numbers from a bundle, with their part of the report."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from analysis.blocks import Section
from analysis.bundle import Bundle


@runtime_checkable
class Measure(Protocol):
    """One measure; its module is listed in `analysis.measures`."""

    @property
    def name(self) -> str:
        """For lists and files."""

    def applies(self, bundle: Bundle) -> bool:
        """Whether the bundle holds what the measure needs."""

    def sections(self, bundle: Bundle) -> list[Section]:
        """Its part of the report, the most important first."""

    def headline(self, bundle: Bundle) -> list[str]:
        """Lines for a terminal; empty if it has none."""
