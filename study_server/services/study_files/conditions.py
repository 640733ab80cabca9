"""Whether a set's trials can be asked under the conditions a study names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hit_templates.base import Paradigm, judged_sources
from stimuli.manifest import Trial
from study_server.services.study_files.sections import DesignSection

# What tables and files of results call all conditions together.
TOTAL: Final = "all"


def asked_trials(trials: Sequence[Trial], design: DesignSection) -> tuple[Trial, ...]:
    """The trials of the levels a study names; all where it names none.

    Trials without a condition stay: they belong to every level.
    """
    if not design.levels:
        return tuple(trials)
    kept = {"", *design.levels}
    return tuple(trial for trial in trials if trial.condition in kept)


def asked_controls(
    written: Mapping[str, Any], trials: Sequence[Trial]
) -> dict[str, Any]:
    """Counts per block of those catches and controls that some trial is left of."""
    there = {trial.control for trial in trials}
    return {name: n for name, n in written.items() if name in there or not n}


def condition_problems(
    trials: Sequence[Trial],
    design: DesignSection,
    *,
    paradigm: Paradigm,
    source_of: Mapping[str, str],
) -> Iterator[str]:
    """What the set lacks for the study's conditions, in words.

    Args:
        trials: All of the set.
        design: What the study file says.
        paradigm: States which images count as seen.
        source_of: Stimulus id to the SHA-256 of its source image.
    """
    main = [trial for trial in trials if trial.role == "main"]
    there = sorted({trial.condition for trial in main if trial.condition})
    if TOTAL in there:
        yield (
            f"the set has a condition called {TOTAL!r}, which every table calls all "
            "conditions together; build it with another name"
        )
    lacking = [name for name in design.levels if name not in there]
    if lacking:
        yield (
            f"[design] levels: the set has no main trials of {', '.join(lacking)}; it "
            f"has {', '.join(there) or 'no conditions'}. Build a set with them, or name "
            "only what it has"
        )
        return
    asked = asked_trials(main, design)
    judged = {t.id: judged_sources(paradigm, t, source_of=source_of) for t in asked}
    if design.conditions != "between":
        yield from _crossing_problems(asked, design, judged=judged)
    if not design.allow_same_source:
        yield from _exhibit_problems(
            asked, paradigm=paradigm, judged=judged, source_of=source_of
        )


def _crossing_problems(
    main: Sequence[Trial],
    design: DesignSection,
    *,
    judged: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    there = sorted({trial.condition for trial in main})
    if len(there) < 2:
        yield (
            f"[design] conditions: {design.conditions!r} needs trials of several "
            f"conditions, the set has {', '.join(there) or 'one'}; use 'between'"
        )
        return
    if design.conditions != "within":
        return
    items: dict[object, Counter[str]] = defaultdict(Counter)
    for trial in main:
        key = (trial.classes, tuple(sorted(judged[trial.id])))
        items[key][trial.condition] += 1
    n_partial = sum(len({counts[c] for c in there}) > 1 for counts in items.values())
    if n_partial:
        yield (
            f"[design] conditions: 'within' takes every item through all "
            f"{len(there)} conditions, but {n_partial} of {len(items)} items lack "
            "one; build the set anew, or use 'between'"
        )


def _exhibit_problems(
    main: Sequence[Trial],
    *,
    paradigm: Paradigm,
    judged: Mapping[str, tuple[str, ...]],
    source_of: Mapping[str, str],
) -> Iterator[str]:
    """A target that was an example before is no news to whoever saw it."""
    shown = {
        source_of[stimulus]: trial.id
        for trial in main
        for slot, stimulus in trial.slots.items()
        if slot in paradigm.exhibits and stimulus in source_of
    }
    for trial in main:
        for source in judged[trial.id]:
            if source in shown:
                yield (
                    f"trial {trial.id}: its target is also an image of a group in "
                    f"trial {shown[source]}; build the set anew, or allow it with "
                    "[design] allow_same_source = true"
                )
