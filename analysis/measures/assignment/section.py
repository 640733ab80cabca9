"""The assignment study's part of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Final

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.elements.equivalence import with_equivalence
from analysis.elements.sections import Block, Chapter, Prose, Section
from analysis.elements.wording import count, interval, p_text
from analysis.errors import AnalysisError
from analysis.measures.assignment import tables
from analysis.measures.assignment.logistic_models import fit_models, sparse_words
from analysis.measures.assignment.numbers import (
    CONDITIONS,
    ConditionRate,
    assignment_responses,
    condition_name,
    condition_rates,
    conditions_of,
    detectable,
    is_assignment,
    planned_contrasts,
)
from analysis.measures.assignment.time_limits import (
    equal_loss,
    time_limits,
    time_losses,
)
from analysis.measures.base import MeasuredOutcome, Told

_INTRO: Final = (
    "People assigned a target to one of the groups of images; conditions differ in how "
    "the images of the groups were chosen and in nothing else. Intervals take people "
    "and items (a set of classes with a target) as drawn anew."
)
_PLANNED: Final = (
    "Comparisons planned before the responses came in. Selections are compared over the "
    "numbers of prototypes that both have; random images with the mean of the "
    "adversarial conditions. People and items that both sides share cancel."
)
_MODELS: Final = (
    "Two logistic models of the same responses. The mixed model gives every person and "
    "every item an effect of its own ({mixed}); the other compares conditions and lets "
    "errors be alike within people and within items ({clustered}). Differences are log "
    "odds: 0.41 is half as much again, 0.69 twice the odds. The first speaks of a "
    "typical person and item, the second of all together, so it lies nearer zero. The "
    "first takes a condition to move everybody alike; where people differ in what a "
    "condition does to them, the second is right and the first too sure."
)
_SPREAD: Final = (
    "In the mixed model people differ by a standard deviation of {people:.2f} log odds, "
    "items by {items:.2f}."
)
_SLOW: Final = (
    "Whoever takes too long is left out, and a condition that is harder to read takes "
    "longer, so limits of time can make conditions differ that do not, or hide that "
    "they do. Both are given: what each condition loses, and the result without the "
    "limits."
)


class AssignmentMeasure:
    """Success per condition, planned contrasts and what exclusions do to them."""

    name = "assignment"
    tells: Final = frozenset({Told.GRADES})

    def applies(self, bundle: Bundle) -> bool:
        """Whether targets were assigned to groups."""
        return is_assignment(bundle)

    def headline(self, bundle: Bundle) -> list[str]:
        """The success rate of every condition."""
        rates = condition_rates(bundle, assignment_responses(bundle))
        if not any(rate.success.n for rate in rates):
            return [_nothing(bundle)]
        lines = [f"{'condition':<40} assigned to the right group"]
        lines += [
            f"{rate.name:<40} {interval(rate.success)}  n = {count(rate.success.n)}"
            for rate in rates
        ]
        return lines

    def sentences(self, bundle: Bundle) -> list[str]:
        """The best and the worst condition."""
        rates = condition_rates(bundle, assignment_responses(bundle))
        known = sorted((r for r in rates if r.success.n), key=lambda r: r.success.value)
        if not known:
            return []
        best = f"in {interval(known[-1].success)} with {known[-1].name}"
        worst = f", in {interval(known[0].success)} with {known[0].name}"
        return [
            f"People find the right group {best}{worst if len(known) > 1 else ''} "
            "(95 % intervals)."
        ]

    def outcomes(self, bundle: Bundle) -> list[MeasuredOutcome]:
        """The success rate of every condition."""
        return [
            MeasuredOutcome(
                name=f"right, {rate.name}",
                value=rate.success.value,
                low=rate.success.low,
                high=rate.success.high,
                n=rate.success.n,
            )
            for rate in condition_rates(bundle, assignment_responses(bundle))
        ]

    def sections(self, bundle: Bundle) -> list[Section]:
        """Table 3, the planned contrasts, time and power."""
        responses = assignment_responses(bundle)
        rates = condition_rates(bundle, responses)
        if not any(rate.success.n for rate in rates):
            warning = Prose(kind="warning", text=_nothing(bundle))
            return [
                Section(
                    id="result",
                    chapter=Chapter.RESULT,
                    title="Success rates",
                    blocks=[warning],
                )
            ]
        found = [_result(rates)]
        contrasts = planned_contrasts(responses, conditions_of(bundle))
        if contrasts:
            blocks: list[Block] = [
                Prose(text=_PLANNED),
                with_equivalence(
                    tables.contrast_table(contrasts),
                    [each.difference.estimate for each in contrasts],
                    margin=bundle.equivalence_margin,
                ),
                tables.contrast_drawing(contrasts),
            ]
            title = "Planned comparisons"
            found.append(
                Section(
                    id="contrasts",
                    chapter=Chapter.CONTRASTS,
                    title=title,
                    blocks=blocks,
                )
            )
            weights = {each.name: each.weights for each in contrasts}
            found.append(_models(responses, weights))
        found.append(_time(bundle))
        if could := detectable(rates):
            text = Prose(text=tables.power_words(could))
            title = "What so many responses can show"
            found.append(
                Section(id="power", chapter=Chapter.POWER, title=title, blocks=[text])
            )
        return found


def _nothing(bundle: Bundle) -> str:
    n_given = len(assignment_responses(bundle, only_counted=False))
    if n_given == 0:
        return "Nobody has assigned a target yet, so there are no numbers."
    return (
        f"None of the {count(n_given)} assignments counts: every one was excluded, so "
        "there are no numbers. Exclusions are listed below with their reasons."
    )


def _result(rates: Sequence[ConditionRate]) -> Section:
    blocks: list[Block] = [Prose(text=_INTRO), tables.success_table(rates)]
    blocks.append(tables.success_drawing(rates))
    if grid := tables.grid_table(rates):
        blocks.append(grid)
    if words := _missing(rates):
        blocks.append(Prose(kind="warning", text=words))
    return Section(
        id="result", chapter=Chapter.RESULT, title="Success rates", blocks=blocks
    )


def _missing(rates: Sequence[ConditionRate]) -> str:
    """Conditions of the paper that the set lacks, and those without responses."""
    there = {rate.condition for rate in rates}
    lacking = [condition_name(c) for c in CONDITIONS if c not in there]
    empty = [rate.name for rate in rates if not rate.success.n]
    words = []
    if lacking and there & set(CONDITIONS):
        words.append(
            f"The set lacks {len(lacking)} of the seven conditions "
            f"({'; '.join(lacking)}), so comparisons with them are left out; "
            "`conditions` in the recipe names them."
        )
    if empty:
        words.append(f"No response counts yet for: {'; '.join(empty)}.")
    return " ".join(words)


def _models(
    responses: pd.DataFrame, weights: Mapping[str, Mapping[str, float]]
) -> Section:
    """The models, or why there are none."""
    title = "The same comparisons in logistic models"
    try:
        models = fit_models(responses, weights)
    except AnalysisError as error:
        warning = Prose(kind="warning", text=f"No model was fitted: {error}.")
        return Section(id="model", chapter=Chapter.MODEL, title=title, blocks=[warning])
    mixed = models.mixed
    intro = _MODELS.format(mixed=mixed.method, clustered=models.clustered.method)
    spread = _SPREAD.format(people=mixed.sd_participant, items=mixed.sd_stimulus)
    blocks: list[Block] = [Prose(text=intro), Prose(text=spread)]
    if sparse := sparse_words(responses):
        blocks.append(Prose(kind="note", text=sparse))
    for name, fit in (("mixed", mixed), ("clustered", models.clustered)):
        if fit.refusal:
            text = f"The {name} model gives estimates only: {fit.refusal}."
            blocks.append(Prose(kind="warning", text=text))
    if not mixed.is_converged:
        text = "The mixed model did not converge; read the clustered one."
        blocks.append(Prose(kind="warning", text=text))
    blocks.append(tables.model_table(models.contrasts))
    return Section(id="model", chapter=Chapter.MODEL, title=title, blocks=blocks)


def _time(bundle: Bundle) -> Section:
    losses = time_losses(bundle)
    limits = time_limits(bundle)
    blocks: list[Block] = [Prose(text=_SLOW), Prose(text=_rule(limits))]
    blocks.append(tables.loss_table(losses))
    tested = equal_loss(bundle)
    if not isnan(tested.p_value):
        text = (
            "Every condition loses the same share of each person's responses: "
            f"{tested.method}, {count(tested.n_people)} people, p "
            f"{p_text(tested.p_value, is_in_text=True)}."
        )
        blocks.append(Prose(text=text))
    blocks.append(tables.without_time_table(losses))
    return Section(
        id="response-time",
        chapter=Chapter.TIMES,
        title="Exclusion by condition, and time",
        blocks=blocks,
    )


def _rule(limits: tuple[float, float] | None) -> str:
    if limits is None:
        return (
            "This study has no limits of time for single responses, so the result "
            "without them is the result."
        )
    low, high = limits
    return f"Responses between {low:g} s and {high:g} s on the wall clock count."
