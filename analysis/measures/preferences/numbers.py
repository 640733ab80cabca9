"""Which of several options people prefer: shares, strengths and circles.

Whatever question has a field that chooses the best or the worst of a trial's options.
What an option stands for is the trial's class of its number; what is drawn anew with
people is the source that the options picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import nan
from typing import Final, Literal

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.frames import taken
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.statistics.clustered import clustered_mean
from analysis.statistics.experiments.bradley_terry import Strengths, bradley_terry
from analysis.statistics.intervals import Estimate
from hit_templates.questions import Field, Question

ALL: Final = "all"
# Of three options that are chosen between in pairs by tossing a coin, two of the eight
# outcomes go round in a circle.
CIRCULAR_BY_CHANCE: Final = 0.25
_SEPARATOR: Final = "|"
_PAIR: Final = 2


@dataclass(frozen=True, kw_only=True)
class Preferred:
    """What people chose in answer to one question.

    Attributes:
        question: As declared.
        condition: "all", or a level of what the study varies.
        choices: A row per counted response and field that chooses. Columns response,
            participant, trial, stimulus (the source), shown (tuple of class ids),
            chosen (a class id; "" where no difference was seen), worst (whether the
            worst was chosen), and clusters.
    """

    question: Question
    condition: str
    choices: pd.DataFrame

    @property
    def best(self) -> pd.DataFrame:
        """The choices of the best, those that saw no difference among them."""
        return taken(self.choices, ~self.choices["worst"])

    @property
    def decided(self) -> pd.DataFrame:
        """The choices that fell on an option."""
        return taken(self.choices, self.choices["chosen"] != "")

    @property
    def options(self) -> list[str]:
        """Class ids of the options, in order."""
        return sorted({one for shown in self.choices["shown"] for one in shown})

    @cached_property
    def strengths(self) -> Strengths:
        """Of the options; without, and with the reason, where choices bound none."""
        return bradley_terry(
            self.decided,
            shown="shown",
            chosen="chosen",
            participant="participant",
            stimulus="stimulus",
            is_worst="worst",
            clusters=clusters_in(self.choices),
        )

    def chosen(self, option: str, *, worst: bool = False) -> Estimate:
        """How often it was chosen where it was shown."""
        rows = self.choices if worst else self.best
        rows = taken(rows, rows["worst"] == worst)
        there = pd.Series([option in each for each in rows["shown"]], rows.index)
        return _share(taken(rows, there.astype(bool)), option)

    def against(self, option: str, other: str) -> Estimate:
        """How often it was chosen of the choices that fell on one of the two."""
        rows = self.best
        there = [
            option in shown and other in shown and one in (option, other)
            for shown, one in zip(rows["shown"], rows["chosen"], strict=True)
        ]
        return _share(taken(rows, pd.Series(there, rows.index, dtype=bool)), option)

    @property
    def no_difference(self) -> Estimate:
        """How often people saw no difference."""
        return _share(self.best, "")

    @property
    def may_tie(self) -> bool:
        """Whether people may say that there is no difference."""
        return any(each.no_difference for each in self.question.fields)


@dataclass(frozen=True, kw_only=True)
class Circles:
    """How often choices between three options in pairs go round in a circle.

    Attributes:
        of: Whose majorities: each person's, or those of all people on each stimulus.
        n: Times three options had a majority in all three pairs.
        n_circular: Those in which each was preferred to one of the others.
    """

    of: Literal["people", "stimuli"]
    n: int
    n_circular: int

    @property
    def share(self) -> float:
        """Share that is circular; NaN where n is 0."""
        return self.n_circular / self.n if self.n else float("nan")


@dataclass(frozen=True, kw_only=True)
class OnObject:
    """What is known of the pictures that an option makes, where a set says so.

    Attributes:
        excess: Share of the input gradient on the object less the object's share of the
            area, mean over images.
        standard_error: Of that mean; NaN for one image.
        n: Images.
    """

    excess: float
    standard_error: float
    n: int


def on_object(bundle: Bundle) -> dict[str, OnObject]:
    """Option to what the set's recipe measured of its pictures; empty where nothing.

    Raises:
        AnalysisError: If the set says it otherwise than expected.

    >>> from analysis.bundles.example import example_bundle
    >>> on_object(example_bundle())
    {}
    """
    told = bundle.head["stimuli"].get("gradients")
    found = told.get("on_object") if isinstance(told, Mapping) else None
    if not found:
        return {}
    try:
        return {
            str(option): OnObject(
                excess=float(each["mean"]),
                standard_error=float(each.get("standard_error", nan)),
                n=int(each["n"]),
            )
            for option, each in found.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnalysisError(
            "bundle.json, stimuli.gradients.on_object: expected mean, n and, of "
            f"several images, standard_error for each option, got {str(found)[:80]}"
        ) from error


def preferred(bundle: Bundle) -> list[Preferred]:
    """What people chose, question by question, by condition too where there are several.

    >>> from analysis.bundles.example import example_bundle
    >>> preferred(example_bundle())    # one picture a trial: nothing to choose between
    []
    """
    return [
        found
        for question in bundle.questions.values()
        if any(_is_preference(each) for each in question.fields)
        for found in _of_question(question, bundle)
    ]


def _is_preference(field: Field) -> bool:
    return field.chooses in ("best", "worst") and field.numbers_classes


def _of_question(question: Question, bundle: Bundle) -> Iterator[Preferred]:
    main = bundle.trials[bundle.trials["role"] == "main"]
    asked = main[main["question"] == question.name].set_index("trial")
    if asked.empty:
        return
    rows = bundle.counted_rows
    rows = taken(rows, rows["trial"].isin(asked.index))
    choices = with_clusters(_choices(question, rows, asked), bundle)
    condition = choices["trial"].map(asked["condition"]).fillna("")
    yield Preferred(question=question, condition=ALL, choices=choices)
    if condition.nunique() > 1:
        for name in sorted(condition.unique()):
            part = taken(choices, condition == name)
            yield Preferred(question=question, condition=str(name), choices=part)


def _choices(
    question: Question, rows: pd.DataFrame, asked: pd.DataFrame
) -> pd.DataFrame:
    """Columns as `Preferred.choices` has them, without clusters."""
    options = {t: tuple(str(c).split(_SEPARATOR)) for t, c in asked["classes"].items()}
    sources = asked["sources"].fillna("").to_dict()
    found, best_of = [], dict[str, str]()
    fields = [each for each in question.fields if _is_preference(each)]
    # The worst is chosen among those that the best has left.
    for field in sorted(fields, key=lambda each: each.chooses):
        mine = taken(rows, rows["field"] == field.name)
        for row in mine.to_dict("records"):
            shown, response = options[row["trial"]], row["response"]
            chosen = _option(field, str(row["value"]), shown)
            if chosen is None:
                continue
            is_worst = field.chooses == "worst"
            if is_worst:
                shown = tuple(each for each in shown if each != best_of.get(response))
            else:
                best_of[response] = chosen
            if len(shown) < _PAIR:
                continue
            found.append(
                {
                    "response": response,
                    "participant": row["participant"],
                    "trial": row["trial"],
                    "stimulus": sources[row["trial"]] or row["trial"],
                    "shown": shown,
                    "chosen": chosen,
                    "worst": is_worst,
                }
            )
    columns = ["response", "participant", "trial", "stimulus"]
    columns += ["shown", "chosen", "worst"]
    return pd.DataFrame(found, columns=columns).astype({"worst": bool})


def _option(field: Field, value: str, shown: Sequence[str]) -> str | None:
    """The class chosen; "" for no difference, None for no choice at all."""
    if value in field.no_difference:
        return ""
    numbered = {str(number): each for number, each in enumerate(shown, start=1)}
    return numbered.get(value)


def _share(rows: pd.DataFrame, option: str) -> Estimate:
    return clustered_mean(
        rows.assign(is_chosen=rows["chosen"] == option),
        value="is_chosen",
        stimulus="stimulus",
        clusters=clusters_in(rows),
    )


def circles(found: Preferred) -> list[Circles]:
    """Circles in each person's choices between two, and in majorities on each stimulus.

    Only trials of two options: who chooses the best of three cannot contradict
    themselves. A pair without a majority (half and half) leaves its threes out.

    Source:
        Kendall & Babington Smith (1940), "On the method of paired comparisons".
    """
    pairs = found.best
    is_pair = pairs["shown"].map(len) == _PAIR
    pairs = taken(pairs, is_pair.astype(bool) & (pairs["chosen"] != ""))
    return [
        _circles("people", pairs, by="participant"),
        _circles("stimuli", pairs, by="stimulus"),
    ]


def _circles(
    of: Literal["people", "stimuli"], pairs: pd.DataFrame, *, by: str
) -> Circles:
    n = n_circular = 0
    for _, mine in pairs.groupby(by, sort=False):
        lead: dict[tuple[str, str], int] = {}
        for shown, chosen in zip(mine["shown"], mine["chosen"], strict=True):
            one, other = sorted(shown)
            lead[one, other] = lead.get((one, other), 0) + (1 if chosen == one else -1)
        for a, b, c in combinations(sorted({x for pair in lead for x in pair}), 3):
            leads = [lead.get(pair, 0) for pair in ((a, b), (b, c), (a, c))]
            if not all(leads):
                continue
            n += 1
            ab, bc, ac = (each > 0 for each in leads)
            n_circular += ab == bc != ac
    return Circles(of=of, n=n, n_circular=n_circular)
