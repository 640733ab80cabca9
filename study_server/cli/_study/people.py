"""`study audit`, `export` and `simulate`: once there is something to ask."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
import numpy as np
from tqdm import tqdm

from study_server.cli._asking import name_argument
from study_server.cli._here import note_if_not_served, services_here
from study_server.cli._output import as_table, json_option, say
from study_server.recruiters.base import Environment
from study_server.services.bundles import exporting
from study_server.services.bundles.imported_records import is_imported
from study_server.services.bundles.tables import Format
from study_server.services.participation.completion_codes import list_codes
from study_server.services.quality import audit as audits
from study_server.services.simulation.simulated_run import (
    SimulationSummary,
    run_simulation,
)

_environment = click.option(
    "--environment",
    type=click.Choice(get_args(exporting.Environment)),
    help="Whose responses; live ones where left out, simulated if there are no others.",
)


@click.command()
@name_argument
@click.option(
    "--n",
    default=500,
    show_default=True,
    type=click.IntRange(1),
    help="Size of the sample.",
)
@_environment
@json_option
def audit(name: str, n: int, environment: str | None, as_json: bool) -> None:
    """Draw a blinded sample to judge yourself.

    Stratified by the number of yes votes; your responses are never counted.
    """
    with services_here() as services:
        overview = audits.draw_audit(services, name, n=n, environment=environment)
        url = f"{services.settings.base_url}/dashboard/studies/{name}/audit"
        note_if_not_served()
    found = {"url": url, "n_trials": overview.n_trials, "n_done": overview.n_done}
    say(
        found,
        as_json=as_json,
        text=f"{overview.n_trials} trials drawn, {overview.n_done} judged\n{url}",
    )


@click.command()
@name_argument
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The bundle's folder."
)
@click.option(
    "--images",
    type=click.Choice(get_args(exporting.Images)),
    default="thumbnails",
    show_default=True,
    help="Which pictures go into the bundle.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(get_args(Format)),
    default="csv",
    show_default=True,
    help="Of the tables.",
)
@_environment
@click.option(
    "--with-free-text/--without-free-text",
    "has_free_text",
    default=None,
    help="What people wrote in their own words. [default: as the study file says]",
)
@click.option(
    "--raw-cells",
    "has_raw_cells",
    is_flag=True,
    help="Leave text in CSV as it is, though a spreadsheet may run it.",
)
@click.option("--force", is_flag=True, help="Replace an older bundle.")
@json_option
def export(
    name: str,
    out: Path,
    images: exporting.Images,
    file_format: Format,
    environment: exporting.Environment | None,
    has_free_text: bool | None,
    has_raw_cells: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write a study's bundle.

    Tables, files and pictures, with nothing that names people. Reports are made
    from it alone.
    """
    with services_here("read") as services:
        if is_imported(services, name):
            from study_server.services.bundles.imported_bundles import export_imported

            if has_free_text is False:
                raise click.UsageError(
                    "--without-free-text: an imported study does not say which of its "
                    "responses are free text; leave their column out when you import"
                )
            folder = export_imported(
                services,
                name,
                out=out,
                file_format=file_format,
                has_raw_cells=has_raw_cells,
                replace=force,
            )
        else:
            folder = exporting.export_study(
                services,
                name,
                out=out,
                images=images,
                environment=environment,
                file_format=file_format,
                has_free_text=has_free_text,
                has_raw_cells=has_raw_cells,
                replace=force,
            )
    say(
        {"bundle": folder},
        as_json=as_json,
        text=f"wrote {folder}\nnext: secondlook report make {folder} --out report",
    )


@click.command()
@name_argument
@click.option("--server", help="Its address; the settings' base_url where left out.")
@click.option("--n", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--mix", help="For example careful=0.8,random=0.2; the study file's.")
@click.option("--at-once", default=8, show_default=True, type=click.IntRange(1, 32))
@json_option
def simulate(
    name: str,
    server: str | None,
    n: int,
    seed: int,
    mix: str | None,
    at_once: int,
    as_json: bool,
) -> None:
    """Send simulated participants through.

    Up to --n of them use the study's own pages on a running server, until the
    study is full. They are kept apart from people everywhere.
    """
    with services_here() as services, tqdm(total=n, unit="person") as bar:

        def tell(so_far: SimulationSummary) -> None:
            bar.update(so_far.n_people - bar.n)

        summary = run_simulation(
            server or services.settings.base_url,
            services,
            name,
            rng=np.random.default_rng(seed),
            n=n,
            mix=None if mix is None else _mix(mix),
            n_at_once=at_once,
            on_progress=tell,
        )
    say(summary, as_json=as_json, text=lambda: _told(summary))


@click.command()
@name_argument
@click.option(
    "--environment",
    type=click.Choice(get_args(exporting.Environment)),
    default="live",
    show_default=True,
    help="Whose codes.",
)
@json_option
def codes(name: str, environment: Environment, as_json: bool) -> None:
    """List the completion code of every session, to compare with those handed in.

    For `codes = "personal"` in `[recruiter.link]`: a code that is not listed, or comes
    twice, was not earned by whoever hands it in. The code of a held session was shown
    to nobody.
    """
    with services_here() as services:
        found = list_codes(services, name, environment=environment)
    rows = [
        [line.code, line.participant, "held" if line.is_held else "", line.completed_at]
        for line in found
    ]
    say(
        {"study": name, "codes": [asdict(line) for line in found]},
        as_json=as_json,
        text=lambda: as_table(["code", "participant", "", "completed"], rows),
    )


COMMANDS = (audit, codes, export, simulate)


def _mix(text: str) -> dict[str, float]:
    shares = {}
    for part in text.split(","):
        name, has_share, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError:
            has_share = ""
        if not has_share:
            raise click.BadParameter(
                f"expected name=share,name=share, got {part!r}", param_hint="--mix"
            )
    return shares


def _told(summary: SimulationSummary) -> str:
    outcomes = ", ".join(f"{n} {name}" for name, n in sorted(summary.outcomes.items()))
    ended = "; the study is full" if summary.is_full else ""
    return (
        f"{summary.n_people} simulated participants ({outcomes}), "
        f"{summary.n_responses} responses{ended}"
    )
