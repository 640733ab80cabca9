"""Tables and figures of the assignment study."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.elements import figures
from analysis.elements.sections import DataTable, Drawing
from analysis.elements.wording import (
    NOTHING,
    count,
    estimate_numbers,
    interval,
    log_odds,
    p_text,
    percent,
    points,
)
from analysis.measures.assignment.numbers import (
    PAPER_DIFFERENCE,
    SELECTIONS,
    SIZE_NAMES,
    SIZES,
    ConditionRate,
    DetectableDifference,
    PlannedContrast,
    condition_name,
)
from analysis.measures.assignment.time_limits import TimeLoss

POWER: Final = (
    "With {n} counted responses in the smallest condition and {share} right, a "
    "difference of {independent} points between two conditions would have been found "
    "in 80 of 100 such studies, were responses independent. People give several and "
    "items come back: at the design effect seen here ({effect:.2f}) it is {clustered} "
    "points. The {paper} points published for the two adversarial conditions would "
    "need about {needed} responses per condition."
)


def success_table(rates: Sequence[ConditionRate]) -> DataTable:
    """Success rate per condition, one row each."""
    shown = pd.DataFrame(
        {
            "condition": [rate.name for rate in rates],
            "right": [interval(rate.success) for rate in rates],
            "chance": [percent(rate.chance) for rate in rates],
            "responses": [count(rate.success.n) for rate in rates],
            "people": [count(rate.success.n_people) for rate in rates],
            "items": [count(rate.n_items) for rate in rates],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "condition": rate.condition,
                **estimate_numbers(rate.success, "right"),
                "chance": rate.chance,
                "design_effect": rate.success.design_effect,
                "n_responses": rate.success.n,
                "n_participants": rate.success.n_people,
                "n_items": rate.n_items,
            }
            for rate in rates
        ]
    )
    return DataTable(
        name="success",
        caption="Targets assigned to the right group, share of counted responses (95 % "
        "intervals that count people and items as clusters).",
        shown=shown,
        numbers=numbers,
    )


def grid_table(rates: Sequence[ConditionRate]) -> DataTable | None:
    """Table 3: selections down, sizes across; None for other conditions."""
    found = {rate.condition: rate for rate in rates}
    rows = []
    for selection, name in SELECTIONS.items():
        cells = {
            SIZE_NAMES[size]: interval(found[f"{selection}-{size}"].success)
            if f"{selection}-{size}" in found
            else NOTHING
            for size in SIZES
        }
        if set(cells.values()) != {NOTHING}:
            rows.append({"images chosen by": name, **cells})
    if not rows:
        return None
    shown = pd.DataFrame(rows)
    numbers = pd.DataFrame(
        [
            {"condition": rate.condition, **estimate_numbers(rate.success, "right")}
            for rate in rates
        ]
    )
    return DataTable(
        name="success_grid",
        caption="The same as a grid: how the images of a group were chosen, and which.",
        shown=shown,
        numbers=numbers,
    )


def success_drawing(rates: Sequence[ConditionRate]) -> Drawing:
    """Success rates with intervals and the line of chance."""
    said = "; ".join(f"{rate.name}: {interval(rate.success)}" for rate in rates)
    chances = [rate.chance for rate in rates if not isnan(rate.chance)]
    return Drawing(
        name="success",
        caption="Share of targets assigned to the right group (95 % intervals); dashed: "
        "what guessing gives.",
        alt=f"{said}.",
        figure=figures.shares(
            [rate.name for rate in rates],
            [rate.success for rate in rates],
            quantity="assigned to the right group",
            chance=chances[0] if chances else None,
        ),
    )


def contrast_table(contrasts: Sequence[PlannedContrast]) -> DataTable:
    """Planned comparisons with Holm's correction."""
    shown = pd.DataFrame(
        {
            "comparison": [each.name for each in contrasts],
            "difference": [points(each.difference.estimate) for each in contrasts],
            "p": [p_text(each.difference.p_value) for each in contrasts],
            "p (Holm)": [p_text(each.p_holm) for each in contrasts],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "comparison": each.name,
                **estimate_numbers(each.difference.estimate, "difference"),
                "p_value": each.difference.p_value,
                "p_holm": each.p_holm,
                "weights": ", ".join(f"{c} {w:+.3f}" for c, w in each.weights.items()),
            }
            for each in contrasts
        ]
    )
    return DataTable(
        name="planned_contrasts",
        caption="Planned comparisons of success rates, percentage points (95 % "
        "intervals, uncorrected; p values also with Holm's correction over the "
        f"{len(contrasts)} comparisons).",
        shown=shown,
        numbers=numbers,
    )


def contrast_drawing(contrasts: Sequence[PlannedContrast]) -> Drawing:
    """The planned comparisons."""
    said = "; ".join(f"{c.name}: {points(c.difference.estimate)}" for c in contrasts)
    return Drawing(
        name="planned_contrasts",
        caption="Planned comparisons of success rates (95 % intervals, uncorrected).",
        alt=f"{said}.",
        figure=figures.point_differences(
            [each.name for each in contrasts],
            [each.difference.estimate for each in contrasts],
            quantity="difference of success rates",
        ),
    )


def model_table(contrasts: pd.DataFrame) -> DataTable:
    """The same comparisons by either logistic model."""
    shown = pd.DataFrame({"comparison": contrasts["comparison"]})
    for name, head in (("mixed", "mixed model"), ("clustered", "clustered errors")):
        shown[head] = _log_odds(contrasts, name)
        holms = contrasts[f"{name}_p_holm"]
        shown[f"p (Holm), {head}"] = [p_text(float(each)) for each in holms]
    return DataTable(
        name="model_contrasts",
        caption="Planned comparisons as differences of log odds (95 % intervals, "
        "uncorrected), with Holm's p values.",
        shown=shown,
        numbers=contrasts,
    )


def loss_table(losses: Sequence[TimeLoss]) -> DataTable:
    """What each condition loses, and by what."""
    shown = pd.DataFrame(
        {
            "condition": [condition_name(loss.condition) for loss in losses],
            "given": [count(loss.n_given) for loss in losses],
            "too quick": [_part(loss.n_quick, loss) for loss in losses],
            "too slow": [_part(loss.n_slow, loss) for loss in losses],
            "excluded": [_part(loss.n_excluded, loss) for loss in losses],
            "median": [_seconds(loss.median_s) for loss in losses],
            "all shown after": [_seconds(loss.median_all_shown_s) for loss in losses],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "condition": loss.condition,
                "n_given": loss.n_given,
                "n_too_quick": loss.n_quick,
                "n_too_slow": loss.n_slow,
                "n_excluded": loss.n_excluded,
                "share_excluded": loss.share_excluded,
                "median_wall_s": loss.median_s,
                "median_all_shown_s": loss.median_all_shown_s,
            }
            for loss in losses
        ]
    )
    return DataTable(
        name="exclusion_by_condition",
        caption="Responses given and left out by condition (people who withdrew are in "
        "neither); medians of the time on the wall clock and until the last image was "
        "on screen, of all responses given.",
        shown=shown,
        numbers=numbers,
    )


def without_time_table(losses: Sequence[TimeLoss]) -> DataTable:
    """Success as counted, without the limits of time, and before any exclusion."""
    shown = pd.DataFrame(
        {
            "condition": [condition_name(loss.condition) for loss in losses],
            "as counted": [interval(loss.counted) for loss in losses],
            "without time limits": [interval(loss.without_time) for loss in losses],
            "before any exclusion": [interval(loss.before) for loss in losses],
        }
    )
    numbers = pd.DataFrame(
        [
            {
                "condition": loss.condition,
                **estimate_numbers(loss.counted, "counted"),
                **estimate_numbers(loss.without_time, "without_time"),
                **estimate_numbers(loss.before, "before"),
                "n_counted": loss.counted.n,
                "n_without_time": loss.without_time.n,
                "n_before": loss.before.n,
            }
            for loss in losses
        ]
    )
    return DataTable(
        name="success_without_time_limits",
        caption="Success rates as counted, as if responses had no limits of time, and "
        "before any exclusion (the first n responses of each trial each time).",
        shown=shown,
        numbers=numbers,
    )


def power_words(found: DetectableDifference) -> str:
    """What these responses could have shown."""
    return POWER.format(
        n=count(found.n),
        share=percent(found.share),
        independent=f"{100 * found.independent:.1f}",
        effect=found.design_effect,
        clustered=f"{100 * found.clustered:.1f}",
        paper=f"{100 * PAPER_DIFFERENCE:.2f}",
        needed=count(found.n_for_paper),
    )


def _part(n: int, loss: TimeLoss) -> str:
    return f"{count(n)} ({percent(n / loss.n_given)})" if loss.n_given else NOTHING


def _seconds(seconds: float) -> str:
    return NOTHING if isnan(seconds) else f"{seconds:.1f} s"


def _log_odds(contrasts: pd.DataFrame, name: str) -> Sequence[str]:
    columns = [contrasts[f"{name}_{end}"] for end in ("estimate", "low", "high")]
    return [log_odds(*each) for each in zip(*columns, strict=True)]
