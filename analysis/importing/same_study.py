"""Whether files belong to one study, and what its questions are called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from analysis.bundles.frames import Problems
from analysis.importing.base import ImportOptions, RawResponses
from analysis.importing.hits.assignments import ANSWER

FIELDS = "fields"


def check_same_study(found: Sequence[RawResponses], *, problems: Problems) -> None:
    """Note files whose columns, titles or answers are those of another study.

    Files that hold only what somebody filled in differ in their fields; they share
    one at least with the others.
    """
    filled = [raw for raw in found if not raw.is_void]
    for raw in filled[1:]:
        first = filled[0]
        if raw.is_part:
            others = {f for each in filled if each is not raw for f in _fields(each)}
            is_same = not others.isdisjoint(_fields(raw))
        else:
            is_same = raw.identity == first.identity
        if not is_same:
            problems.add(
                f"{raw.file} is of another study than {first.file}: their columns, "
                "titles or answers differ"
            )


def joint_identity(found: Sequence[RawResponses]) -> dict[str, object]:
    """What every file shares; of files that hold parts, all their fields."""
    identity = dict(found[0].identity)
    if any(raw.is_part for raw in found):
        identity[FIELDS] = sorted({name for raw in found for name in _fields(raw)})
    return identity


def differences(
    before: Mapping[str, object], now: Mapping[str, object], *, is_part: bool
) -> list[str]:
    """Where further files contradict those of an imported study, in words.

    Args:
        before: The identity of the study.
        now: That of the further files.
        is_part: Whether they may lack some of its fields.
    """
    return [
        f"{key} {before.get(key)!r} before, {now.get(key)!r} now"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
        and not (is_part and key == FIELDS and _names(now) <= _names(before))
    ]


def with_questions(
    found: Sequence[RawResponses], options: ImportOptions, *, fields: Collection[str]
) -> list[RawResponses]:
    """Questions by the names that files give them, where there are several in all.

    Args:
        found: Every file.
        options: What they mean.
        fields: Fields of the study's earlier files.
    """
    if len(_questions(found, options, fields)) > 1:
        return list(found)
    return [
        replace(raw, frame=raw.frame.assign(question="")) if raw.questions else raw
        for raw in found
    ]


def with_question(
    found: Sequence[RawResponses], options: ImportOptions, *, fields: Collection[str]
) -> ImportOptions:
    """The only question by the name that the files give it, where nothing else is said.

    Args:
        found: Every file.
        options: What they mean.
        fields: Fields of the study's earlier files.
    """
    names = _questions(found, options, fields)
    if options.question or len(names) != 1:
        return options
    return replace(options, question=next(iter(names)))


def _questions(
    found: Sequence[RawResponses], options: ImportOptions, fields: Collection[str]
) -> set[str]:
    mapped = set(options.columns.values())
    names = {question for raw in found for question in raw.questions}
    return names | {
        field.removeprefix(ANSWER)
        for field in fields
        if field.startswith(ANSWER) and field not in mapped
    }


def refuse_absent(found: Sequence[RawResponses], *, problems: Problems) -> None:
    """A column that no file has is a slip, whatever its files may leave out."""
    if not found:
        return
    lacking = [set(raw.absent) for raw in found]
    for name in sorted(set.intersection(*lacking)):
        there = sorted({field for raw in found for field in _fields(raw)})
        problems.add(
            f"column {name!r} is in no file; answers there are: {', '.join(there)}"
        )


def _fields(raw: RawResponses) -> set[str]:
    return _names(raw.identity)


def _names(identity: Mapping[str, object]) -> set[str]:
    found = identity.get(FIELDS)
    return set(map(str, found)) if isinstance(found, list) else set()
