"""Tables of response times."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.sections import Block, DataTable, Prose
from analysis.elements.wording import NOTHING, amount, count, estimate_numbers, p_text
from analysis.measures.responses.numbers import ALL
from analysis.measures.responses.response_times import (
    TimeRatio,
    TimeSummary,
    response_times,
    time_ratios,
    time_summaries,
)
from analysis.statistics.intervals import Estimate

_HOW = (
    "Times are skewed and conditions slow people down by factors, so logarithms are "
    "averaged, with people and images as clusters, and turned back: the geometric mean, "
    "and ratios of two of them."
)


def time_blocks(bundle: Bundle) -> list[Block]:
    """Geometric means and ratios; empty where responses have no times."""
    times = response_times(bundle)
    if times.rows.empty:
        return []
    blocks: list[Block] = [
        Prose(text=_HOW, kind="how"),
        _summary_table(time_summaries(times, all_as=ALL), n_without=times.n_without),
    ]
    if ratios := time_ratios(times):
        blocks.append(_ratio_table(ratios))
    return blocks


def _summary_table(found: Sequence[TimeSummary], *, n_without: int) -> DataTable:
    shown = pd.DataFrame(
        {
            "condition": [each.condition for each in found],
            "geometric mean, s": [_seconds(each.mean_ms) for each in found],
            "median, s": [f"{each.median_ms / 1000:.2f}" for each in found],
            "responses": [count(each.mean_ms.n) for each in found],
            "people": [count(each.mean_ms.n_people) for each in found],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "condition": each.condition,
                **estimate_numbers(each.mean_ms, "geometric_mean_ms"),
                "median_ms": each.median_ms,
                "n_responses": each.mean_ms.n,
                "n_participants": each.mean_ms.n_people,
                "method": each.mean_ms.method,
            }
            for each in found
        ]
    ).rename(columns={"geometric_mean_ms_standard_error": "standard_error_of_log"})
    left = f" {count(n_without)} responses have no time." if n_without else ""
    return DataTable(
        name="response_times",
        caption="Response times of the responses that count, geometric means with 95 % "
        f"intervals for other people and images like these.{left}{_why(found)}",
        shown=shown.drop(columns="condition") if len(found) == 1 else shown,
        numbers=numbers,
        text_columns=0 if len(found) == 1 else 1,
    )


def _why(found: Sequence[TimeSummary]) -> str:
    reasons = {e.mean_ms.method for e in found if isnan(e.mean_ms.low)}
    return f" {'; '.join(sorted(reasons)).capitalize()}." if reasons else ""


def _ratio_table(found: Sequence[TimeRatio]) -> DataTable:
    estimates = [each.ratio.estimate for each in found]
    return DataTable(
        name="response_time_ratios",
        caption="Ratios of geometric means of response times (95 % intervals, "
        "uncorrected; p values of a ratio of 1, also with Holm's correction over the "
        f"{len(found)} ratios).",
        shown=pd.DataFrame(
            {
                "ratio": [f"{each.above} / {each.below}" for each in found],
                "times": [_ratio(each) for each in estimates],
                "p": [p_text(each.ratio.p_value) for each in found],
                "p (Holm)": [p_text(each.p_holm) for each in found],
            }
        ),
        numbers=pd.DataFrame(
            [
                {
                    "above": each.above,
                    "below": each.below,
                    **estimate_numbers(each.ratio.estimate, "ratio"),
                    "p_value": each.ratio.p_value,
                    "p_holm": each.p_holm,
                    "method": each.ratio.estimate.method,
                }
                for each in found
            ]
        ).rename(columns={"ratio_standard_error": "standard_error_of_log"}),
    )


def _seconds(found: Estimate) -> str:
    value, low, high = (each / 1000 for each in (found.value, found.low, found.high))
    return f"{value:.2f}" if isnan(low) else amount(value, low, high)


def _ratio(found: Estimate) -> str:
    if isnan(found.low):
        return f"{found.value:.2f}" if found.n else NOTHING
    return amount(found.value, found.low, found.high)
