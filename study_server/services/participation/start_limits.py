"""Places held by people who have not agreed yet: for minutes, and never all of them.

Opening a link and pressing its button costs nothing, so neither one address nor one
link may hold every place that way. Who has agreed no longer counts.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from study_server.services import Services
from study_server.services.participation.new_sessions import wanted_block
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks
from study_server.store.participation import sessions
from study_server.store.tables import Recruitment, Study

# A home or an office has so many bits of its own in the newer addresses.
_IPV6_PREFIX = 64


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """Somebody at a link who is about to get a place.

    Attributes:
        study: The study.
        recruitment: The link.
        origin: From `origin_of`; None where it does not count.
    """

    study: Study
    recruitment: Recruitment
    origin: str | None


def origin_of(services: Services, address: str | None) -> str | None:
    """What stands for an internet address; None where any number may start.

    A keyed hash, so that the address cannot be found out from the database.
    """
    if address is None:
        return None
    try:
        known = ip_address(address)
    except ValueError:
        return None
    if isinstance(known, IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    if any(known in network for network in services.settings.lab_networks):
        return None
    text = str(known)
    if isinstance(known, IPv6Address):
        text = str(ip_network(f"{known}/{_IPV6_PREFIX}", strict=False))
    key = f"origin/{services.settings.secret_key}".encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def are_too_many(tx: Transaction, arrival: Arrival, *, now: datetime) -> bool:
    """Whether too many places are held already from there, or by the link."""
    study, recruitment = arrival.study, arrival.recruitment
    design = StudyFile.model_validate(study.settings).design
    n_by_link = sessions.count_holds(
        tx, study.id, now=now, recruitment_id=recruitment.id
    )
    if n_by_link >= design.holds_per_link:
        return True
    if arrival.origin is None:
        return False
    environment = recruitment.environment
    n_held = sessions.count_holds(
        tx, study.id, now=now, environment=environment, origin=arrival.origin
    )
    wanted = wanted_block(study, environment=environment, enrolment=None)
    n_places = blocks.count_places(tx, wanted, now=now) + n_held
    return n_held >= max(1, min(design.holds_per_address, n_places // 2))
