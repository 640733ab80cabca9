"""The pages of docs/coverage/: what simulated studies showed, from its files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby
from pathlib import Path

FOLDER = Path(__file__).parent / "coverage"
_NOTE = (
    "<!-- Written by `make docs` from the file beside it; measure anew with\n"
    "`python -m tests.analysis.coverage.run --write`. -->\n"
)
_INTERVALS = (
    "| world | studies | truth | mean | covered | too low / too high | width | oracle |\n"
    "|---|---|---|---|---|---|---|---|"
)
_TESTS = "| world, nothing differs | studies | rejected at 5 % |\n|---|---|---|"
_POWER = "| world, power | studies | found at 5 % |\n|---|---|---|"


def coverage_pages() -> dict[str, Callable[[], str]]:
    """A page for each file, by name."""
    return {
        f"coverage/{path.stem}.md": partial(_page, path)
        for path in sorted(FOLDER.glob("*.csv"))
    }


def _page(path: Path) -> str:
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    title = path.stem.replace("_", " ").capitalize()
    parts = [_NOTE, f"# How often it is right: {title}\n"]
    for (place, kind), of_kind in groupby(lines, key=_place_and_kind):
        rows = list(of_kind)
        head = {"test": _TESTS, "power": _POWER}.get(kind, _INTERVALS)
        parts += [f"## {place}\n", "\n".join([head, *map(_row, rows)]) + "\n"]
        parts += _remarks(rows)
    return "\n".join(parts)


def _place_and_kind(line: Mapping[str, str]) -> tuple[str, str]:
    return line["place"], line["kind"]


def _row(line: Mapping[str, str]) -> str:
    rate = f"**{_percent(line['rate'])}** ± {_percent(line['error'])} %"
    cells = [line["world"], line["n_studies"]]
    if line["kind"] != "interval":
        return _cells([*cells, rate])
    unit = " %" if float(line["scale"]) == 100 else ""
    truth, mean, width, oracle = (
        f"{float(line['scale']) * float(line[name]):.2f}{unit}"
        for name in ("truth", "mean", "width", "oracle")
    )
    sides = f"{_percent(line['too_low'])} / {_percent(line['too_high'])} %"
    return _cells([*cells, truth, mean, rate, sides, width, oracle])


def _remarks(rows: list[dict[str, str]]) -> Iterator[str]:
    """Why rows cover more than they should, or give nothing."""
    said = []
    for line in rows:
        if line["wider_because"]:
            said.append(f"* {line['world']}: {line['wider_because']}.")
        if float(line["given"]) < 1:
            share = _percent(str(1 - float(line["given"])))
            said.append(f"* {line['world']}: refused in {share} %: {line['refusal']}.")
    if said:
        yield "\n".join(said) + "\n"


def _percent(share: str) -> str:
    return f"{100 * float(share):.1f}"


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
