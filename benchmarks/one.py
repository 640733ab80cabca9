"""One measure in this process: `python -m benchmarks.one MODULE OUT.json`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.harness import Row, Skipped


def main(module: str, out: str) -> None:
    """Write the rows, or why there are none, as JSON."""
    rows: list[Row] = []
    skipped = ""
    try:
        rows = import_module(module).measure()
    except Skipped as reason:
        skipped = str(reason)
    said = {"rows": [asdict(row) for row in rows], "skipped": skipped}
    Path(out).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
