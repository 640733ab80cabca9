"""Where imported responses come from, and which rows of their files are not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, DataTable, Prose
from analysis.elements.wording import count

_FILES: Final = 8
_ROWS: Final = 20


def origin_blocks(bundle: Bundle) -> list[Block]:
    """The files, and what was left out of them."""
    blocks: list[Block] = [Prose(text=_origin(bundle), kind="note")]
    if left := left_out_of(bundle):
        n_rows = sum(int(each["n"]) for each in left)
        plural = "rows were" if n_rows > 1 else "row was"
        blocks.append(
            Prose(
                text=f"{count(n_rows)} {plural} left out of the files, as the table of "
                "rows left out says; nothing else was.",
                kind="note",
            )
        )
        blocks.append(_table(left))
    return blocks


def left_out_of(bundle: Bundle) -> list[Mapping[str, Any]]:
    """Rows that were asked out or cannot be: file, why, n, rows (the first)."""
    return list((bundle.head.get("imported") or {}).get("left_out", ()))


def _origin(bundle: Bundle) -> str:
    imported = bundle.head.get("imported") or {}
    votes = ", ".join(imported.get("yes", ())) or "none: responses are kept as values"
    return (
        f"Collected elsewhere and imported ({imported.get('format', 'unknown format')}): "
        f"{_files(imported)}. Responses that accept: {votes}. How people were "
        "recruited, admitted and screened is not in such files."
    )


def _files(imported: Mapping[str, Any]) -> str:
    files = list(imported.get("files", ()))
    said = ", ".join(
        f"{entry['name']} ({count(entry['n_rows'])} responses)"
        for entry in files[:_FILES]
    )
    rest = files[_FILES:]
    if not rest:
        return said
    n_rows = sum(int(entry["n_rows"]) for entry in rest)
    return f"{said} and {count(len(rest))} more files ({count(n_rows)} responses)"


def _table(left: list[Mapping[str, Any]]) -> DataTable:
    shown = pd.DataFrame(
        {
            "file": [each["file"] for each in left],
            "why": [each["why"] for each in left],
            "rows": [count(each["n"]) for each in left],
            "which": [_which(each) for each in left],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "file": each["file"],
                "why": each["why"],
                "n_rows": each["n"],
                "rows": " ".join(map(str, each["rows"])),
            }
            for each in left
        ]
    )
    return DataTable(
        name="rows_left_out",
        caption="Rows of the files that were asked out (--where, --twice) or cannot be "
        "(--bad-rows report), counted without the header.",
        shown=shown,
        numbers=numbers,
        text_columns=2,
        is_folded=len(left) > _FILES,
    )


def _which(each: Mapping[str, Any]) -> str:
    rows = list(each["rows"])[:_ROWS]
    more = f" and {count(each['n'] - len(rows))} more" if each["n"] > len(rows) else ""
    return ", ".join(map(str, rows)) + more
