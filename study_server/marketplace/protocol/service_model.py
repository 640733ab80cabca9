"""The service model that botocore ships: it reads requests and shapes replies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.utils import parse_timestamp

from study_server.marketplace.errors import (
    InvalidInputError,
    UnknownOperationError,
)

SERVICE: Final = "mturk"
_NUMBERS: Final = {"integer": 2**31, "long": 2**63}


@cache
def service_model() -> ServiceModel:
    """Botocore's model of the requester API of 2017-01-17."""
    description = Loader().load_service_model(SERVICE, "service-2")
    return ServiceModel(description, SERVICE)


def operation_names() -> list[str]:
    """Every operation of the model, in its order."""
    return list(service_model().operation_names)


def find_operation(target: str) -> OperationModel:
    """The operation of an X-Amz-Target header.

    Raises:
        UnknownOperationError: If the model has none of that name.
    """
    prefix, _, name = target.partition(".")
    model = service_model()
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise UnknownOperationError(
            f"no operation {target!r} in the model {model.metadata['targetPrefix']}"
        )
    return model.operation_model(name)


def read_request(operation: OperationModel, body: object) -> dict[str, Any]:
    """A request's parameters, checked against the model; times are aware UTC.

    Members the model does not know are ignored, as the JSON protocol asks.

    Raises:
        InvalidInputError: Every problem at once.
    """
    problems: list[str] = []
    read = _read(operation.input_shape, body, "", problems)
    if problems:
        n = len(problems)
        raise InvalidInputError(
            f"{n} validation error{'s' * (n > 1)} detected: {'; '.join(problems)}"
        )
    return dict(read)


def write_reply(
    operation: OperationModel, reply: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A reply as JSON has it: members that are None left out, times as numbers.

    Raises:
        KeyError: If the reply holds what the model does not know.
    """
    if operation.output_shape is None or not reply:
        return {}
    return dict(_write(operation.output_shape, reply))


def _write(shape: Shape, value: Any) -> Any:  # noqa: ANN401 - JSON
    if shape.type_name == "structure":
        return {
            name: _write(shape.members[name], entry)
            for name, entry in value.items()
            if entry is not None
        }
    if shape.type_name == "list":
        return [_write(shape.member, entry) for entry in value]
    return round(value.timestamp(), 3) if isinstance(value, datetime) else value


def _read(shape: Shape, value: Any, path: str, problems: list[str]) -> Any:  # noqa: ANN401 - JSON
    reader: Callable[..., Any] = _READERS.get(shape.type_name, _read_number)
    return reader(shape, value, path, problems)


def _read_structure(
    shape: Shape, value: object, path: str, problems: list[str]
) -> dict[str, Any]:
    if not isinstance(value, dict):
        problems.append(_wrong_type(value, path, "a structure"))
        return {}
    given = {k: v for k, v in value.items() if k in shape.members and v is not None}
    problems += [
        f"Value null at '{_join(path, name)}' failed to satisfy constraint: "
        "Member must not be null"
        for name in shape.required_members
        if name not in given
    ]
    return {
        name: _read(shape.members[name], entry, _join(path, name), problems)
        for name, entry in given.items()
    }


def _read_list(shape: Shape, value: object, path: str, problems: list[str]) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, list):
        problems.append(_wrong_type(value, path, "a list"))
        return []
    return [
        _read(shape.member, entry, f"{path}.{index}.member", problems)
        for index, entry in enumerate(value, start=1)
    ]


def _read_string(shape: Shape, value: object, path: str, problems: list[str]) -> str:
    if not isinstance(value, str):
        problems.append(_wrong_type(value, path, "a string"))
        return ""
    rules = shape.metadata
    shown = value if len(value) <= 80 else value[:80] + "..."
    start = f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must "
    if len(value) < rules.get("min", 0):
        problems.append(f"{start}have length greater than or equal to {rules['min']}")
    if len(value) > rules.get("max", len(value)):
        problems.append(f"{start}have length less than or equal to {rules['max']}")
    if "pattern" in rules and not re.search(rules["pattern"], value):
        problems.append(
            f"{start}satisfy regular expression pattern: {rules['pattern']}"
        )
    if shape.enum and value not in shape.enum:
        problems.append(f"{start}satisfy enum value set: [{', '.join(shape.enum)}]")
    return value


def _read_boolean(shape: Shape, value: object, path: str, problems: list[str]) -> bool:
    if not isinstance(value, bool):
        problems.append(_wrong_type(value, path, "true or false"))
        return False
    return value


def _read_number(shape: Shape, value: object, path: str, problems: list[str]) -> int:
    limit = _NUMBERS[shape.type_name]
    if isinstance(value, bool) or not isinstance(value, int):
        problems.append(_wrong_type(value, path, "a whole number"))
        return 0
    rules = shape.metadata
    start = f"Value '{value}' at '{path}' failed to satisfy constraint: Member must "
    if value < rules.get("min", -limit):
        problems.append(
            f"{start}have value greater than or equal to {rules.get('min', -limit)}"
        )
    if value > rules.get("max", limit - 1):
        problems.append(
            f"{start}have value less than or equal to {rules.get('max', limit - 1)}"
        )
    return value


def _read_timestamp(
    shape: Shape, value: object, path: str, problems: list[str]
) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or isinstance(value, str):
        try:
            found = parse_timestamp(value)
            zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
            return zoned.astimezone(UTC)  # type: ignore[no-any-return] # botocore is untyped
        except (ValueError, OverflowError, RuntimeError, BotoCoreError):
            problems.append(_wrong_type(value, path, "a time"))
            return epoch
    problems.append(_wrong_type(value, path, "a time in seconds since 1970"))
    return epoch


def _wrong_type(value: object, path: str, expected: str) -> str:
    kind = type(value).__name__
    return f"Value at '{path or 'request'}' must be {expected}, got {kind}"


def _join(path: str, name: str) -> str:
    """Members as the service names them in messages: `requesterFeedback`."""
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


_READERS: Final[Mapping[str, Callable[..., Any]]] = {
    "structure": _read_structure,
    "list": _read_list,
    "string": _read_string,
    "boolean": _read_boolean,
    "timestamp": _read_timestamp,
}
