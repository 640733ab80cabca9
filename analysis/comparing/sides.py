"""Which images changed side: accepted in one bundle, rejected in the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from analysis.bundles.clusters import image_clusters
from analysis.bundles.reading import Bundle
from analysis.comparing.errors import ErrorPair
from analysis.elements.sections import Gallery, GalleryPicture
from analysis.elements.wording import class_list
from analysis.measures.rectified_error.numbers import ErrorResult, uses_of
from analysis.statistics.contrasts import Contrast
from analysis.statistics.experiments.panels import Bar, accepted_difference

STATES: Final = ("accepted", "rejected", "unresolved", "not asked about")
CHANGED: Final = ("accepted", "rejected")


def side_by_side(pair: ErrorPair, a: Bundle, b: Bundle) -> pd.DataFrame:
    """Every error of either side, once.

    Columns image (hash of the source and label), stimulus, label, predicted_a,
    predicted_b (class ids; empty where not asked about), n_yes_a, n_yes_b (NaN where
    unresolved), state_a, state_b (one of `STATES`), is_same_prediction.

    >>> from analysis.bundles.example import example_bundle
    >>> from analysis.comparing.errors import error_pairs
    >>> a = example_bundle()
    >>> b = a.before_exclusion
    >>> (pair,) = error_pairs(a, b)
    >>> side_by_side(pair, a, b)[["stimulus", "n_yes_a", "n_yes_b", "state_b"]]
      stimulus  n_yes_a  n_yes_b   state_b
    0       i1      3.0      3.0  accepted
    1       i2      2.0      2.0  accepted
    2       i3      1.0      2.0  accepted
    3       i4      0.0      1.0  rejected
    """
    one, two = _states(pair.a, a), _states(pair.b, b)
    both = one.merge(two, on="image", how="outer", suffixes=("_a", "_b"))
    for side in "ab":
        both[f"state_{side}"] = both[f"state_{side}"].fillna(STATES[3])
        both[f"predicted_{side}"] = both[f"predicted_{side}"].fillna("")
    columns = ["image", "stimulus", "label"]
    both = both.assign(
        stimulus=both["stimulus_a"].fillna(both["stimulus_b"]),
        label=both["label_a"].fillna(both["label_b"]),
        is_same_prediction=both["predicted_a"] == both["predicted_b"],
    )
    sides = [
        f"{name}_{side}" for name in ("predicted", "n_yes", "state") for side in "ab"
    ]
    return both[[*columns, *sides, "is_same_prediction"]].sort_values(
        "image", ignore_index=True
    )


def _states(result: ErrorResult, bundle: Bundle) -> pd.DataFrame:
    uses = uses_of(bundle, result.shows, classifier=result.classifier)
    slots = bundle.trials.set_index("trial")["slots"]
    n_yes = uses["image"].map(result.judged.resolved.set_index("image")["n_yes"])
    state = pd.Series(STATES[2], index=uses.index)
    state = state.mask(n_yes >= bundle.k, "accepted").mask(n_yes < bundle.k, "rejected")
    return pd.DataFrame(
        {
            "image": uses["image"],
            "stimulus": uses["trial"].map(slots).map(_first_stimulus),
            "label": uses["label"],
            "predicted": uses["predicted"],
            "n_yes": n_yes.astype(float),
            "state": state,
        }
    )


def _first_stimulus(slots: object) -> str:
    found = json.loads(str(slots)) if isinstance(slots, str) else {}
    return str(next(iter(found.values()), ""))


def transitions(sides: pd.DataFrame) -> pd.DataFrame:
    """Images by state in A (rows) and in B (columns).

    >>> sides = pd.DataFrame(
    ...     {"state_a": ["accepted", "rejected"], "state_b": ["accepted", "accepted"]})
    >>> int(transitions(sides).loc["rejected", "accepted"])
    1
    """
    table = pd.crosstab(sides["state_a"], sides["state_b"])
    return table.reindex(index=STATES, columns=STATES, fill_value=0)


def changed(sides: pd.DataFrame) -> pd.DataFrame:
    """Errors accepted on one side and rejected on the other.

    >>> sides = pd.DataFrame(
    ...     {"state_a": ["accepted", "rejected"], "state_b": ["accepted", "accepted"]})
    >>> changed(sides)
        state_a   state_b
    1  rejected  accepted
    """
    is_judged = sides["state_a"].isin(CHANGED) & sides["state_b"].isin(CHANGED)
    return sides[is_judged & (sides["state_a"] != sides["state_b"])]


def change_test(pair: ErrorPair, a: Bundle, b: Bundle) -> Contrast:
    """Whether as many images change one way as the other, for other people too.

    The share of images accepted in A less that in B, over the images judged on both
    sides; people keep their ids, so that who voted on both sides is one person.

    >>> from analysis.bundles.example import example_bundle
    >>> from analysis.comparing.errors import error_pairs
    >>> a = example_bundle()
    >>> (pair,) = error_pairs(a, a.before_exclusion)
    >>> found = change_test(pair, a, a.before_exclusion).estimate
    >>> found.n, found.method
    (4, 'no interval: 4 images, at least 15 are needed')
    """
    sides = (("A", pair.a, a), ("B", pair.b, b))
    votes = pd.concat(
        [
            result.judged.resolved[["image", "trial"]]
            .merge(bundle.votes[["trial", "participant", "accepts"]], on="trial")
            .assign(side=side)
            for side, result, bundle in sides
        ],
        ignore_index=True,
    )
    clusters = pd.DataFrame() if (of := image_clusters(a)) is None else of
    named = clusters.add_prefix("cluster ")
    return accepted_difference(
        votes.join(named, on="image") if len(named.columns) else votes,
        condition="side",
        a="A",
        b="B",
        bar={side: Bar(k=bundle.k, n=bundle.n) for side, _, bundle in sides},
        clusters=tuple(named.columns),
    )


def changed_gallery(sides: pd.DataFrame, a: Bundle, b: Bundle, *, name: str) -> Gallery:
    """Pictures that changed side, largest change of votes first."""
    found = changed(sides)
    away = (found["n_yes_a"] / a.n - found["n_yes_b"] / b.n).abs()
    found = found.assign(away=away).sort_values(
        ["away", "image"], ascending=[False, True]
    )
    names = {**b.class_names, **a.class_names}
    exhibits = tuple(
        GalleryPicture(
            stimulus=str(row["stimulus"]),
            label=class_list([str(row["label"])], names),
            predicted=class_list(str(row["predicted_a"]).split("|"), names),
            classifiers="",
            n_yes=int(row["n_yes_a"]),
            n=a.n,
            votes_name="A",
            more=_other_side(row, b, names),
        )
        for row in found.to_dict("records")
    )
    return Gallery(
        name=name,
        caption=f"{len(exhibits)} images accepted on one side and rejected on the "
        "other, by the change in the share of yes.",
        exhibits=exhibits,
        if_none="No image is accepted on one side and rejected on the other.",
    )


def _other_side(
    row: Mapping[Any, Any], b: Bundle, names: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    said = [("B", f"{row['n_yes_b']:.0f} of {b.n}")]
    if not row["is_same_prediction"]:
        predicted = class_list(str(row["predicted_b"]).split("|"), names)
        said.append(("B predicted", predicted))
    return tuple(said)
