"""Which categories are taken for which, and how many different ones are said."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, nan
from typing import Final

import numpy as np
import pandas as pd

from analysis.measures.category_accuracy.numbers import PEOPLE, CategoryChoices
from analysis.statistics.experiments.entropy import response_entropy

NO_RESPONSE: Final = ""
_LEAST_PER_IMAGE: Final = 2


@dataclass(frozen=True, kw_only=True)
class AnswerEntropy:
    """How many different categories are said, in bits.

    Attributes:
        decider: `PEOPLE`, or the observer's name.
        condition: "all", or a level of what the study varies.
        of_all: Entropy of all that was said in the condition.
        of_right: The same of what was right there: what a perfect decider would have.
        per_image: Mean over images of the entropy of what people said of each; NaN for
            observers, and where no image has two responses.
        greatest: What it would be if every category were said equally often.
        n: Responses that say a category.
        n_images: Images behind `per_image`.
        n_per_image: Responses to each of them, on average.
    """

    decider: str
    condition: str
    of_all: float
    of_right: float
    per_image: float
    greatest: float
    n: int
    n_images: int
    n_per_image: float


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """One category taken for another.

    Attributes:
        right: What was right.
        said: What was said; `NO_RESPONSE` for nothing.
        n: How often.
        share: Of the responses where `right` was right.
    """

    right: str
    said: str
    n: int
    share: float


def confusion_counts(choices: CategoryChoices, decider: str) -> pd.DataFrame:
    """How often each category was said where each one was right.

    Returns:
        Index right, columns the choices, then `NO_RESPONSE` where that occurred:
        counts.

    >>> rows = pd.DataFrame({
    ...     "decider": "net", "condition": "", "key": ["cat", "dog", "dog"],
    ...     "value": ["cat", "cat", ""], "is_answered": [True, True, False]})
    >>> from hit_templates.questions import Field, Question
    >>> seen = Field(name="is", type="choice", choices=("cat", "dog"), description="")
    >>> asked = Question(name="which", fields=(seen,), is_graded=True)
    >>> confusion_counts(CategoryChoices(
    ...     question=asked, field=seen, rows=rows, observers=("net",), conditions=("",),
    ... ), "net").to_numpy().tolist()
    [[1, 0, 0], [1, 0, 1]]
    """
    rows = choices.of(decider)
    said = rows["value"].where(rows["is_answered"], NO_RESPONSE)
    counts = pd.crosstab(rows["key"], said)
    strange = sorted(set(counts.columns) - {*choices.choices, NO_RESPONSE})
    last = [NO_RESPONSE] if NO_RESPONSE in counts.columns else []
    right = [each for each in choices.choices if each in counts.index]
    return counts.reindex(
        index=right, columns=[*choices.choices, *strange, *last], fill_value=0
    )


def confused_pairs(counts: pd.DataFrame) -> list[ConfusedPair]:
    """Wrong answers by how often they were given where something else was right.

    The largest share first; pairs that never occurred are left out.

    >>> counts = pd.DataFrame([[3, 1], [0, 2]], index=["a", "b"], columns=["a", "b"])
    >>> confused_pairs(counts)
    [ConfusedPair(right='a', said='b', n=1, share=0.25)]
    """
    pairs = [
        ConfusedPair(
            right=str(right), said=str(said), n=int(n), share=float(n / row.sum())
        )
        for right, row in counts.astype(int).iterrows()
        for said, n in row.items()
        if n and right != said
    ]
    return sorted(pairs, key=lambda each: (-each.share, -each.n))


def answer_entropies(choices: CategoryChoices) -> list[AnswerEntropy]:
    """By decider and condition, over responses that say a category."""
    return [
        _entropy(choices, decider, condition)
        for decider in choices.deciders
        for condition in choices.parts
        if choices.of(decider, condition)["is_answered"].any()
    ]


def _entropy(choices: CategoryChoices, decider: str, condition: str) -> AnswerEntropy:
    rows = choices.of(decider, condition)
    rows, n_choices = rows[rows["is_answered"]], len(choices.choices)
    by_trial = [
        _counts(mine)
        for _, mine in rows.groupby("trial", sort=False)["value"]
        if decider == PEOPLE and len(mine) >= _LEAST_PER_IMAGE
    ]
    each = [response_entropy(c, n_choices=n_choices) for c in by_trial]
    return AnswerEntropy(
        decider=decider,
        condition=condition,
        of_all=response_entropy(_counts(rows["value"]), n_choices=n_choices),
        of_right=response_entropy(_counts(rows["key"]), n_choices=n_choices),
        per_image=float(np.mean(each)) if each else nan,
        greatest=log2(n_choices),
        n=len(rows),
        n_images=len(each),
        n_per_image=float(np.mean([c.sum() for c in by_trial])) if each else nan,
    )


def _counts(values: pd.Series) -> np.ndarray:
    return np.asarray(values.value_counts(sort=False), dtype=float)
