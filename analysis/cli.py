"""Reports from bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.importing_options import (
    FORMAT_NAMES,
    import_options,
    is_default,
    read_options,
)

if TYPE_CHECKING:
    from analysis.bundles.reading import Bundle


raw_cells_option = click.option(
    "--raw-cells",
    "has_raw_cells",
    is_flag=True,
    help="Leave text in CSV as it is, though a spreadsheet may run it.",
)


_sources_argument = click.argument(
    "sources",
    metavar="BUNDLE | FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
_format_option = click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMAT_NAMES),
    help="Of FILEs that were made elsewhere.",
)


@click.group()
def report() -> None:
    """From a bundle of responses to a report."""


@report.command()
@_sources_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the report; an older report in it is replaced.",
)
@click.option(
    "--without-people-of",
    "other",
    type=click.Path(path_type=Path),
    help="Bundle of an earlier study: who took part in both, and the result without.",
)
@click.option(
    "--accepted-labels",
    type=click.Path(path_type=Path),
    help="JSON with the labels accepted of each image (as ReaL's real.json, a list of "
    "lists by image number, or an object from file name to list): accuracy by them.",
)
@_format_option
@import_options
@raw_cells_option
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def make(
    sources: tuple[Path, ...],
    out: Path,
    other: Path | None,
    accepted_labels: Path | None,
    format_name: str | None,
    has_raw_cells: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - what import_options adds
) -> None:
    """Write the report of BUNDLE (a folder from `study export`).

    With --format, of FILEs that were collected elsewhere.
    """
    # Imported here so that `secondlook --help` loads no pandas.
    from analysis.bundles.reading import read_bundle
    from analysis.importing.accepted_labels import read_accepted_labels
    from analysis.reporting.report import headline_table, make_report, report_numbers

    study = _clustered(sources, format_name, given)
    if accepted_labels is not None:
        study = study.with_accepted_labels(read_accepted_labels(accepted_labels, study))
    earlier = None if other is None else read_bundle(other)
    page = make_report(study, out=out, other=earlier, has_raw_cells=has_raw_cells)
    if as_json:
        numbers = {"report": str(page), **report_numbers(study)}
        click.echo(json.dumps(numbers, indent=2))
        return
    click.echo(headline_table(study))
    click.echo(f"\nreport: {page}")


@report.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the page; an older one in it is replaced.",
)
@click.option(
    "--cluster",
    multiple=True,
    metavar="COLUMN",
    help="Column that says which images belong together (a scene, a video), in both "
    "bundles; intervals take them as one draw. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def compare(
    a: Path, b: Path, out: Path | None, cluster: tuple[str, ...], as_json: bool
) -> None:
    """Set the bundles A and B side by side: errors, shares, images, settings.

    Differences are A minus B.
    """
    from analysis.bundles.clusters import clustered_by
    from analysis.bundles.reading import read_bundle
    from analysis.comparing import (
        comparison_numbers,
        comparison_text,
        make_comparison,
    )

    first, second = read_bundle(a), read_bundle(b)
    if cluster:
        first, second = clustered_by(first, cluster), clustered_by(second, cluster)
    page = None if out is None else make_comparison(first, second, out=out)
    if as_json:
        numbers = comparison_numbers(first, second)
        click.echo(json.dumps({"report": page and str(page), **numbers}, indent=2))
        return
    click.echo(comparison_text(first, second))
    if page is not None:
        click.echo(f"\nreport: {page}")


@report.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("model-vs-human", "crowd-kit")),
    required=True,
    help="Whose table to write.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="FILE.csv; for model-vs-human also a folder, a file per person and session.",
)
@raw_cells_option
def export(bundle: Path, format_name: str, out: Path, has_raw_cells: bool) -> None:
    """Write BUNDLE's responses as another tool's table."""
    from analysis.bundles.reading import read_bundle
    from analysis.importing.formats.crowd_kit import write_crowd_kit
    from analysis.importing.formats.model_vs_human import write_model_vs_human

    study = read_bundle(bundle)
    if format_name == "crowd-kit":
        paths = [write_crowd_kit(study, out=out, has_raw_cells=has_raw_cells)]
    else:
        paths = write_model_vs_human(study, out=out, has_raw_cells=has_raw_cells)
    for path in paths:
        click.echo(path)


@report.command()
@_sources_argument
@click.option(
    "--by",
    type=click.Choice(("majority", "dawid-skene")),
    required=True,
    help="What most people said, or what is likeliest when people's errors are "
    "estimated with it.",
)
@click.option(
    "--class-shares",
    type=click.Choice(("estimated", "equal")),
    default="estimated",
    show_default=True,
    help="Of dawid-skene: whether how frequent each label is counts, or every label is "
    "as probable before the responses.",
)
@click.option(
    "--accept-maybe",
    is_flag=True,
    help="Responses that say neither yes nor no (maybe, cannot tell) count as yes.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="FILE.csv or FILE.parquet.",
)
@_format_option
@import_options
@raw_cells_option
def labels(
    sources: tuple[Path, ...],
    by: Any,  # noqa: ANN401 - one of the choices
    class_shares: Any,  # noqa: ANN401 - one of the choices
    accept_maybe: bool,
    out: Path,
    format_name: str | None,
    has_raw_cells: bool,
    **given: Any,  # noqa: ANN401 - what import_options adds
) -> None:
    """Write one label per trial, out of the responses of BUNDLE.

    A label that several tie for stays empty.
    """
    from analysis.reporting.labelling import write_labels

    study = _study(sources, format_name, given)
    found = write_labels(
        study,
        by=by,
        out=out,
        class_shares=class_shares,
        accept_maybe=accept_maybe,
        has_raw_cells=has_raw_cells,
    )
    n_ties = int(found["is_tie"].sum())
    tied = f", {n_ties:,} of them tied and left empty" if n_ties else ""
    click.echo(f"{len(found):,} labels{tied}: {out}")


def _clustered(
    sources: tuple[Path, ...], format_name: str | None, given: dict[str, Any]
) -> Bundle:
    """The study, its images clustered as the command says."""
    from analysis.bundles.clusters import clustered_by

    if format_name is not None or not given["cluster"]:
        return _study(sources, format_name, given)
    study = _study(sources, format_name, {**given, "cluster": ()})
    return clustered_by(study, given["cluster"])


@report.command("accepted-labels")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="FILE.json.",
)
def voted_labels(bundle: Path, out: Path) -> None:
    """Write the labels that k of n people accept of each image of BUNDLE.

    An object from file name to classes, as `report make --accepted-labels` reads it.
    """
    from analysis.bundles.reading import read_bundle
    from analysis.importing.accepted_labels import write_accepted_labels
    from analysis.measures.accepted_labels.numbers import voted_sets

    study = read_bundle(bundle)
    found = voted_sets(study)
    sets = {str(image): frozenset(map(str, each)) for image, each in found.sets.items()}
    write_accepted_labels(sets, study, out=out)
    left_out = found.n_unresolved
    more = f", {left_out:,} with too few votes left out" if left_out else ""
    click.echo(f"{len(sets):,} images{more}: {out}")


def _study(
    sources: tuple[Path, ...], format_name: str | None, given: dict[str, Any]
) -> Bundle:
    """The bundle in a folder, or one made of files of another format."""
    from analysis.bundles.reading import read_bundle
    from analysis.importing import import_bundle

    if format_name is not None:
        options = read_options(given, name=sources[0].stem)
        bundle = import_bundle(sources, options, format_name=format_name)
        for note in bundle.head["imported"]["notes"]:
            click.echo(f"note: {note}", err=True)
        return bundle
    if len(sources) > 1 or not is_default(given):
        raise click.UsageError(
            "several files, and options such as --map or --yes, go with --format: a "
            "bundle says itself what it holds"
        )
    return read_bundle(sources[0])
