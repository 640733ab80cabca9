"""A comparison of two bundles as a page, as text and as numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis.bundles.reading import Bundle, read_bundle
from analysis.comparing.error_sections import change_in_words, errors_section
from analysis.comparing.errors import error_pairs
from analysis.comparing.settings import common_margin, different_settings
from analysis.comparing.share_sections import shares_section
from analysis.comparing.shares import share_pairs
from analysis.comparing.side_sections import sides_sections
from analysis.comparing.study_sections import (
    before_after_section,
    bundles_section,
    settings_section,
)
from analysis.elements.sections import DataTable, Section
from analysis.elements.wording import signed
from analysis.errors import AnalysisError
from analysis.reporting.page import Cover
from analysis.reporting.report import write_page
from analysis.reporting.report_parts import ReportPart


def make_comparison(a: Bundle | Path, b: Bundle | Path, *, out: Path) -> Path:
    """Write the comparison of two bundles; returns the page to open.

    Writes `index.html`, `tables/*.csv|tex` and `figures/*.svg|pdf|png`, as
    `analysis.reporting.report.make_report` does.

    Args:
        a: A bundle, or the folder it lies in.
        b: Another one; differences are A minus B.
        out: A folder that is new, empty, or holds an older report.

    Raises:
        AnalysisError: If a bundle cannot be read, the two have nothing in common
            that could be compared, or `out` is in the way.
    """
    first, second = _read(a), _read(b)
    sections = tuple(comparison_sections(first, second))
    part = ReportPart(id="comparison", title="A and B", note="", sections=sections)
    return write_page(_cover(first, second), [part], out=out)


def comparison_sections(a: Bundle, b: Bundle) -> list[Section]:
    """Every section of a comparison, in the order of reading.

    Raises:
        AnalysisError: If neither an error nor a share occurs in both.
    """
    errors, shares = error_pairs(a, b), share_pairs(a, b)
    if not errors and not shares:
        raise AnalysisError(
            f"{a.name} and {b.name} have nothing in common to compare: no classifier's "
            "errors that both re-examine, and no share of responses of the same "
            "condition or control; compare studies that ask the same question"
        )
    found = [bundles_section(a, b)]
    if errors:
        found.append(errors_section(errors, a, b))
    if shares:
        found.append(shares_section(shares, margin=common_margin(a, b)))
    found += sides_sections(errors, a, b)
    if changed := before_after_section(a, b):
        found.append(changed)
    return [*found, settings_section(a, b)]


def comparison_text(a: Bundle | Path, b: Bundle | Path) -> str:
    """The main differences as text for a terminal."""
    first, second = _read(a), _read(b)
    lines = [f"A  {first.title} ({first.name}, {first.head['environment']})"]
    lines += [f"B  {second.title} ({second.name}, {second.head['environment']})"]
    if first.is_simulated or second.is_simulated:
        lines.append("SIMULATED: some responses come from programs, not from people")
    pairs = error_pairs(first, second)
    if pairs:
        lines += ["", "rectified error, A minus B (95 % intervals)"]
        lines += [change_in_words(pair) for pair in pairs]
    lines += _share_lines(first, second)
    differs = different_settings(first, second)
    names = ", ".join(differs.loc[differs["is_weighty"], "setting"].head(6))
    told = {0: "no setting differs", 1: "1 setting differs"}.get(
        len(differs), f"{len(differs)} settings differ"
    )
    lines += ["", f"{told}{f': {names}' if names else ''}"]
    return "\n".join(lines)


def _share_lines(a: Bundle, b: Bundle) -> list[str]:
    lines = []
    for pair in share_pairs(a, b):
        shares = pair.shares
        away = signed(shares.difference)
        name = f"{pair.what.split(' (')[0]}: {pair.quantity}"
        lines.append(
            f"  {name:<34.34} {100 * shares.first:5.1f} %  {100 * shares.second:5.1f} % "
            f" {away:>6}  {pair.verdict}"
        )
    return ["", "shares of responses: A, B, A minus B", *lines] if lines else []


def comparison_numbers(a: Bundle | Path, b: Bundle | Path) -> dict[str, Any]:
    """Every table of the comparison as records; NaN becomes null."""
    first, second = _read(a), _read(b)
    tables = {
        block.name: json.loads(block.numbers.to_json(orient="records"))
        for section in comparison_sections(first, second)
        for block in section.blocks
        if isinstance(block, DataTable)
    }
    return {"a": first.name, "b": second.name, "tables": tables}


def _read(bundle: Bundle | Path) -> Bundle:
    return bundle if isinstance(bundle, Bundle) else read_bundle(bundle)


def _cover(a: Bundle, b: Bundle) -> Cover:
    title = a.title if a.title == b.title else f"{a.title} / {b.title}"
    return Cover(
        title=f"Comparison: {title}",
        about=f"A: {a.name} ({a.head['environment']}) · B: {b.name} "
        f"({b.head['environment']})",
        said=(),
        footer=f"Made by Secondlook from the bundles of the studies “{a.name}” (A) and "
        f"“{b.name}” (B); the bundles alone give the same page on any machine.",
        is_simulated=a.is_simulated or b.is_simulated,
        is_pilot=a.is_pilot or b.is_pilot,
        is_sandbox=a.is_sandbox or b.is_sandbox,
        has_several=False,
        image_path=_either(a, b),
        warnings=tuple(dict.fromkeys((*a.set_warnings, *b.set_warnings))),
    )


def _either(a: Bundle, b: Bundle) -> Callable[[str], Path | None]:
    def found(stimulus: str) -> Path | None:
        return a.image_path(stimulus) or b.image_path(stimulus)

    return found
