"""The numbers of a report for machines."""

from __future__ import annotations

import json
from typing import Any

from analysis.blocks import DataTable
from analysis.bundle import Bundle
from analysis.measures import measures_of


def report_numbers(bundle: Bundle) -> dict[str, Any]:
    """Every table of every measure as records; NaN becomes null."""
    tables = {
        block.name: json.loads(block.numbers.to_json(orient="records"))
        for measure in measures_of(bundle)
        for section in measure.sections(bundle)
        for block in section.blocks
        if isinstance(block, DataTable)
    }
    return {
        "study": bundle.name,
        "environment": bundle.head["environment"],
        "is_simulated": bundle.is_simulated,
        "k": bundle.k,
        "n": bundle.n,
        "tables": tables,
    }
