"""`study init` and `study preview`: before there is a study, and before people."""

from __future__ import annotations

from pathlib import Path

import click

from hit_templates.base import find_paradigms
from study_server.cli._asking import LateChoice, name_argument, require_terminal
from study_server.cli._here import note_if_not_served, services_here
from study_server.cli._output import json_option, say
from study_server.recruiters.registry import find_starters
from study_server.services.quality.previews import N_TRIALS, end_previews
from study_server.services.studies.life import get_study
from study_server.services.study_files.fitting_recipes import (
    kinds_of_recipes,
    usual_paradigm,
)
from study_server.services.study_files.init import (
    DEMO_CLASSIFIER,
    ReplicationWishes,
    StudyWishes,
    find_replications,
    require_room,
    write_replication,
    write_study_files,
)
from study_server.web.dashboard.preview_links import LIFETIME_DAYS, preview_url


@click.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@click.option("--images", type=click.Path(path_type=Path), help="Image folder.")
@click.option(
    "--classifier",
    help="A torchvision name (squeezenet1_1), your own file.py:function, or demo.",
)
@click.option("--weights", help="A file, or a torchvision weights name.")
@click.option("--paradigm", type=LateChoice(find_paradigms))
@click.option(
    "--recipe",
    type=LateChoice(kinds_of_recipes),
    help="What makes the images, if it fits the paradigm; the usual one where left out.",
)
@click.option("--recruiter", type=LateChoice(find_starters))
@click.option("--completion-code", help="Of the site that sends people.")
@click.option("--name", help="The study's name.")
@click.option("--title", help="The title people read.")
@click.option(
    "--like",
    type=click.Choice(find_replications()),
    help="A published study, whose settings are taken; name the images.",
)
@click.option("--ethics-body", help="With --like: who approved the study.")
@click.option("--protocol-number", help="With --like: the approval's number.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@json_option
def init(
    folder: Path,
    like: str | None,
    force: bool,
    as_json: bool,
    **given: str | Path | None,
) -> None:
    """Write recipe.toml and study.toml.

    Into FOLDER; asks for what is not given. With --like both say what a published
    study did, as far as it says.
    """
    require_room(folder, force=force)
    if like is None:
        written = write_study_files(folder, _ask(given), replace=force)
    else:
        written = write_replication(like, folder, _open_wishes(given), force=force)
    say(
        written,
        as_json=as_json,
        text="\n".join(
            [
                *(f"wrote {path}" for path in written),
                f"next: secondlook stimuli build {written[0]} --out {folder / 'set'}",
            ]
        ),
    )


@click.command()
@name_argument
@click.option("--n", default=N_TRIALS, show_default=True, type=click.IntRange(1, 100))
@click.option("--open", "is_opened", is_flag=True, help="Open it in a browser.")
@click.option(
    "--days",
    default=LIFETIME_DAYS,
    show_default=True,
    type=click.IntRange(1, 365),
    help="How long the link leads there.",
)
@click.option("--end", "is_ended", is_flag=True, help="End every link made before.")
@json_option
def preview(
    name: str, n: int, is_opened: bool, days: int, is_ended: bool, as_json: bool
) -> None:
    """Make a link to a few trials.

    As participants see them, while the server runs; nothing is stored. The link ends
    by itself; with --end those made before end now.
    """
    with services_here("change" if is_ended else "read") as services:
        record = get_study(services, name)
        if is_ended:
            end_previews(services, record.name)
        url = preview_url(services, record.name, n_trials=n, days=days)
        note_if_not_served()
    say(
        {"url": url},
        as_json=as_json,
        text=f"{url}\n(while `secondlook server start` runs; nothing is stored)",
    )
    if is_opened:
        click.launch(url)


COMMANDS = (init, preview)


def _open_wishes(given: dict[str, str | Path | None]) -> ReplicationWishes:
    """What a published study leaves open; only the images must be said."""
    if any(given[name] is not None for name in ("paradigm", "recipe", "title")):
        raise click.UsageError(
            "--like says paradigm, recipe and title itself; leave them out"
        )
    require_terminal([] if given["images"] else ["--images"])
    images = given["images"] or click.prompt(
        "Image folder (ImageNet's, a folder per WordNet id)", type=Path
    )
    classifier = given["classifier"]
    return ReplicationWishes(
        images=Path(str(images)),
        classifiers=() if classifier is None else (str(classifier),),
        weights=_text(given["weights"]),
        recruiter=_text(given["recruiter"]) or ReplicationWishes.recruiter,
        completion_code=_text(given["completion_code"]),
        name=_text(given["name"]),
        ethics_body=_text(given["ethics_body"]) or "",
        protocol_number=_text(given["protocol_number"]) or "",
    )


def _missing(given: dict[str, str | Path | None]) -> list[str]:
    """The options that would have to be asked for."""
    names = ["images", "classifier", "paradigm", "recruiter"]
    missing = [f"--{name}" for name in names if given[name] is None]
    if given["weights"] is None and _needs_weights(given["classifier"]):
        missing.append("--weights (a file, or a torchvision name: IMAGENET1K_V1)")
    if given["completion_code"] is None and _needs_code(given["recruiter"]):
        missing.append("--completion-code")
    return missing


def _needs_weights(classifier: object) -> bool:
    """Whether a classifier brings none of its own."""
    return classifier not in (None, DEMO_CLASSIFIER) and ".py:" not in str(classifier)


def _needs_code(recruiter: object) -> bool:
    starter = find_starters().get(str(recruiter))
    return starter is not None and starter.needs_code


def _ask(given: dict[str, str | Path | None]) -> StudyWishes:
    """Options given, the rest asked for."""
    require_terminal(_missing(given))
    images = given["images"] or click.prompt(
        "Image folder (a folder per class, or with labels.csv)", type=Path
    )
    classifier = given["classifier"] or click.prompt(
        "Classifier (torchvision name, or your file.py:function)"
    )
    weights = given["weights"]
    if weights is None and _needs_weights(classifier):
        weights = click.prompt("Weights (file or name)", default="IMAGENET1K_V1")
    paradigm = given["paradigm"] or click.prompt(
        "Paradigm", type=LateChoice(find_paradigms), default=usual_paradigm()
    )
    recruiter = given["recruiter"] or click.prompt(
        "Recruiter", type=LateChoice(find_starters), default=next(iter(find_starters()))
    )
    code = given["completion_code"]
    if code is None and _needs_code(recruiter):
        code = click.prompt("Completion code from the market's site")
    return StudyWishes(
        images=Path(str(images)),
        classifier=str(classifier),
        weights=None if weights is None else str(weights),
        paradigm=str(paradigm),
        recipe=_text(given["recipe"]),
        recruiter=str(recruiter),
        completion_code=None if code is None else str(code),
        name=_text(given["name"]),
        title=_text(given["title"]),
    )


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)
