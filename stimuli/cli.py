"""`secondlook stimuli`: build, check, show, observe, publish and probe.

torch is imported inside the commands only, so that help stays fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stimuli.errors import StimuliError
from stimuli.manifest import ROLES
from stimuli.observing.cli import observe
from stimuli.probing.cli import probe
from stimuli.publishing.cli import publish

if TYPE_CHECKING:
    from stimuli.engine.checking import CheckedSet
    from stimuli.engine.comparing import ComparedSets


class _Group(click.Group):
    """Prints what the user can mend without a traceback, exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        try:
            return super().invoke(ctx)
        except StimuliError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
def stimuli() -> None:
    """Build, check, show, observe and publish stimulus sets."""


@stimuli.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the set; an interrupted build in it goes on.",
)
@click.option("--fresh", is_flag=True, help="Throw away what the folder holds.")
@click.option("--json", "is_json", is_flag=True, help="Print the summary as JSON.")
def build(recipe: Path, out: Path, *, fresh: bool, is_json: bool) -> None:
    """Build the stimulus set that RECIPE describes."""
    from stimuli.engine.building import Builder
    from stimuli.records.progress import open_bar

    builder = Builder(open_progress=open_bar, say=_say_early, is_fresh=fresh)
    built = builder.build(recipe, out)
    for words in built.summary.get("warnings", ()):
        click.secho(f"WARNING: {words}", err=True, fg="red", bold=True)
    if is_json:
        click.echo(json.dumps(built.summary, ensure_ascii=False))
        return
    if not built.is_new:
        click.echo(f"{out} holds this very set already; nothing to do.")
    click.echo(_describe(built.summary))
    click.echo(f"Stimulus set in {out}")


@stimuli.command()
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    help="The recipe, if it moved since the set was built.",
)
@click.option(
    "--predictions/--no-predictions",
    default=True,
    help="Make the predictions again (default), or check the files only.",
)
@click.option(
    "--tolerance",
    default=0.01,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How far probabilities, and margins in logits, may move.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Another set of the same recipe: at least 99.5 % must have the same labels "
    "and steps; the differences are listed.",
)
@click.option("--json", "is_json", is_flag=True, help="Print the findings as JSON.")
def check(
    folder: Path,
    *,
    recipe: Path | None,
    predictions: bool,
    tolerance: float,
    against: Path | None,
    is_json: bool,
) -> None:
    """Check that SET is still what it says; exit 1 and name what differs."""
    from stimuli.engine.checking import check_set
    from stimuli.engine.comparing import compare_sets

    checked = check_set(
        folder, recipe_path=recipe, has_predictions=predictions, tolerance=tolerance
    )
    compared = None if against is None else compare_sets(folder, against)
    if is_json:
        more = {} if compared is None else {"against": compared.to_raw()}
        click.echo(json.dumps({**vars(checked), **more}, ensure_ascii=False))
    else:
        _print_checked(checked)
        if compared is not None:
            _print_compared(compared)
    if checked.problems or (compared is not None and not compared.is_enough):
        raise click.exceptions.Exit(1)


@stimuli.command()
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The contact sheet: a .png or .html file.",
)
@click.option("--n", default=48, show_default=True, type=click.IntRange(1, 5000))
@click.option("--role", type=click.Choice(ROLES), help="Only trials of this role.")
@click.option(
    "--pairs",
    "is_pairs",
    is_flag=True,
    help="Clean and attacked images side by side, with an explanation of each.",
)
def show(folder: Path, *, out: Path, n: int, role: str | None, is_pairs: bool) -> None:
    """Write a contact sheet of SET."""
    if is_pairs:
        from stimuli.rendering.pairs import write_pairs

        if role is not None:
            raise click.UsageError("--pairs shows no trials: leave out --role")
        click.echo(f"{write_pairs(folder, out, n=n)} pairs in {out}")
        return
    from stimuli.rendering.contact_sheet import write_sheet

    n_shown = write_sheet(folder, out, n=n, role=role)
    click.echo(f"{n_shown} trials in {out}")


stimuli.add_command(observe)
stimuli.add_command(probe)
stimuli.add_command(publish)


def _print_checked(checked: CheckedSet) -> None:
    click.echo(
        f"{checked.n_stimuli} pictures, {checked.n_trials} trials, "
        f"{checked.n_predictions} predictions made again"
    )
    for note in checked.notes:
        click.echo(f"note: {note}")
    for problem in checked.problems:
        click.echo(f"differs: {problem}")
    click.echo("all is well" if not checked.problems else "the set has changed")


def _print_compared(compared: ComparedSets) -> None:
    for difference in compared.differences:
        click.echo(f"between the sets: {difference}")
    click.echo(
        f"{compared.n_stimuli} pictures in either set: {compared.n_same} of the same "
        f"bytes, {compared.n_alike} with the same labels and steps "
        f"({100 * compared.share:.2f} %, wanted 99.50 %)"
    )


def _say_early(note: str) -> None:
    click.echo(f"note: {note}", err=True)


def _describe(summary: Mapping[str, Any]) -> str:
    from stimuli.sources.listing import describe_reasons

    dataset, trials = summary["dataset"], summary["trials"]
    lines = [f"{dataset['n_images']} images, {dataset['n_unreadable']} unreadable"]
    lines += [f"  {u['source']}: {u['reason']}" for u in dataset["unreadable"]]
    # Sets of before it was counted say nothing of it.
    lines += describe_reasons(dataset.get("left_out", ()))
    for classifier in summary["classifiers"]:
        lines.append(_describe_classifier(classifier))
    counts = ", ".join(f"{n} {role}" for role, n in trials.items())
    lines.append(f"trials: {counts}")
    lines += [f"note: {note}" for note in summary["notes"]]
    lines += [f"note: {words}" for words in summary["execution"]["incidents"]]
    return "\n".join(lines)


def _describe_classifier(classifier: Mapping[str, Any]) -> str:
    said = [f"{classifier['name']}: {classifier['n_seen']} images seen"]
    for key, words in (("n_top1_wrong", "top-1"), ("n_top5_wrong", "top-5")):
        if classifier[key] is not None:
            said.append(f"{classifier[key]} wrong ({words})")
    return ", ".join(said)
