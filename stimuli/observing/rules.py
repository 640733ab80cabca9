"""What a network's outputs say, turned into a response by the rule of the trial.

Source: Geirhos et al., "ImageNet-trained CNNs are biased towards texture", ICLR 2019
(mean of the outputs of each of 16 classes); Stock and Cisse, ECCV 2018 (its own first
class, or five); Muttenthaler and others, ICLR 2023 (the odd one of three by features).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stimuli.errors import StimuliError

Probabilities = NDArray[np.float64]

YES: Final = "yes"
NO: Final = "no"
NEAREST: Final = "nearest-group"
ODD_ONE: Final = "odd-one"
# They compare features of several pictures.
COMPARING: Final = (NEAREST, ODD_ONE)


class ObservingError(StimuliError):
    """An observer, or what a set says of observers, that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class ResponseRule:
    """How a response follows from what a classifier gives.

    Attributes:
        name: One of `RULES`, "nearest-group" or "odd-one".
        choices: Field to value to the outputs that stand for it, values in order.
        slots: Of "nearest-group" and "odd-one": value to the slots of its group, or to
            its one slot.
    """

    name: str
    choices: Mapping[str, Mapping[str, tuple[int, ...]]]
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A response.

    Attributes:
        response: Field to value.
        shares: Field to value to what speaks for it, in [0, 1], with the sum 1.
    """

    response: Mapping[str, str]
    shares: Mapping[str, Mapping[str, float]]


def read_rule(raw: Mapping[str, Any]) -> ResponseRule:
    """The rule that a recipe wrote into a trial.

    Raises:
        ObservingError: Naming every problem: an unknown rule, a choice without
            members, an output that two choices claim.
    """
    name = raw.get("rule")
    known = [*RULES, "top1", "top5", *COMPARING]
    if name not in known:
        raise ObservingError(f"rule is one of {', '.join(known)}, got {name!r}")
    choices = raw.get("fields") or {raw.get("field"): raw.get("choices")}
    problems = list(_problems(str(name), choices))
    if problems:
        raise ObservingError(f"rule {name!r}: {'; '.join(problems)}")
    return ResponseRule(
        name=str(name),
        choices={
            each: {value: tuple(ids) for value, ids in sorted(of.items())}
            for each, of in choices.items()
        },
        slots={k: tuple(v) for k, v in sorted((raw.get("groups") or {}).items())},
    )


def _problems(name: str, choices: Mapping[Any, Any]) -> Iterator[str]:
    for each, of in choices.items():
        if not isinstance(each, str) or not each:
            yield f"field is the name of a field, got {each!r}"
        elif not isinstance(of, Mapping) or len(of) < 2:
            yield f"{each}: choices give two or more values their outputs, got {of!r:.80}"
        elif name.startswith("top") and set(of) != {YES, NO}:
            yield f"{each}: {name} says {YES} or {NO}, got {', '.join(map(str, of))}"
        elif name not in COMPARING:
            yield from _choice_problems(name, each, of)


def _choice_problems(name: str, asked: str, of: Mapping[str, Any]) -> Iterator[str]:
    taken: dict[int, str] = {}
    may_be_empty = NO if name.startswith("top") else None
    for value, ids in sorted(of.items()):
        if not isinstance(ids, Sequence) or isinstance(ids, str):
            yield f"{asked}: {value!r} lists outputs by number, got {ids!r:.80}"
            continue
        if not ids and value != may_be_empty:
            yield f"{asked}: {value!r} has no outputs"
        for index in ids:
            if type(index) is not int or index < 0:
                yield f"{asked}: {value!r} lists outputs by number, got {index!r:.80}"
            elif index in taken:
                yield f"{asked}: output {index} is in {taken[index]!r} and {value!r}"
            else:
                taken[index] = value


def highest_output(rule: ResponseRule) -> int:
    """The highest number that a rule asks for; -1 where it asks for none."""
    return max(
        (i for of in rule.choices.values() for ids in of.values() for i in ids),
        default=-1,
    )


def decide(rule: ResponseRule, probabilities: Probabilities) -> Decided:
    """The response to a trial.

    Args:
        rule: Any but "nearest-group" and "odd-one".
        probabilities: `(n_outputs,)`, softmax over all outputs.

    Returns:
        Of equal values the first, in alphabetical order.
    """
    decided: dict[str, str] = {}
    shares: dict[str, dict[str, float]] = {}
    for name, of in rule.choices.items():
        if rule.name in RULES:
            scores = RULES[rule.name](probabilities, [list(i) for i in of.values()])
            place = int(np.argmax(scores))
            decided[name] = list(of)[place]
            shares[name] = _shares(of, scores)
        else:
            k = int(rule.name.removeprefix("top"))
            # Stable, so that of equal outputs the lower number comes first.
            top = np.argsort(-probabilities, kind="stable")[:k].tolist()
            inside = sum(float(probabilities[i]) for i in of[YES])
            decided[name] = YES if set(of[YES]) & set(top) else NO
            shares[name] = {NO: _short(1 - inside), YES: _short(inside)}
    return Decided(response=decided, shares=shares)


def decide_nearest(
    rule: ResponseRule,
    target: NDArray[np.float32],
    groups: Mapping[str, NDArray[np.float32]],
) -> Decided:
    """The group whose mean is nearest to the target.

    Args:
        rule: "nearest-group".
        target: `(d,)` features of the picture to assign.
        groups: Value to `(n, d)` features of the pictures of its group.

    Returns:
        Of groups equally near the first; nothing is said of shares.
    """
    (name,) = rule.choices
    wanted = target.astype(np.float64)
    far = [
        float(np.linalg.norm(groups[value].astype(np.float64).mean(axis=0) - wanted))
        for value in rule.slots
    ]
    return Decided(response={name: list(rule.slots)[int(np.argmin(far))]}, shares={})


def decide_odd(
    rule: ResponseRule, features: Mapping[str, NDArray[np.float32]]
) -> Decided:
    """The picture that the most alike pair of the others leaves.

    Args:
        rule: "odd-one".
        features: Value to the `(d,)` features of its picture; three of them.

    Returns:
        Alike is the cosine of the angle between features (0 where one is all zero); of
        pairs equally alike the one that leaves the first. Nothing is said of shares.
    """
    (name,) = rule.choices
    unit = {value: _of_length_one(features[value]) for value in rule.slots}
    alike = [
        float(
            np.prod([unit[each] for each in rule.slots if each != value], axis=0).sum()
        )
        for value in rule.slots
    ]
    return Decided(response={name: list(rule.slots)[int(np.argmax(alike))]}, shares={})


def _of_length_one(features: NDArray[np.float32]) -> Probabilities:
    found = features.astype(np.float64)
    length = float(np.linalg.norm(found))
    return found / length if length > 0 else found


def _mean(probabilities: Probabilities, members: Sequence[list[int]]) -> Probabilities:
    return np.array([probabilities[ids].mean() for ids in members])


def _sum(probabilities: Probabilities, members: Sequence[list[int]]) -> Probabilities:
    return np.array([probabilities[ids].sum() for ids in members])


def _max(probabilities: Probabilities, members: Sequence[list[int]]) -> Probabilities:
    return np.array([probabilities[ids].max() for ids in members])


def _present(
    probabilities: Probabilities, members: Sequence[list[int]]
) -> Probabilities:
    sums = _sum(probabilities, members)
    total = sums.sum()
    # Far from everything asked, the network says nothing of them.
    return sums / total if total > 0 else np.full(len(sums), 1 / len(sums))


# Softmax over all outputs and the outputs of each value, to a score per value.
RULES: Final[
    Mapping[str, Callable[[Probabilities, Sequence[list[int]]], Probabilities]]
] = {"mean": _mean, "sum": _sum, "max": _max, "present": _present}


def _shares(values: Mapping[str, Any], scores: Probabilities) -> dict[str, float]:
    total = float(scores.sum())
    if total <= 0:
        return {value: 1 / len(values) for value in values}
    return {v: _short(float(s) / total) for v, s in zip(values, scores, strict=True)}


def _short(number: float) -> float:
    """Six figures: more would be noise between machines."""
    return float(f"{min(1.0, max(0.0, number)):.6g}")
