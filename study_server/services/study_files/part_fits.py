"""Whether a stimulus set has what the parts of a study ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil

from stimuli.manifest import Trial
from study_server.services.study_files.parts import PartSection
from study_server.services.study_files.sections import DesignSection

# A part that gets less than this of what it asks for is worth a word.
_FULL_SHARE = 0.9


def part_problems(
    trials: Sequence[Trial], design: DesignSection, *, n_main_per_block: int
) -> Iterator[str]:
    """What the set lacks for the parts, in words; nothing where there are none.

    Args:
        trials: Those of the levels asked about.
        design: What the study file says.
        n_main_per_block: What catches and controls leave of a block.
    """
    parts = design.parts
    if not parts:
        return
    main = [trial for trial in trials if trial.role == "main"]
    n_trials = sum(part.n_trials for part in parts)
    if n_trials != n_main_per_block:
        n_checks = design.trials_per_block - n_main_per_block
        yield (
            f"[design.parts] n_trials: the parts have {n_trials} main trials together, "
            f"a block {n_main_per_block} (trials_per_block = {design.trials_per_block}, "
            f"{n_checks} of them catch and control trials of the set); set "
            f"trials_per_block = {n_trials + n_checks}, or change the parts"
        )
    yield from _condition_problems(main, parts)
    yield from _count_problems(main, parts)
    yield from _practice_problems(trials, parts)
    yield from _feedback_problems(main, parts)


def part_warnings(trials: Sequence[Trial], parts: Sequence[PartSection]) -> list[str]:
    """Parts that most people will get shorter than the study file says.

    Every trial gets its n responses: where one part's conditions have relatively fewer
    trials than another's, its trials are spread over as many people.
    """
    main = [trial for trial in trials if trial.role == "main"]
    groups = _groups(parts)
    if not all(groups):
        return []
    there = {names: len(_of(main, names)) for names in groups}
    n_blocks = max(ceil(there[names] / n) for names, n in groups.items())
    return [
        f"part {part.name} asks for {part.n_trials} main trials and gets "
        f"{there[_key(part)] / n_blocks / groups[_key(part)] * part.n_trials:.1f} per "
        f"person on average: the set has {there[_key(part)]} of its conditions, fewer "
        "for its n_trials than the other parts have for theirs"
        for part in parts
        if there[_key(part)] / n_blocks < _FULL_SHARE * groups[_key(part)]
    ]


def _key(part: PartSection) -> frozenset[str]:
    return frozenset(part.conditions)


def _groups(parts: Sequence[PartSection]) -> dict[frozenset[str], int]:
    """Conditions to the main trials that the parts of them take together."""
    found: Counter[frozenset[str]] = Counter()
    for part in parts:
        found[_key(part)] += part.n_trials
    return dict(found)


def _of(main: Sequence[Trial], names: frozenset[str]) -> list[Trial]:
    return [trial for trial in main if not names or trial.condition in names]


def _condition_problems(
    main: Sequence[Trial], parts: Sequence[PartSection]
) -> Iterator[str]:
    there = {trial.condition for trial in main}
    named = {name for part in parts for name in part.conditions}
    if not named:
        return
    known = ", ".join(sorted(there - {""})) or "no conditions"
    for part in parts:
        if lacking := sorted(set(part.conditions) - there):
            yield (
                f"[design.parts] conditions: {part.name} asks for {', '.join(lacking)}, "
                f"of which the set has no main trials; it has {known}"
            )
    if unasked := sorted(there - named - {""}):
        yield (
            f"[design.parts] conditions: no part has {', '.join(unasked)}, so that nobody "
            "would be asked about them; name them in a part, or leave them out with "
            "[design] levels"
        )
    if "" in there:
        n = sum(not trial.condition for trial in main)
        yield (
            f"[design.parts] conditions: {n} main trials of the set have no condition, "
            "so they belong to no part; build the set anew, or name no conditions"
        )


def _count_problems(
    main: Sequence[Trial], parts: Sequence[PartSection]
) -> Iterator[str]:
    for names, n_wanted in _groups(parts).items():
        called = ", ".join(part.name for part in parts if _key(part) == names)
        for of, n_there in _fewest(main, names):
            if 0 < n_there < n_wanted:
                yield (
                    f"[design.parts] n_trials: {called} takes {n_wanted} main trials"
                    f"{of}, the set has {n_there}"
                )


def _fewest(main: Sequence[Trial], names: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Main trials of a part; where it names no condition, of each by itself."""
    if names:
        yield f" of {', '.join(sorted(names))}", len(_of(main, names))
        return
    counts = Counter(trial.condition for trial in main)
    for condition in sorted(counts):
        yield f" of {condition}" if condition else "", counts[condition]


def _practice_problems(
    trials: Sequence[Trial], parts: Sequence[PartSection]
) -> Iterator[str]:
    practice = [trial for trial in trials if trial.role == "practice"]
    for names in _groups(parts):
        alike = [part for part in parts if _key(part) == names and part.n_practice]
        n_wanted = sum(part.n_practice for part in alike)
        n_there = sum(not names or t.condition in {"", *names} for t in practice)
        if n_there < n_wanted:
            yield (
                f"[design.parts] n_practice: {', '.join(p.name for p in alike)} takes "
                f"{n_wanted} practice trials, the set has {n_there} for it; ask the "
                "recipe for more, or lower n_practice"
            )


def _feedback_problems(
    main: Sequence[Trial], parts: Sequence[PartSection]
) -> Iterator[str]:
    for part in parts:
        own = _of(main, _key(part))
        if part.feedback and own and all(trial.key is None for trial in own):
            yield (
                f"[design.parts] feedback: {part.name} is to tell whether responses were "
                "right, but nobody knows of its main trials what is right; set "
                "feedback = false, and give it n_practice trials instead"
            )
