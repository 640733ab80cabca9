"""Erase a participant on request."""

from __future__ import annotations

from dataclasses import asdict
from typing import get_args

import click

from study_server.cli._session import json_option, say, services_here
from study_server.services.erasure import (
    Responses,
    erase_participant,
    find_participant,
)


@click.group()
def participant() -> None:
    """Erase a participant on request."""


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

    PARTICIPANT_ID is the random id that a bundle's sessions show. Bundles and
    backups made earlier are not reached.
    """
    is_external = recruiter is not None and external_id is not None
    if (participant_id is not None) == is_external:
        raise click.UsageError(
            "give PARTICIPANT_ID, or --recruiter and --external-id together"
        )
    with services_here() as services:
        if participant_id is None:
            participant_id = find_participant(
                services, str(recruiter), external_id=str(external_id)
            )
        if not yes:
            click.confirm(
                f"Erase participant {participant_id} and {responses} their responses? "
                "This cannot be undone",
                abort=True,
                err=True,
            )
        receipt = erase_participant(services, participant_id, responses=responses)
    found = {**asdict(receipt), "sha256": receipt.sha256}
    say(
        found,
        as_json=as_json,
        text="\n".join(f"{name:24} {value}" for name, value in found.items()),
    )
