"""Whether people and classifiers err on the same trials, beyond chance.

For any study whose responses are right or wrong: of people with each other, of
people with every classifier that responded to the same trials as an observer, or
whose prediction and label are known for them, and of classifiers with each other. Where only classifiers are right or wrong (people
accept predictions, they do not classify), theirs alone, if the trials are no choice
of errors.

Source:
    Geirhos, Meding & Wichmann (2020), "Beyond accuracy: quantifying trial-by-trial
    behaviour of CNNs and humans by measuring error consistency", eq. 1 to 3 and 6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import isnan, nan
from typing import Final, Literal

import pandas as pd

from analysis.bundles.observed import observed_decisions
from analysis.bundles.reading import Bundle
from analysis.measures.agreement.numbers import cluster_columns, with_clusters
from analysis.statistics.error_consistency import mean_error_consistency
from analysis.statistics.intervals import Estimate

Kind = Literal["people", "people with a classifier", "classifiers"]

PEOPLE: Final = "people with each other"
# People, classifiers and observers of the same name stay apart.
_PERSON: Final = "p:"
_CLASSIFIER: Final = "c:"
_OBSERVER: Final = "o:"
_SORTS: Final = {_CLASSIFIER: " (its prediction)", _OBSERVER: " (as an observer)"}


@dataclass(frozen=True, kw_only=True)
class ErrorConsistency:
    """Error consistency of two sets of deciders, or of one with itself.

    Attributes:
        kind: Which sort of pairs.
        between: Who with whom.
        condition: A level of what the study varies; empty for all.
        kappa: Pooled over pairs, with its interval.
        observed: Share of pairs of decisions that are both right or both wrong.
        right: Share of right decisions of the people, or of the first classifier.
        other_right: The same of the classifier, or the second; NaN between people.
        lowest: The least that kappa can be with these two shares; people are taken
            to be alike.
        highest: The most.
    """

    kind: Kind
    between: str
    condition: str
    kappa: Estimate
    observed: float
    right: float
    other_right: float
    lowest: float
    highest: float


def consistencies(bundle: Bundle) -> list[ErrorConsistency]:
    """Between people, then people with classifiers, then between classifiers.

    By condition too, where there are several. A classifier that is always right or
    always wrong on the trials is left out: nothing is beyond chance.
    """
    people = decisions_of_people(bundle)
    predicted, on_images, observers = _told_apart(
        decisions_of_classifiers(bundle),
        decisions_on_images(bundle),
        decisions_of_observers(bundle),
    )
    machines = pd.concat([predicted, observers])
    found = list(_with_people(people, machines, condition=""))
    found += _between_classifiers(on_images)
    found += _between_classifiers(observers)
    levels = _conditions(bundle, pd.concat([people, observers]))
    if levels.nunique() > 1:
        for condition in sorted(levels.unique()):
            mine = set(levels.index[levels == condition])
            there, theirs = (
                each[each["trial"].isin(mine)] for each in (people, observers)
            )
            found += _with_people(there, machines, condition=str(condition))
            found += _between_classifiers(theirs, condition=str(condition))
    return [each for each in found if each.kappa.n]


def _told_apart(*machines: pd.DataFrame) -> list[pd.DataFrame]:
    """The same decisions, of which a name says whose they are.

    A classifier that observed the very set it predicted on is there twice, by two rules.
    """
    deciders = {name for each in machines for name in each["decider"].unique()}
    plain = Counter(map(_plain, deciders))
    names = {
        name: name + _SORTS[name[: len(_OBSERVER)]] if plain[_plain(name)] > 1 else name
        for name in deciders
    }
    return [each.assign(decider=each["decider"].map(names)) for each in machines]


def _conditions(bundle: Bundle, decisions: pd.DataFrame) -> pd.Series:
    """The condition of the trials that were decided, by trial."""
    conditions = bundle.trials.set_index("trial")["condition"].fillna("")
    return conditions[conditions.index.isin(decisions["trial"])]


def _with_people(
    people: pd.DataFrame, machines: pd.DataFrame, *, condition: str
) -> Iterator[ErrorConsistency]:
    if people.empty:
        return
    yield _of_people(people, condition)
    for _, mine in _who_err(machines[machines["trial"].isin(people["trial"])]):
        yield _with_classifier(people, mine, condition)


def _between_classifiers(
    machines: pd.DataFrame, *, condition: str = ""
) -> list[ErrorConsistency]:
    return [
        _of_classifiers(one, other, condition)
        for (_, one), (_, other) in combinations(_who_err(machines), 2)
    ]


def _who_err(machines: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The decisions of each classifier that is right on some trials and not on all."""
    return [
        (str(name), mine)
        for name, mine in machines.groupby("decider")
        if mine["right"].nunique() > 1
    ]


def _of_people(people: pd.DataFrame, condition: str) -> ErrorConsistency:
    right = float(people["right"].mean())
    return _measured(
        people,
        names=("people", PEOPLE, condition),
        drawn=sorted(set(people["decider"])),
        right=(right, nan),
    )


def _with_classifier(
    people: pd.DataFrame, machine: pd.DataFrame, condition: str
) -> ErrorConsistency:
    shared = people[people["trial"].isin(machine["trial"])]
    drawn, name = sorted(set(shared["decider"])), str(machine["decider"].iloc[0])
    return _measured(
        pd.concat([shared, machine]),
        names=("people with a classifier", f"people with {_plain(name)}", condition),
        drawn=drawn,
        between=(drawn, [name]),
        right=(float(shared["right"].mean()), float(machine["right"].mean())),
    )


def _of_classifiers(
    one: pd.DataFrame, other: pd.DataFrame, condition: str
) -> ErrorConsistency:
    first = one[one["trial"].isin(other["trial"])]
    second = other[other["trial"].isin(one["trial"])]
    names = [_plain(str(each["decider"].iloc[0])) for each in (one, other)]
    return _measured(
        pd.concat([first, second]),
        names=("classifiers", " with ".join(names), condition),
        drawn=[],
        right=(float(first["right"].mean()), float(second["right"].mean())),
    )


def _measured(
    decisions: pd.DataFrame,
    *,
    names: tuple[Kind, str, str],
    drawn: list[str],
    right: tuple[float, float],
    between: tuple[list[str], list[str]] | None = None,
) -> ErrorConsistency:
    kind, words, condition = names
    kappa = mean_error_consistency(
        decisions,
        decider="decider",
        trial="trial",
        is_right="right",
        between=between,
        drawn=drawn,
        clusters=cluster_columns(decisions),
    )
    a, b = right[0], right[0] if isnan(right[1]) else right[1]
    possible = kappa_bounds(a, b)
    return ErrorConsistency(
        kind=kind,
        between=words,
        condition=condition,
        kappa=kappa,
        observed=_observed(decisions, between),
        right=right[0],
        other_right=right[1],
        lowest=possible.low,
        highest=possible.high,
    )


def _observed(
    decisions: pd.DataFrame, between: tuple[list[str], list[str]] | None
) -> float:
    """Share of pairs of decisions on one trial that are both right or both wrong."""
    is_other = decisions["decider"].isin(between[1] if between else [])
    sides = [decisions[~is_other], decisions[is_other]] if between else [decisions] * 2
    counts = [each.groupby("trial")["right"].agg(["sum", "size"]) for each in sides]
    both = counts[0].add_suffix("_a").join(counts[1].add_suffix("_b"), how="inner")
    wrong = [both[f"size_{side}"] - both[f"sum_{side}"] for side in "ab"]
    same = both["sum_a"] * both["sum_b"] + wrong[0] * wrong[1]
    pairs = both["size_a"] * both["size_b"]
    if between is None:
        # Nobody is paired with themselves.
        same, pairs = same - both["size_a"], pairs - both["size_a"]
    n = float(pairs.sum())
    return float(same.sum()) / n if n else nan


@dataclass(frozen=True, kw_only=True)
class KappaBounds:
    """The least and the most that error consistency can be."""

    low: float
    high: float


def kappa_bounds(a: float, b: float) -> KappaBounds:
    """What error consistency can be with two accuracies.

    Both are right or both wrong on at most 1 - |a - b| of trials, on at least
    |a + b - 1|. NaN where both are always right or always wrong.

    Source:
        Geirhos et al. (2020), eq. 6 and 7.

    >>> found = kappa_bounds(0.8, 0.7)           # chance .62: (.5 - .62) / .38
    >>> round(found.low, 3), round(found.high, 3)
    (-0.316, 0.737)
    """
    expected = a * b + (1 - a) * (1 - b)
    if expected >= 1:
        return KappaBounds(low=nan, high=nan)
    low, high = (
        (each - expected) / (1 - expected) for each in (abs(a + b - 1), 1 - abs(a - b))
    )
    return KappaBounds(low=low, high=high)


def decisions_of_people(bundle: Bundle) -> pd.DataFrame:
    """Columns decider, trial, right, and clusters: counted responses that have a key.

    Empty where nobody knows who responded.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_of_people(example_bundle()).empty    # main trials have no key
    True
    """
    single = bundle.single_responses
    known = single[single["is_counted"].astype(bool) & single["is_right"].notna()]
    known = known.drop_duplicates(["participant", "trial"])
    if not bundle.has_raters:
        known = known.iloc[:0]
    rows = pd.DataFrame(
        {
            "decider": _PERSON + known["participant"].astype(str),
            "trial": known["trial"],
            "right": known["is_right"].astype(bool),
        }
    )
    return with_clusters(rows, bundle)


def decisions_of_classifiers(bundle: Bundle) -> pd.DataFrame:
    """Columns decider, trial, right, and clusters: whether a prediction is the label.

    Trials that serve a classifier several times with different outcomes are left
    out, as are predictions of several classes and images without a label.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_of_classifiers(example_bundle()).head(2)
      decider trial  right
    0   c:net    i1  False
    1   c:net    i2  False
    """
    return with_clusters(_clear(_predictions(bundle), by="trial"), bundle)


def decisions_of_observers(bundle: Bundle) -> pd.DataFrame:
    """Columns decider, trial, right, and clusters: whether the response has the key.

    Of several responses to one trial the first counts, a refusal as wrong.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_of_observers(example_bundle()).empty
    True
    """
    found = observed_decisions(bundle)
    rows = pd.DataFrame(
        {
            "decider": _OBSERVER + found["observer"].astype(str),
            "trial": found["trial"],
            "right": found["is_right"].astype(bool),
        }
    )
    return with_clusters(rows, bundle)


def decisions_on_images(bundle: Bundle) -> pd.DataFrame:
    """The same by image (column trial holds it), where the set shows every prediction.

    Classifiers that take one image for different classes have different trials, so
    they meet on images. Sets that show errors only, or some of the right predictions,
    say nothing of how often two classifiers err together: empty.

    >>> from analysis.bundles.example import example_bundle
    >>> decisions_on_images(example_bundle()).empty
    True
    """
    uses = _predictions(bundle)
    uses = uses[uses["shows"].isin(bundle.labels_of("predictions"))]
    image = uses["source_sha256"] + "/" + uses["label"]
    rows = with_clusters(uses.assign(image=image), bundle)
    clusters = rows.drop_duplicates("image").set_index("image")[cluster_columns(rows)]
    found = _clear(rows, by="image").rename(columns={"image": "trial"})
    return found.join(clusters, on="trial")


def _predictions(bundle: Bundle) -> pd.DataFrame:
    """Uses of one predicted class whose image has a label, with a column right."""
    uses = bundle.uses
    is_one = ~uses["predicted"].str.contains("|", regex=False)
    uses = uses[(uses["label"].fillna("") != "") & is_one]
    return uses.assign(right=uses["predicted"] == uses["label"])


def _clear(uses: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Columns decider, `by`, right: where a classifier has one outcome only."""
    found = uses.groupby(["classifier", by])["right"].agg(["min", "max"])
    clear = found[found["min"] == found["max"]].reset_index()
    return pd.DataFrame(
        {
            "decider": _CLASSIFIER + clear["classifier"].astype(str),
            by: clear[by],
            "right": clear["min"].astype(bool),
        }
    )


def _plain(decider: str) -> str:
    """A decider's name without the letter that keeps people and classifiers apart."""
    return decider.split(":", 1)[1]
