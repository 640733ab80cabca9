"""How long people took, on the scale of logarithms, and ratios between conditions."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.bundles.clusters import clusters_in, with_clusters
from analysis.bundles.reading import Bundle
from analysis.statistics.contrasts import Contrast
from analysis.statistics.experiments.response_times import (
    geometric_mean,
    ratio_of_means,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.multiplicity import holm


@dataclass(frozen=True, kw_only=True)
class ResponseTimes:
    """Times of the counted responses to main trials.

    Attributes:
        rows: Columns participant, image, condition, rt_ms, trial and those of clusters:
            responses with a time above zero.
        n_without: Responses without such a time.
    """

    rows: pd.DataFrame
    n_without: int

    @property
    def conditions(self) -> list[str]:
        """Conditions that occur, in order."""
        return sorted(self.rows["condition"].unique())


@dataclass(frozen=True, kw_only=True)
class TimeSummary:
    """Times in one condition, or "all"."""

    condition: str
    mean_ms: Estimate
    median_ms: float


@dataclass(frozen=True, kw_only=True)
class TimeRatio:
    """Geometric mean in one condition over that in another.

    Attributes:
        above: The condition above the line.
        below: The one below it, the first of all.
        ratio: With the test of a ratio of 1.
        p_holm: Corrected over all ratios.
    """

    above: str
    below: str
    ratio: Contrast
    p_holm: float


def response_times(bundle: Bundle) -> ResponseTimes:
    """The times, with the images that trials show; without no response in time.

    >>> from analysis.bundles.example import example_bundle
    >>> response_times(example_bundle()).conditions
    ['']
    """
    main = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    single = bundle.single_responses
    # Who lets the time pass takes as long as there is.
    late = bundle.responses.loc[bundle.unanswered(bundle.responses), "response"]
    counted = single[
        single["is_counted"].astype(bool)
        & single["trial"].isin(main.index)
        & ~single["response"].isin(late)
    ]
    timed = counted[counted["rt_ms"].fillna(0) > 0]
    rows = pd.DataFrame(
        {
            "participant": timed["participant"],
            "image": timed["trial"].map(main["sources"]),
            "condition": timed["trial"].map(main["condition"]).fillna(""),
            "rt_ms": timed["rt_ms"].astype(float),
            "trial": timed["trial"],
        }
    )
    return ResponseTimes(
        rows=with_clusters(rows, bundle).reset_index(drop=True),
        n_without=len(counted) - len(timed),
    )


def time_summaries(times: ResponseTimes, *, all_as: str) -> list[TimeSummary]:
    """Over all responses, then by condition where there are several."""
    parts = [(all_as, times.rows)]
    if len(times.conditions) > 1:
        parts += [(str(c), rows) for c, rows in times.rows.groupby("condition")]
    return [
        TimeSummary(
            condition=condition,
            mean_ms=geometric_mean(
                rows, value="rt_ms", stimulus="image", clusters=clusters_in(times.rows)
            ),
            median_ms=float(rows["rt_ms"].median()),
        )
        for condition, rows in parts
    ]


def time_ratios(times: ResponseTimes) -> list[TimeRatio]:
    """Every condition over the first one, with Holm's correction."""
    first, *others = times.conditions
    found = [
        ratio_of_means(
            times.rows,
            value="rt_ms",
            condition="condition",
            a=other,
            b=first,
            stimulus="image",
            clusters=clusters_in(times.rows),
        )
        for other in others
    ]
    corrected = holm(pd.Series([each.p_value for each in found], dtype=float))
    return [
        TimeRatio(above=other, below=first, ratio=ratio, p_holm=float(p))
        for other, ratio, p in zip(others, found, corrected, strict=True)
    ]
