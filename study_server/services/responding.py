"""Trials out, responses in: each saved once, acknowledged when it is on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from study_server.services import Services
from study_server.services.trial_pages import BlockPage, Receipt


def load_block(services: Services, token: str) -> BlockPage:
    """The practice or main trials the participant is to do now.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        LeaseEndedError: If the session's time is over, or it has no trials to do.
    """
    raise NotImplementedError


def take_response(
    services: Services, token: str, payload: Mapping[str, Any]
) -> Receipt:
    """Save one response; when this returns it survives a crash.

    Args:
        services: The services.
        token: The enrolment's address.
        payload: `{"key", "trial", "response", "rt_ms", "events", "context"}`.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        MalformedResponseError: If it is no response, or does not fit the paradigm.
        UnknownTrialError: If the trial is not this enrolment's.
        AlreadyAnsweredError: If the trial has a response under another key.
        LeaseEndedError: If the session's time is over.
        ResponseTooLargeError: If it holds more than a response can need.
    """
    raise NotImplementedError


def media_file(services: Services, media_token: str) -> Path:
    """The PNG behind an address, its bytes checked against its hash.

    Raises:
        UnknownTokenError: If there is none.
        StimulusSetChangedError: If the file is gone or has other bytes.
    """
    raise NotImplementedError
