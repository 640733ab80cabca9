"""What can go wrong in an analysis, in words a researcher can act on."""

from __future__ import annotations


class AnalysisError(Exception):
    """Something about a bundle or a report that its user can mend."""
