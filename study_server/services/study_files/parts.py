"""`[[design.parts]]`: what a session is made of, one part after the other.

What one part says is checked by its model; what the parts say together, and of the rest
of the file, is checked here, so that every problem is said at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from study_server.services.study_files.section_base import (
    Count,
    StudyFileSection,
    Texts,
)

PartOrder = Literal["fixed", "counterbalanced", "parity"]
MAX_PARTS: Final = 20


class PartSection(StudyFileSection):
    """One part of a session."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="what tables call the part"
    )
    n_trials: Count = Field(
        description="main trials of the part; catches and controls come on top and are "
        "spread over the parts"
    )
    conditions: Texts = Field(
        default=(),
        description="conditions that its trials are of; where no part names any, each "
        "part takes of all that the person is given. Two parts name the same "
        "conditions or none in common",
    )
    n_practice: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="practice trials of its own, with feedback, before its first trial",
    )
    feedback: bool = Field(
        default=False,
        description="whether people are told after each trial whether it was right",
    )
    instructions: str = Field(
        default="",
        description="what is read before the part (Markdown, or file = 'x.md')",
    )
    break_seconds: int = Field(
        default=0, ge=0, le=3600, description="seconds a break lasts at least"
    )
    break_text: str = Field(
        default="",
        description="what is read in the break (Markdown, or file = 'x.md')",
    )
    break_at: Literal["before", "after"] = Field(
        default="before",
        description="whether the break comes before or after the part; there is none "
        "before the first part of a session and none after the last",
    )

    @property
    def has_break(self) -> bool:
        """Whether it asks for a break."""
        return self.break_seconds > 0 or bool(self.break_text.strip())


def n_practice_of(parts: Sequence[PartSection]) -> int:
    """Practice trials of a whole session."""
    return sum(part.n_practice for part in parts)


def breaks_seconds(parts: Sequence[PartSection]) -> int:
    """Seconds that the breaks of a session last at most."""
    return sum(part.break_seconds for part in parts)


def parts_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """What the parts of a study file contradict: each other, or the rest of it.

    Args:
        raw: The whole file. Parts that cannot be read by themselves are left to the
            model that refuses them.
    """
    design = raw.get("design")
    if not isinstance(design, Mapping):
        return
    if not design.get("parts"):
        if "part_order" in design:
            yield (
                "[design] part_order: there are no parts to put in order; describe them "
                "with [[design.parts]], or leave part_order out"
            )
        return
    parts = _read(design["parts"])
    yield from _order_problems(design, parts)
    yield from _name_problems(parts)
    yield from _condition_problems(design, parts)
    yield from _count_problems(design, parts)
    yield from _page_problems(raw)


def _read(raw: object) -> list[PartSection]:
    """Those that are right by themselves."""
    parts = []
    for entry in raw if isinstance(raw, list) else ():
        try:
            parts.append(PartSection.model_validate(entry))
        except ValidationError:
            continue
    return parts


def _order_problems(
    design: Mapping[str, Any], parts: Sequence[PartSection]
) -> Iterator[str]:
    order = design.get("part_order", "fixed")
    if order in ("counterbalanced", "parity") and len(design["parts"]) == 1:
        yield (
            f"[design] part_order: {order!r} needs two parts or more, got 1: there is "
            "only one order of it; use 'fixed'"
        )
    if len(design["parts"]) > MAX_PARTS:
        yield (
            f"[design.parts]: expected at most {MAX_PARTS}, got {len(design['parts'])}; "
            "give one part more trials instead"
        )


def _name_problems(parts: Sequence[PartSection]) -> Iterator[str]:
    for name, n in Counter(part.name for part in parts).items():
        if n > 1:
            yield f"[design.parts] name: {n} parts are called {name!r}; names must differ"


def _condition_problems(
    design: Mapping[str, Any], parts: Sequence[PartSection]
) -> Iterator[str]:
    named = [part for part in parts if part.conditions]
    if named and len(named) < len(parts):
        without = ", ".join(part.name for part in parts if not part.conditions)
        yield (
            f"[design.parts] conditions: {without} names none while other parts do; "
            "name the conditions of every part, or of none"
        )
    if named and design.get("conditions", "between") == "between":
        yield (
            "[design] conditions: the parts name conditions, so that one person meets "
            "several, but 'between' keeps a person in one; use 'within' (every item is "
            "there under all conditions) or 'by-image'"
        )
    for one, other in combinations(named, 2):
        mine, theirs = set(one.conditions), set(other.conditions)
        if mine & theirs and mine != theirs:
            yield (
                f"[design.parts] conditions: {one.name} and {other.name} share "
                f"{', '.join(sorted(mine & theirs))} and differ in others; two parts "
                "name the same conditions, or none in common"
            )
    yield from _level_problems(design, named)


def _level_problems(
    design: Mapping[str, Any], named: Sequence[PartSection]
) -> Iterator[str]:
    levels = design.get("levels") or ()
    for part in named:
        if len(set(part.conditions)) < len(part.conditions):
            yield f"[design.parts] conditions: {part.name} names one twice"
        lacking = [name for name in part.conditions if levels and name not in levels]
        if lacking:
            yield (
                f"[design.parts] conditions: {part.name} names {', '.join(lacking)}, "
                f"which [design] levels leaves out ({', '.join(map(str, levels))})"
            )


def _count_problems(
    design: Mapping[str, Any], parts: Sequence[PartSection]
) -> Iterator[str]:
    n_trials = sum(part.n_trials for part in parts)
    per_block = design.get("trials_per_block", 20)
    if type(per_block) is int and n_trials > per_block:
        yield (
            f"[design.parts] n_trials: the parts have {n_trials} main trials together, "
            f"more than trials_per_block ({per_block}), which also holds catches and "
            "controls"
        )
    if "n_practice" in design:
        yield (
            "[design] n_practice: with parts, each says its own n_practice; leave this "
            "one out"
        )


def _page_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    recruiters = raw.get("recruiter")
    for name, section in recruiters.items() if isinstance(recruiters, Mapping) else ():
        if isinstance(section, Mapping) and section.get("delivery") == "html":
            yield (
                f"[recruiter.{name}] delivery: 'html' is one page that the market keeps, "
                "which has no parts and no breaks that survive a reload; use "
                "delivery = 'external', or leave [[design.parts]] out"
            )
