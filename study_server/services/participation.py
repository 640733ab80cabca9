"""A participant's way, step by step, from consent to handoff.

Steps sent twice or out of order change nothing: pages simply show the current
step again.
"""

from __future__ import annotations

from collections.abc import Mapping

from study_server.services import Services
from study_server.services.steps import Step


def current_step(services: Services, token: str) -> Step:
    """Where the participant stands.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
    """
    raise NotImplementedError


def submit_consent(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Agree (`agree` = "yes"); hash, version and time of the text are kept.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If the box is not ticked.
    """
    raise NotImplementedError


def submit_warning(services: Services, token: str) -> None:
    """Go on after the content warning."""
    raise NotImplementedError


def submit_instructions(services: Services, token: str) -> None:
    """Go on after the instructions."""
    raise NotImplementedError


def submit_comprehension(
    services: Services, token: str, form: Mapping[str, str]
) -> None:
    """One try at the questions; after the last the place is given back.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a question is left out (that is no try).
    """
    raise NotImplementedError


def submit_survey(services: Services, token: str, form: Mapping[str, str]) -> None:
    """Keep what was filled in; every question may be left out.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        FormError: If a choice is none of those offered, or a text is too long.
    """
    raise NotImplementedError


def submit_debriefing(services: Services, token: str) -> None:
    """Go on to the handoff."""
    raise NotImplementedError


def withdraw(services: Services, token: str) -> None:
    """Withdraw, at any time: responses are kept but never count, the place is free."""
    raise NotImplementedError


def take_another_block(services: Services, token: str) -> None:
    """One more block after a completed one.

    Raises:
        UnknownTokenError: If the address belongs to nobody.
        NotOpenError: If the study is closed.
        StudyFullError: If no block is left for this person, or they have done as
            many as the study allows.
    """
    raise NotImplementedError
