"""QualificationRequirements: checked when given, held against workers later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from study_server.database.engine import Transaction
from study_server.marketplace.errors import (
    RequestError,
    does_not_exist,
    wrong_state,
)
from study_server.marketplace.store import qualifications
from study_server.marketplace.store.tables import HitType, Worker
from study_server.marketplace.system_qualifications import (
    LOCALE,
    QualificationValue,
    is_system_type,
    plain_name,
    system_value,
)

MAX_REQUIREMENTS: Final = 10
_MAX_INTEGERS: Final = 15
_MAX_LOCALES: Final = 30
_PRESENCE: Final = ("Exists", "DoesNotExist")
_SETS: Final = ("In", "NotIn")
_ACTIONS: Final = ("Discover", "Preview", "Accept")
_GUARDS: Final = {
    "Accept": ("Accept",),
    "PreviewAndAccept": ("Preview", "Accept"),
    "DiscoverPreviewAndAccept": _ACTIONS,
}

Requirement = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class HitAccess:
    """What a worker may do with HITs of a type.

    Attributes:
        may_discover: See them in lists.
        may_preview: Look at them.
        may_accept: Take them.
        unmet: Requirements that are not met, in words.
    """

    may_discover: bool
    may_preview: bool
    may_accept: bool
    unmet: tuple[str, ...]


def check_requirements(tx: Transaction, requirements: Sequence[Requirement]) -> None:
    """Refuse requirements that could not be held against anybody.

    Raises:
        RequestError: On the first that cannot be used.
    """
    if len(requirements) > MAX_REQUIREMENTS:
        raise _invalid(
            f"at most {MAX_REQUIREMENTS} QualificationRequirements are allowed, got "
            f"{len(requirements)}",
            rule="ten-requirements",
        )
    for requirement in requirements:
        type_id = requirement["QualificationTypeId"]
        kind = qualifications.find_type(tx, type_id)
        if kind is None:
            raise does_not_exist(
                "QualificationType", type_id, rule="qualification-type"
            )
        if kind.status != "Active":
            raise wrong_state(
                "QualificationType", kind.status, allowed="Active", rule="type-active"
            )
        _check_values(requirement)


def access_of(tx: Transaction, hit_type: HitType, worker: Worker | None) -> HitAccess:
    """What a worker may do with HITs of a type; None is somebody not signed in."""
    values = _values_of(tx, worker)
    guarded: set[str] = set()
    unmet = []
    for requirement in hit_type.requirements:
        if worker is None or not _is_met(requirement, worker, values):
            guarded |= set(_guards(requirement))
            unmet.append(_in_words(tx, requirement))
    return HitAccess(
        may_discover="Discover" not in guarded,
        may_preview="Preview" not in guarded,
        may_accept="Accept" not in guarded,
        unmet=tuple(unmet),
    )


def in_words(tx: Transaction, requirements: Iterable[Requirement]) -> list[str]:
    """Requirements as people read them."""
    return [_in_words(tx, requirement) for requirement in requirements]


def _values_of(tx: Transaction, worker: Worker | None) -> dict[str, QualificationValue]:
    if worker is None:
        return {}
    return {
        grant.kind.public_id: QualificationValue(number=grant.value)
        for grant in qualifications.grants_of(tx, worker.id)
    }


def _is_met(
    requirement: Requirement, worker: Worker, values: Mapping[str, QualificationValue]
) -> bool:
    type_id = requirement["QualificationTypeId"]
    if is_system_type(type_id):
        value = system_value(type_id, worker)
    else:
        value = values.get(type_id)
    comparator: str = requirement["Comparator"]
    if comparator in _PRESENCE:
        return (value is not None) == (comparator == "Exists")
    if value is None:
        # Whoever lacks a Qualification meets no comparison with it.
        return False
    if locales := requirement.get("LocaleValues"):
        is_in = any(_is_there(value, locale) for locale in locales)
        return is_in == (comparator in ("EqualTo", "In"))
    if value.number is None:
        return False
    return _compare(value.number, comparator, requirement.get("IntegerValues", []))


def _compare(number: int, comparator: str, wanted: Sequence[int]) -> bool:
    if comparator in _SETS:
        return (number in wanted) == (comparator == "In")
    other = wanted[0]
    return {
        "LessThan": number < other,
        "LessThanOrEqualTo": number <= other,
        "GreaterThan": number > other,
        "GreaterThanOrEqualTo": number >= other,
        "EqualTo": number == other,
        "NotEqualTo": number != other,
    }[comparator]


def _is_there(value: QualificationValue, locale: Mapping[str, str]) -> bool:
    if value.country != locale["Country"]:
        return False
    subdivision = locale.get("Subdivision")
    return subdivision is None or subdivision == value.subdivision


def _guards(requirement: Requirement) -> tuple[str, ...]:
    if actions := requirement.get("ActionsGuarded"):
        return _GUARDS[actions]
    return _GUARDS[
        "PreviewAndAccept" if requirement.get("RequiredToPreview") else "Accept"
    ]


def _check_values(requirement: Requirement) -> None:
    comparator = requirement["Comparator"]
    integers = requirement.get("IntegerValues", [])
    locales = requirement.get("LocaleValues", [])
    name = requirement["QualificationTypeId"]
    if comparator in _PRESENCE:
        if integers or locales:
            raise _invalid(
                f"{name}: {comparator} takes no values", rule="presence-without-values"
            )
        return
    if (name == LOCALE) != bool(locales) or bool(integers) == bool(locales):
        wanted = "LocaleValues" if name == LOCALE else "IntegerValues"
        raise _invalid(
            f"{name}: {comparator} needs {wanted}, and nothing else",
            rule="integers-or-locales",
        )
    if locales and comparator not in ("EqualTo", "NotEqualTo", *_SETS):
        raise _invalid(
            f"{name}: {comparator} cannot compare locales", rule="locale-comparators"
        )
    _check_number(name, comparator, len(integers), len(locales))


def _check_number(name: str, comparator: str, n_integers: int, n_locales: int) -> None:
    is_set = comparator in _SETS
    if n_integers > (_MAX_INTEGERS if is_set else 1):
        raise _invalid(
            f"{name}: {comparator} takes {f'up to {_MAX_INTEGERS}' if is_set else 'one'}"
            f" of IntegerValues, got {n_integers}",
            rule="values-in-a-set",
        )
    if n_locales > (_MAX_LOCALES if is_set else 1):
        raise _invalid(
            f"{name}: {comparator} takes {f'up to {_MAX_LOCALES}' if is_set else 'one'}"
            f" of LocaleValues, got {n_locales}",
            rule="places-in-a-set",
        )


_WORDS: Final = {
    "LessThan": "less than",
    "LessThanOrEqualTo": "at most",
    "GreaterThan": "more than",
    "GreaterThanOrEqualTo": "at least",
    "EqualTo": "is",
    "NotEqualTo": "is not",
    "In": "one of",
    "NotIn": "none of",
    "Exists": "is granted",
    "DoesNotExist": "is not granted",
}


def _in_words(tx: Transaction, requirement: Requirement) -> str:
    type_id = requirement["QualificationTypeId"]
    kind = qualifications.find_type(tx, type_id)
    name = plain_name(type_id) or (kind.name if kind else type_id)
    places = [
        "-".join(filter(None, (entry["Country"], entry.get("Subdivision"))))
        for entry in requirement.get("LocaleValues", [])
    ]
    values = [str(value) for value in requirement.get("IntegerValues", [])] + places
    words = [name, _WORDS[requirement["Comparator"]], ", ".join(values)]
    return " ".join(filter(None, words))


def _invalid(why: str, *, rule: str) -> RequestError:
    return RequestError(
        "ParameterValidationError", f"QualificationRequirements: {why}", rule=rule
    )
