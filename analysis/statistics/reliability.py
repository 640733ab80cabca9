"""How reliable the mean response of several people is, and what it lets one predict.

Two halves of the people who responded to each trial give two means per trial; how
these go together over trials, stepped up to all responses (Spearman and Brown), is
the split-half reliability. Its mean over all ways to split is known without
splitting: r = n a / (1 + (n - 1) a) with a the alpha of single responses.

For choices there is a ceiling without correlations: how often one person chooses what
most of the others do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from math import isnan, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError
from analysis.statistics.agreement import Scale, alpha_interval
from analysis.statistics.frame_checks import FloatArray, check_columns, check_once
from analysis.statistics.image_clusters import ways_of
from analysis.statistics.intervals import (
    LEVEL,
    Estimate,
    critical_value,
    joined_dof,
    no_estimate,
    score_bounds,
)
from analysis.statistics.k_of_n import DecidingVotes, people_variance

Counts = npt.NDArray[np.int_]
# As of raters by majority: fewer do not show how people differ.
_LEAST_PEOPLE: Final = 6


def split_half_reliability(
    ratings: pd.DataFrame,
    *,
    unit: str,
    value: str,
    n: int,
    rater: str | None = None,
    scale: Scale = "interval",
    order: Sequence[Hashable] | None = None,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """Reliability of the mean of `n` responses per unit, over all ways to split.

    The correlation, over units, of the means of two sets of n responses, each of
    other people. For values without order (nominal) it is that of the shares of
    every value, pooled over values.

    Args:
        ratings: Long frame, one row per rating.
        unit: Column that names what was rated.
        value: Column that holds the rating.
        n: Responses per unit that the mean is of.
        rater: Column that names who rated, where that is known.
        scale: As in `krippendorff_alpha`.
        order: As there.
        clusters: As in `alpha_interval`.
        level: Nominal coverage.

    Returns:
        Limits and target of `alpha_interval`, whose ends are stepped up.

    Raises:
        AnalysisError: As `alpha_interval`, and where n is less than one.

    Source:
        Spearman (1910), "Correlation calculated from faulty data"; Brown (1910),
        "Some experimental results in the correlation of mental abilities"; Cronbach
        (1951), "Coefficient alpha and the internal structure of tests", on the mean
        over splits.

    >>> frame = pd.DataFrame({"trial": list("aabbcc"), "vote": [1, 1, 0, 0, 1, 0]})
    >>> found = split_half_reliability(frame, unit="trial", value="vote", n=2)
    >>> round(found.value, 3)                # alpha 4 / 9: (8 / 9) / (13 / 9)
    0.615
    """
    if n < 1:
        raise AnalysisError(f"reliability is that of 1 response or more, got n = {n}")
    alpha = alpha_interval(
        ratings,
        unit=unit,
        value=value,
        rater=rater,
        scale=scale,
        order=order,
        clusters=clusters,
        level=level,
    )
    return stepped_up(alpha, n=n)


def stepped_up(alpha: Estimate, *, n: int) -> Estimate:
    """The reliability of means of n responses, from the alpha of single ones.

    Below -1 / (n - 1), where alpha can be by chance, there is no reliability: NaN.

    Source:
        Spearman (1910) and Brown (1910).

    >>> round(stepped_up(Estimate(value=0.5, low=0.2, high=0.8, n=9), n=4).value, 2)
    0.8
    """

    def step(each: float) -> float:
        below = 1 + (n - 1) * each
        return n * each / below if below > 0 else nan

    return _mapped(alpha, step, name=f"reliability of the mean of {n}")


def noise_ceiling(reliability: Estimate) -> Estimate:
    """The highest correlation with people's means that any prediction can have.

    The square root of the means' reliability: whoever predicts perfectly what all
    people like these would say on average is as far from the means of n responses
    as these are. A reliability below zero counts as zero.

    Args:
        reliability: From `split_half_reliability`.

    Source:
        Spearman (1904), "The proof and measurement of association between two
        things", on attenuation.

    >>> found = noise_ceiling(Estimate(value=0.81, low=0.64, high=0.9025, n=300))
    >>> found.value, found.low, found.high
    (0.9, 0.8, 0.95)
    """
    return _mapped(reliability, lambda each: sqrt(max(each, 0.0)), name="noise ceiling")


def agreement_with_others(
    responses: pd.DataFrame,
    *,
    unit: str,
    value: str,
    rater: str,
    clusters: Sequence[str] = (),
    level: float = LEVEL,
) -> Estimate:
    """How often one person chooses what most of the others chose: the noise ceiling.

    Whoever knew the choice of the others who responded could not agree with people
    more often (but by knowing still more others). Where several values are equally
    frequent among the others, each counts as its share of them. Units with one
    response have nobody to agree with and are left out.

    Args:
        responses: One row per response.
        unit: Column that names what was judged.
        value: Column of the choice.
        rater: Column that names who chose.
        clusters: Columns of what units that are alike have in common.
        level: Nominal coverage.

    Returns:
        The mean share over units, for other people and units like these: squares over
        units and what people carry from one to another by how they move agreement
        (`analysis.statistics.k_of_n.people_variance`). No interval, and the reason in
        `method`, with fewer than six people, or one unit or cluster of them.

    Raises:
        AnalysisError: Naming missing columns, or if somebody responded to a unit twice.

    Source:
        Nili et al. (2014), "A toolbox for representational similarity analysis", on
        the lower bound of the noise ceiling (each person left out).

    >>> frame = pd.DataFrame({
    ...     "trial": list("xxxyyy"), "who": list("abcabc"), "odd": list("112123")})
    >>> found = agreement_with_others(frame, unit="trial", value="odd", rater="who")
    >>> round(found.value, 4)    # x: 1/2, 1/2, 0; y: others differ and from oneself
    0.1667
    """
    check_columns(responses, [unit, value, rater, *clusters])
    check_once(responses, [rater, unit], what="somebody responded twice")
    rows = responses[responses.groupby(unit)[unit].transform("size") > 1]
    if rows.empty:
        return no_estimate(level=level, target="images like these")
    of_unit, units = pd.factorize(rows[unit], sort=True)
    said, values = pd.factorize(rows[value], sort=True)
    counts = np.zeros((len(units), len(values)), dtype=int)
    np.add.at(counts, (of_unit, said), 1)
    swings = pd.DataFrame(
        {
            "participant": rows[rater].astype(str),
            "image": rows[unit],
            "swing": _swings(counts)[of_unit, said],
        }
    )
    kinds = rows.drop_duplicates(unit).set_index(unit)[list(clusters)]
    return _of_units(
        pd.Series(_agreement_within(counts), index=units),
        DecidingVotes(
            swings=swings[swings["swing"] != 0],
            voters=frozenset(swings["participant"]),
        ),
        clusters=kinds.reindex(units) if clusters else None,
        n=len(rows),
        level=level,
    )


def _of_units(
    agrees: pd.Series,
    deciding: DecidingVotes,
    *,
    clusters: pd.DataFrame | None,
    n: int,
    level: float,
) -> Estimate:
    """The mean over units with its interval: score bounds at the effective number."""
    people = people_variance([deciding], clusters=clusters)
    ways, share = ways_of(agrees.index, clusters), float(agrees.mean())
    even = 0.5 / (len(agrees) + 1)
    away = (agrees - share).to_numpy(dtype=float)
    # Units that agree alike show no spread: half of one is then taken to go the other way.
    among = float(away @ away) or len(agrees) * even * (1 - even)
    among *= ways.effect(away)
    dof = joined_dof((among, ways.dof()), (people.across_images, people.dof))
    variance = (among + people.across_images) / len(agrees) ** 2
    low, high, method = nan, nan, _too_few(people.n_people, len(agrees))
    if not method:
        effective = max(share * (1 - share), even * (1 - even)) / variance
        low, high = score_bounds(
            share, effective, critical=critical_value(level=level, dof=dof)
        )
    return Estimate(
        value=share,
        low=low,
        high=high,
        n=n,
        level=level,
        standard_error=sqrt(variance),
        dof=dof,
        n_people=people.n_people,
        n_stimuli=len(agrees),
        method=method,
    )


def _too_few(n_people: int, n_units: int) -> str:
    """Why so few give no interval; empty where they do."""
    if n_people < _LEAST_PEOPLE:
        return (
            f"no interval: {n_people} people do not show how people differ, at least "
            f"{_LEAST_PEOPLE} do"
        )
    return "" if n_units > 1 else "no interval: one unit says nothing about others"


def _swings(counts: Counts) -> FloatArray:
    """How far a response moves its unit's agreement, by what it says.

    By how much agreement would fall without it, less the mean of that over the unit's
    responses (Tukey's pseudo-values, divided by their number).

    Args:
        counts: Responses by unit and value, two or more a unit, shape (units, values).

    Returns:
        Shape (units, values). Of two responses neither moves it more.
    """
    n = counts.sum(axis=1)
    without = np.column_stack(
        [
            _agreement_within(np.maximum(counts - own, 0))
            for own in np.eye(counts.shape[1], dtype=int)
        ]
    )
    mean = (counts * without).sum(axis=1) / n
    return np.asarray(((n - 1) / n)[:, None] * (mean[:, None] - without), dtype=float)


def _agreement_within(counts: Counts) -> FloatArray:
    """How often a response is what most of the others said, shape (units,)."""
    agrees = np.zeros(len(counts))
    for place, own in enumerate(np.eye(counts.shape[1], dtype=int)):
        others = counts - own
        are_most = others == others.max(axis=1, keepdims=True)
        agrees += counts[:, place] * are_most[:, place] / are_most.sum(axis=1)
    return np.asarray(agrees / np.maximum(counts.sum(axis=1), 1), dtype=float)


def _mapped(
    estimate: Estimate, change: Callable[[float], float], *, name: str
) -> Estimate:
    """Value and ends on another scale; an interval only where all are defined."""
    value, low, high = (
        nan if isnan(each) else change(each)
        for each in (estimate.value, estimate.low, estimate.high)
    )
    if isnan(low) or isnan(value):
        low = high = nan
    method = f"{name}, from {estimate.method}" if estimate.method else name
    return replace(
        estimate, value=value, low=low, high=high, standard_error=nan, method=method
    )
