"""`study import`: studies that were collected elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.importing_options import FORMAT_NAMES, import_options, read_options
from study_server.cli._asking import name_argument
from study_server.cli._here import services_here
from study_server.cli._output import as_table, json_option, say, say_aside

if TYPE_CHECKING:
    from study_server.services.bundles.imported_records import ImportedStudyRecord
    from study_server.services.bundles.importing import ImportReceipt


@click.command(name="import")
@name_argument
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMAT_NAMES),
    required=True,
    help="Of the files.",
)
@import_options
@click.option(
    "--replace", is_flag=True, help="Delete what was imported under NAME first."
)
@json_option
def import_(
    name: str,
    files: tuple[Path, ...],
    format_name: str,
    replace: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - what import_options adds
) -> None:
    """Store responses that were collected elsewhere.

    As the imported study NAME: it can be shown, exported and reported, and is
    never opened, counted or mixed with what is collected here. A file that is
    there already adds nothing.
    """
    from study_server.services.bundles.importing import import_study

    options = read_options(given, name=name)
    with services_here("create") as services:
        receipt = import_study(
            services,
            files,
            options,
            format_name=format_name,
            is_replaced=replace,
        )
    for note in receipt.notes:
        say_aside(f"note: {note}")
    say(receipt, as_json=as_json, text=lambda: _told(receipt))


COMMANDS = (import_,)


def told_of(record: ImportedStudyRecord) -> str:
    """An imported study in words."""
    rows = [
        [
            file.name,
            file.n_rows,
            sum(each.n for each in file.left_out),
            f"{file.imported_at:%Y-%m-%d %H:%M} UTC",
        ]
        for file in record.files
    ]
    return "\n\n".join(
        [
            f"{record.name}: imported ({record.format})\n{record.n_responses} responses "
            f"by {record.n_participants} people to {record.n_trials} trials",
            as_table(["file", "responses", "rows left out", "imported"], rows),
        ]
    )


def _told(receipt: ImportReceipt) -> str:
    name = receipt.study.name
    lines = [f"{file} was imported already: nothing added" for file in receipt.known]
    lines.append(f"{receipt.n_added} responses added")
    return "\n".join(
        [
            *lines,
            told_of(receipt.study),
            f"\nnext: secondlook study export {name} --out bundle",
        ]
    )
