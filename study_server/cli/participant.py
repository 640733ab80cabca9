"""Erase a participant, let them go on elsewhere, or accept held work."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click

from stimuli.files.text import read_json
from study_server.cli._asking import must_confirm
from study_server.cli._here import services_here
from study_server.cli._output import json_option, say
from study_server.services import Services
from study_server.services.participation.browser_binding import (
    release as release_visits,
)
from study_server.services.participation.erasure import (
    erase_participant,
    find_participant,
    get_participant,
)
from study_server.services.participation.held_work import accept as accept_work
from study_server.services.participation.receipts import Responses, check_receipt


@click.group()
def participant() -> None:
    """Erase a participant, let them go on elsewhere, or accept held work."""


@participant.command()
@click.argument("participant_id", required=False)
@click.option(
    "--recruiter", help="With --external-id: who names people so, for example prolific."
)
@click.option("--external-id", help="The person as the recruiter names them.")
@click.option(
    "--responses",
    type=click.Choice(get_args(Responses)),
    default="keep",
    show_default=True,
    help="Keep responses without a name, or delete them.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(
    participant_id: str | None,
    recruiter: str | None,
    external_id: str | None,
    responses: Responses,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase who PARTICIPANT_ID is, and their responses if asked; prints a receipt.

    PARTICIPANT_ID is the random id that a bundle's sessions show, or the beginning of
    it that the dashboard and the report show. Bundles and backups made earlier are not
    reached.
    """
    _must_name_once(participant_id, recruiter, external_id)
    with services_here() as services:
        participant_id = _participant(services, participant_id, recruiter, external_id)
        if not yes:
            must_confirm(
                f"Erase participant {participant_id} and {responses} their responses? "
                "This cannot be undone"
            )
        receipt = erase_participant(services, participant_id, responses=responses)
    found = asdict(receipt)
    say(
        found,
        as_json=as_json,
        text="\n".join(f"{name:24} {value}" for name, value in found.items()),
    )


@participant.command(name="check-receipt")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
@json_option
def check_receipt_(context: click.Context, file: Path, as_json: bool) -> None:
    """Say whether FILE, a receipt that `erase --json` printed, is genuine.

    Exit code 1 where it is not.
    """
    shown = read_json(file)
    with services_here("read") as services:
        found = check_receipt(services, shown if isinstance(shown, dict) else {})
    where = "recorded in this database" if found.is_recorded else "not recorded here"
    is_ours = found.is_genuine or found.is_recorded
    text = f"genuine, {where}" if is_ours else "not a receipt of this server"
    say(found, as_json=as_json, text=text)
    context.exit(0 if is_ours else 1)


@participant.command()
@click.argument("participant_id", required=False)
@click.option(
    "--recruiter", help="With --external-id: who names people so, for example prolific."
)
@click.option("--external-id", help="The person as the recruiter names them.")
@click.option("--study", help="Only in this study; in every one where left out.")
@json_option
def release(
    participant_id: str | None,
    recruiter: str | None,
    external_id: str | None,
    study: str | None,
    as_json: bool,
) -> None:
    """Let a person go on in another browser than the one they began in.

    The next visit under their id takes over, once; pages that are still open under
    the old address lead nowhere from then on. Make sure who is asking: an id alone is
    no proof.
    """
    _must_name_once(participant_id, recruiter, external_id)
    with services_here() as services:
        named = _participant(services, participant_id, recruiter, external_id)
        n_studies = release_visits(services, named, study=study)
    say(
        {"participant": named, "n_studies": n_studies},
        as_json=as_json,
        text=f"{named}: the next visit under their id goes on ({n_studies} studies)",
    )


@participant.command()
@click.argument("participant_id")
@click.option("--study", required=True, help="The study in which work is held.")
@json_option
def accept(participant_id: str, study: str, as_json: bool) -> None:
    """Decide that work which is held for you was work: it is paid like any other.

    `secondlook study show NAME` and the dashboard list what is held, and what the
    server's own records say of images that are said to have failed. Whether it counts
    in the analysis is for the quality rules, as ever.
    """
    with services_here() as services:
        participant_id = get_participant(services, participant_id)
        n_sessions = accept_work(services, study, participant=participant_id)
    say(
        {"participant": participant_id, "study": study, "n_sessions": n_sessions},
        as_json=as_json,
        text=f"{participant_id}: accepted ({n_sessions} sessions of {study})",
    )


def _participant(
    services: Services,
    participant_id: str | None,
    recruiter: str | None,
    external_id: str | None,
) -> str:
    """Our random id of whoever was named, one way or the other."""
    if participant_id is not None:
        return get_participant(services, participant_id)
    return find_participant(services, str(recruiter), external_id=str(external_id))


def _must_name_once(
    participant_id: str | None, recruiter: str | None, external_id: str | None
) -> None:
    is_external = recruiter is not None and external_id is not None
    if (participant_id is not None) == is_external:
        raise click.UsageError(
            "give PARTICIPANT_ID, or --recruiter and --external-id together"
        )
