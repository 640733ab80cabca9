"""d′ and criterion wherever trials have a key: controls, catches, graded questions.

Source:
    Macmillan & Creelman (2005), "Detection Theory".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.measures.responses.numbers import AnsweredField, answered_fields
from analysis.measures.yes_bias.numbers import CONTROL_KINDS, control_votes, says_yes
from analysis.statistics.experiments.detection import Detection, Task, detection

# Controls whose class is there, and those whose class is not.
THERE: Final = frozenset({"known_yes", "clean_true", "clean_attention"})
ABSENT: Final = frozenset(CONTROL_KINDS) - THERE
CONTROLS: Final = "catches and controls"
ALL: Final = "all"


@dataclass(frozen=True, kw_only=True)
class KeyedResponses:
    """Responses to one kind of question whose truth is known.

    Attributes:
        name: What was asked.
        task: Yes or no, or one of two sides.
        rows: Columns participant, signal, says (bool), condition, noise (kind of the
            trials without a signal; empty for others).
    """

    name: str
    task: Task
    rows: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class DetectionResult:
    """How well people tell, on some of these trials.

    Attributes:
        name: What was asked.
        part: "all", a condition, or what the signals are set against.
        task: Yes or no, or one of two sides.
        found: d′ and criterion.
    """

    name: str
    part: str
    task: Task
    found: Detection


def keyed_responses(bundle: Bundle) -> list[KeyedResponses]:
    """Responses with a key that has both kinds of trials, by what was asked.

    >>> from analysis.bundles.example import example_bundle
    >>> (found,) = keyed_responses(example_bundle())
    >>> found.name, len(found.rows), int(found.rows["signal"].sum())
    ('catches and controls', 8, 4)
    """
    found = [_controls(bundle)] if says_yes(bundle) else []
    fields = answered_fields(bundle, frozenset())
    found += [keyed for each in fields if (keyed := _keyed(each)) is not None]
    return [each for each in found if each.rows["signal"].nunique() == 2]


def detection_results(bundle: Bundle) -> list[DetectionResult]:
    """d′ and criterion over all trials, by condition, and against each kind of noise.

    >>> from analysis.bundles.example import example_bundle
    >>> (found,) = detection_results(example_bundle())
    >>> found.found.d_prime.method
    'no interval: 0 people with 5 trials of either kind, at least 5 are needed'
    """
    return [
        DetectionResult(
            name=keyed.name,
            part=part,
            task=keyed.task,
            found=detection(rows, says="says", signal="signal", task=keyed.task),
        )
        for keyed in keyed_responses(bundle)
        for part, rows in _parts(keyed.rows)
    ]


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, rows
    if rows["condition"].nunique() > 1:
        for condition, part in rows.groupby("condition"):
            if part["signal"].nunique() == 2:
                yield str(condition) or "no condition", part
    kinds = [kind for kind in rows["noise"].unique() if kind]
    if len(kinds) > 1:
        for kind in kinds:
            mine = rows[rows["signal"] | (rows["noise"] == kind)]
            yield f"against: {CONTROL_KINDS.get(kind, kind)}", mine


def _controls(bundle: Bundle) -> KeyedResponses:
    votes = control_votes(bundle)
    conditions = bundle.trials.set_index("trial")["condition"]
    # Where the kind does not say, the key does: yes is right, or was wrong.
    from_key = votes["accepts"] == votes["is_right"].astype("boolean")
    signal = from_key.astype("boolean").mask(votes["is_right"].isna())
    signal = signal.mask(votes["control"].isin(THERE), True)
    signal = signal.mask(votes["control"].isin(ABSENT), False)
    known = signal.notna()
    is_signal = signal[known].astype(bool)
    return KeyedResponses(
        name=CONTROLS,
        task="yes-no",
        rows=pd.DataFrame(
            {
                "participant": votes.loc[known, "participant"],
                "signal": is_signal,
                "says": votes.loc[known, "accepts"].astype(bool),
                "condition": votes.loc[known, "trial"].map(conditions).fillna(""),
                "noise": votes.loc[known, "control"].fillna("").mask(is_signal, ""),
            }
        ).reset_index(drop=True),
    )


def _keyed(answered: AnsweredField) -> KeyedResponses | None:
    """Main trials that ask for one of two sides, or yes or no; None for all others."""
    field, rows = answered.field, answered.rows[answered.rows["right"] != ""]
    if field.is_side and len(field.choices) == 2:
        task: Task = "two alternatives"
        yes: tuple[str, ...] = field.choices[:1]
        no: tuple[str, ...] = field.choices[1:]
    elif field.yes and field.no:
        task, yes, no = "yes-no", field.yes, field.no
    else:
        return None
    known = rows[rows["right"].isin((*yes, *no)) & rows["value"].isin((*yes, *no))]
    return KeyedResponses(
        name=answered.name,
        task=task,
        rows=pd.DataFrame(
            {
                "participant": known["participant"],
                "signal": known["right"].isin(yes),
                "says": known["value"].isin(yes),
                "condition": known["condition"],
                "noise": "",
            }
        ).reset_index(drop=True),
    )
