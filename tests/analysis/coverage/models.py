"""Logistic, ordinal and item-response models, in worlds of logistic responses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import logit

from analysis.statistics.aggregation.item_response import item_response
from analysis.statistics.models.logistic import (
    LogisticFit,
    clustered_logistic,
    crossed_logistic,
)
from analysis.statistics.models.ordinal import ordinal_logistic
from tests.analysis.coverage.condition_worlds import (
    ConditionWorld,
    ordinal_difference,
    shares,
    simulate,
)
from tests.analysis.coverage.rows import Drawn, Row

_NAMES: Final[dict[str, Any]] = {
    "condition": "shown",
    "participant": "person",
    "stimulus": "image",
}
_STEPS: Final = (-1.5, -0.5, 0.5, 1.5)
_MIXED: Final = "mixed logistic model, difference of two conditions (log odds)"
_CLUSTERED: Final = "clustered logistic model, difference of two conditions (log odds)"
_ORDINAL: Final = "ordinal model, difference of two conditions (log odds)"
_ABILITY: Final = "item response, a person's ability (log odds)"
_DIFFICULTY: Final = "item response, a trial's difficulty (log odds)"


def _mixed(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    fit = crossed_logistic(simulate(world, rng).frame, outcome="says", **_NAMES)
    return _second(fit, truth=world.log_odds[1] - world.log_odds[0])


def _mixed_share(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    fit = crossed_logistic(simulate(world, rng).frame, outcome="says", **_NAMES)
    return _share(fit, world)


def _clustered(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    fit = _clustered_fit(world, rng)
    of_a, of_b = logit(shares(world))
    return _second(fit, truth=float(of_b - of_a))


def _clustered_share(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    return _share(_clustered_fit(world, rng), world)


def _clustered_fit(world: ConditionWorld, rng: np.random.Generator) -> LogisticFit:
    return clustered_logistic(
        simulate(world, rng).frame,
        outcome="says",
        clusters=["scene"] if world.group > 1 else [],
        **_NAMES,
    )


def _second(fit: LogisticFit, *, truth: float) -> Drawn:
    return _drawn(fit.coefficients.iloc[1], truth=truth, refusal=fit.refusal)


def _share(fit: LogisticFit, world: ConditionWorld) -> Drawn:
    row = fit.probabilities.iloc[0]
    return Drawn(
        truth=shares(world)[0], value=row["share"], low=row["low"], high=row["high"]
    )


def _ordinal(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    fit = ordinal_logistic(
        simulate(world, rng).frame,
        answer="says",
        order=range(len(world.steps) + 1),  # type: ignore[arg-type]
        clusters=["scene"] if world.group > 1 else [],
        **_NAMES,
    )
    row = fit.differences.iloc[0]
    return _drawn(row, truth=ordinal_difference(world), refusal=row["refusal"])


def _drawn(row: pd.Series, *, truth: float, refusal: str) -> Drawn:
    return Drawn(
        truth=truth,
        value=row["estimate"],
        low=row["low"],
        high=row["high"],
        p_value=row["p_value"],
        refusal=refusal,
    )


def _ability(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    return _effect(world, rng, side="worker", effect="ability")


def _difficulty(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    return _effect(world, rng, side="task", effect="difficulty")


def _effect(
    world: ConditionWorld, rng: np.random.Generator, *, side: str, effect: str
) -> Drawn:
    """Of one person or trial, the first."""
    study = simulate(world, rng)
    names = {"person": "worker", "image": "task", "says": "right"}
    fit = item_response(study.frame.rename(columns=names))
    table = fit.workers if side == "worker" else fit.tasks
    truths = study.people if side == "worker" else -study.stimuli
    row = table.iloc[0]
    return Drawn(
        truth=float(truths[int(row[side])]),
        value=row[effect],
        low=row["low"],
        high=row["high"],
        refusal=fit.refusal,
    )


def _level(world: ConditionWorld, rng: np.random.Generator) -> Drawn:
    frame = simulate(world, rng).frame
    names = {"person": "worker", "image": "task", "says": "right"}
    fit = item_response(frame.rename(columns=names))
    return Drawn(
        truth=world.log_odds[0],
        value=fit.level,
        low=fit.level_low,
        high=fit.level_high,
        refusal=fit.refusal,
    )


_IRT: Final = "analysis.statistics.aggregation.item_response.item_response"
_KINDS: Final = {
    "mixed": (_mixed, "analysis.statistics.models.logistic.crossed_logistic", _MIXED),
    "clustered": (
        _clustered,
        "analysis.statistics.models.logistic.clustered_logistic",
        _CLUSTERED,
    ),
    "ordinal": (
        _ordinal,
        "analysis.statistics.models.ordinal.ordinal_logistic",
        _ORDINAL,
    ),
    "ability": (_ability, _IRT, _ABILITY),
    "difficulty": (_difficulty, _IRT, _DIFFICULTY),
    "level": (_level, _IRT, "item response, level (log odds)"),
    "mixed share": (
        _mixed_share,
        "analysis.statistics.models.logistic.crossed_logistic",
        "mixed logistic model, share under one condition",
    ),
    "clustered share": (
        _clustered_share,
        "analysis.statistics.models.logistic.clustered_logistic",
        "clustered logistic model, share under one condition",
    ),
}


def _row(what: str, words: str, world: ConditionWorld, **options: Any) -> Row:
    study, shows, place = _KINDS[what]
    return Row(
        place=place,
        world=words,
        shows=(shows,),
        study=partial(study, world),
        scale=100 if what.endswith("share") else 1,
        **options,
    )


_FOUR: Final = ConditionWorld(n_people=4, n_stimuli=20, log_odds=(0.8, 0.0))
_EIGHT: Final = ConditionWorld(n_people=8, n_stimuli=20, log_odds=(0.8, 0.0))
_SPARSE: Final = ConditionWorld(
    n_people=12, n_stimuli=80, n=2, is_within=True, log_odds=(0.8, 0.0)
)
_WITHIN: Final = ConditionWorld(
    n_people=15, n_stimuli=30, is_within=True, log_odds=(0.8, 0.0), slopes=0.4
)
_COPIES: Final = ConditionWorld(
    n_people=15, n_stimuli=60, n=4, is_within=True, log_odds=(0.8, 0.0), group=5
)
_SCALE: Final = ConditionWorld(
    n_people=20, n_stimuli=24, is_within=True, log_odds=(0.0, 0.5), steps=_STEPS
)
_APART: Final = ConditionWorld(
    n_people=12, n_stimuli=40, n=5, log_odds=(0.0, 0.5), steps=_STEPS
)
_ASKED: Final = ConditionWorld(n_stimuli=30, log_odds=(0.8,))

ROWS: Final = (
    _row("mixed", "8 people in either condition", _EIGHT),
    _row("mixed", "12 people in both, 2 responses per trial and condition", _SPARSE),
    _row(
        "mixed",
        "8 people in either condition, no effect",
        replace(_EIGHT, log_odds=(0.8, 0.8)),
        kind="test",
    ),
    _row("mixed share", "8 people in either condition", _EIGHT),
    _row("clustered share", "8 people in either condition", _EIGHT),
    _row("clustered", "4 people in either condition", _FOUR),
    _row(
        "clustered",
        "15 people in both, groups of 5 near copies",
        _COPIES,
        wider_because="nothing differs in the effect, and variances of what does are "
        "cut at zero, which takes them for too large on average",
    ),
    _row("clustered", "8 people in either condition", _EIGHT, n_quick=100),
    _row("clustered", "15 people in both, who differ in the effect", _WITHIN),
    _row(
        "clustered",
        "20 people in either condition, no effect, 1 in 10 says yes to all",
        replace(_EIGHT, n_people=20, log_odds=(0.3, 0.3), yes_sayers=0.1),
        kind="test",
    ),
    _row("ordinal", "20 people in both conditions, 5 answers", _SCALE, n_quick=100),
    _row("ordinal", "12 people in either condition, 5 answers", _APART),
    _row(
        "ordinal",
        "12 people in either condition, 5 answers, groups of 5 near copies",
        replace(_APART, group=5),
    ),
    _row(
        "ordinal",
        "12 people in either condition, 5 answers, no effect",
        replace(_APART, log_odds=(0.0, 0.0)),
        kind="test",
    ),
    _row("ability", "6 people, 30 trials", replace(_ASKED, n_people=6)),
    _row("level", "20 people, 30 trials", replace(_ASKED, n_people=20)),
    _row(
        "difficulty",
        "20 people, 60 trials, 5 responses a trial",
        replace(_ASKED, n_people=20, n_stimuli=60, n=5),
    ),
)
