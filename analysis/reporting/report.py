"""A report from a bundle: one HTML page, tables for LaTeX and sheets, figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from analysis.bundles.reading import Bundle, read_bundle
from analysis.elements.joined_studies import ComparesStudies
from analysis.elements.sections import DataTable, Drawing, Gallery, Section, ShownTrial
from analysis.errors import AnalysisError
from analysis.measures import measures_of
from analysis.measures.base import HasSentences
from analysis.measures.counted_answers.section import method_of_counts
from analysis.people.exclusion_sections import exclusion, flow_section
from analysis.reporting.before_after_exclusion import before_after_section
from analysis.reporting.method_sections import method
from analysis.reporting.page import Cover, cover_of, render_gallery, render_page
from analysis.reporting.people_overlap import overlap_section
from analysis.reporting.report_parts import (
    ReportPart,
    as_exploratory,
    is_confirmatory,
    report_parts,
)
from analysis.reporting.study_sections import about, asked
from analysis.reporting.writing import write_drawing, write_table, write_trial

MARKER: Final = ".secondlook-report"
_OWN_FOLDERS: Final = ("tables", "figures", "gallery")


def make_report(
    bundle: Bundle | Path,
    *,
    out: Path,
    other: Bundle | None = None,
    has_raw_cells: bool = False,
) -> Path:
    """Write the report of a bundle; returns the page to open.

    Writes `index.html` (one file, pictures and figures inside),
    `tables/*.csv|tex`, `figures/*.svg|pdf|png` and, where more than 60 predictions
    were accepted, `gallery/` with all of them.

    Args:
        bundle: A bundle, or the folder it lies in.
        out: A folder that is new, empty, or holds an older report.
        other: An earlier study; the results without its people are given as well.
        has_raw_cells: Whether text in `tables/*.csv` may stay as it is, though a
            spreadsheet may run it.

    Raises:
        AnalysisError: If the bundle cannot be read or `out` is in the way.
    """
    study = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    sections = report_sections(study, other=other)
    found = report_parts(study, sections)
    cover = cover_of(study, said=sentences(study))
    return write_page(cover, found, out=out, has_raw_cells=has_raw_cells)


def write_page(
    cover: Cover, found: Sequence[ReportPart], *, out: Path, has_raw_cells: bool = False
) -> Path:
    """The page, its tables, figures and gallery in the folder `out`.

    Raises:
        AnalysisError: If `out` is in the way or cannot be written.
    """
    _prepare(out)
    for block in _blocks(section for part in found for section in part.sections):
        if isinstance(block, DataTable):
            write_table(block, folder=out / "tables", has_raw_cells=has_raw_cells)
        elif isinstance(block, Drawing):
            write_drawing(block, folder=out / "figures")
        elif isinstance(block, Gallery):
            render_gallery(cover, block, folder=out / "gallery")
        elif isinstance(block, ShownTrial):
            write_trial(block, folder=out / "figures")
    page = out / "index.html"
    page.write_text(render_page(cover, found), "utf-8")
    return page


def report_sections(bundle: Bundle, *, other: Bundle | None = None) -> list[Section]:
    """Every section, in the order of reading."""
    sections = [asked(bundle)]
    if bundle.has_raters:
        sections += [flow_section(bundle), exclusion(bundle)]
    measures = measures_of(bundle)
    for measure in measures:
        is_fixed = is_confirmatory(bundle, measure)
        for section in measure.sections(bundle):
            sections.append(section if is_fixed else as_exploratory(section))
    if changed := before_after_section(bundle, measures):
        sections.append(changed)
    if other is not None:
        sections.append(overlap_section(bundle, other, measures=measures))
        for measure in measures:
            if isinstance(measure, ComparesStudies):
                sections += measure.sections_with(bundle, other)
    how = method(bundle)
    sections += how if bundle.has_raters else [method_of_counts(each) for each in how]
    return sorted(sections, key=lambda section: section.chapter)


def sentences(bundle: Bundle) -> list[str]:
    """The main results of a study, a sentence each.

    >>> from analysis.bundles.example import example_bundle
    >>> sentences(example_bundle())[0][:54]
    'Of the 40.0 % errors (top-1) of net people accept 50.0'
    """
    return [
        sentence
        for measure in measures_of(bundle)
        if isinstance(measure, HasSentences)
        for sentence in measure.sentences(bundle)
    ]


def headline_table(bundle: Bundle | Path) -> str:
    """The main numbers as text for a terminal, at most 80 columns wide.

    >>> from analysis.bundles.example import example_bundle
    >>> print(headline_table(example_bundle()).splitlines()[1])
    example · live · 10 images · 3 people · 12 counted votes
    """
    study = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    lines = [study.title, about(study)]
    if study.is_simulated:
        lines.append("SIMULATED: responses come from programs, not from people")
    if study.is_pilot:
        lines.append("PILOT: never counts as a result")
    if study.is_sandbox:
        lines.append("SANDBOX: collected on a market that pays nobody; never counts")
    for measure in measures_of(study):
        if found := measure.headline(study):
            lines += ["", *found]
    return "\n".join(lines)


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


def _blocks(sections: Iterable[Section]) -> Iterable[object]:
    for section in sections:
        yield from section.blocks


def _prepare(out: Path) -> None:
    """An empty folder, or one that holds only an older report of ours."""
    try:
        if out.exists() and (not out.is_dir() or _is_foreign(out)):
            raise AnalysisError(
                f"{out} already holds something that is not a report: give a folder "
                "that is new, empty or holds an older report"
            )
        for name in _OWN_FOLDERS:
            shutil.rmtree(out / name, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        (out / MARKER).write_text("made by secondlook report make\n", "utf-8")
    except OSError as error:
        raise AnalysisError(f"cannot write a report to {out}: {error}") from error


def _is_foreign(out: Path) -> bool:
    return any(out.iterdir()) and not (out / MARKER).is_file()
