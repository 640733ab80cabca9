"""Frames of crowd-kit: task, worker, label; from files and in Python."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from analysis.bundles.csv_frames import write_csv
from analysis.bundles.frames import Problems
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.importing.base import ImportOptions, RawResponses, SourceFile
from analysis.importing.formats.long_table import read_mapped

COLUMNS: Final = MappingProxyType(
    {"stimulus": "task", "worker": "worker", "response": "label"}
)


class CrowdKit:
    """Columns task, worker, label (CSV or Parquet)."""

    name = "crowd-kit"
    title = "crowd-kit's frame: task, worker, label (CSV or Parquet)"
    recruiter = ""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """The three columns, and whatever else is mapped."""
        return read_mapped(file, dict(COLUMNS), options, problems=problems)


def to_crowd_kit(bundle: Bundle) -> pd.DataFrame:
    """The counted responses as crowd-kit reads them.

    Returns:
        Columns task (our trial), worker (our participant), label (the response's
        value; yes or no of the vote where a response has several fields).

    Raises:
        AnalysisError: If it is not known who responded.

    >>> from analysis.bundles.example import example_bundle
    >>> to_crowd_kit(example_bundle()).head(2)
      task worker label
    0   i1    ann   yes
    1   i2    ann   yes
    """
    if not bundle.has_raters:
        raise AnalysisError(
            f"{bundle.name}: crowd-kit's frame says who responded, and counts do not"
        )
    single = bundle.single_responses
    counted = single[single["is_counted"]]
    values = bundle.responses.groupby("response")["value"]
    label = counted["response"].map(values.first()[values.size() == 1])
    vote = counted["accepts"].map({True: "yes", False: "no"})
    frame = pd.DataFrame(
        {
            "task": counted["trial"],
            "worker": counted["participant"],
            "label": label.where(label.notna(), vote),
        }
    )
    return frame.dropna(subset="label").reset_index(drop=True)


def write_crowd_kit(bundle: Bundle, *, out: Path, has_raw_cells: bool = False) -> Path:
    """Write `to_crowd_kit` as CSV, or as Parquet where `out` ends so.

    Raises:
        AnalysisError: If it cannot be written.
    """
    frame = to_crowd_kit(bundle)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".parquet":
            frame.to_parquet(out, index=False)
        else:
            write_csv(frame, out, is_raw=has_raw_cells, line_end="\n")
    except OSError as error:
        raise AnalysisError(f"cannot write to {out}: {error.strerror}") from error
    return out
