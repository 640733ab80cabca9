"""Alpha, kappas, error consistency and reliability, over simulated studies.

Everybody meets images with a log odds of every answer; people lean, are of several
kinds and do unequally much. Truth is by quadrature over people and images, or, where
an interval is for the people who took part, over images with these very people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit

from analysis.statistics.agreement import (
    Scale,
    alpha_interval,
    fleiss_interval,
    pooled_kappa,
)
from analysis.statistics.error_consistency import (
    error_consistency,
    mean_error_consistency,
)
from analysis.statistics.intervals import Estimate
from analysis.statistics.reliability import (
    noise_ceiling,
    split_half_reliability,
)
from tests.analysis.coverage.people import (
    Population,
    chance_of_yes,
    draw_images,
    draw_votes,
    meetings,
)
from tests.analysis.coverage.rows import Drawn, Row

Floats = npt.NDArray[np.float64]

_POINTS: Final = 4000
_ALWAYS: Final = 0.97


def _all_like(population: Population) -> Floats:
    points = stats.norm.ppf((np.arange(_POINTS) + 0.5) / _POINTS)
    spread = np.hypot(population.images, population.classes)
    return np.asarray(population.mean + spread * points)


@cache
def true_alpha(population: Population) -> float:
    """Variance of the chance of yes between images, over that of single votes."""
    yes = chance_of_yes(population, _all_like(population))
    return float(yes.var() / (yes.mean() * (1 - yes.mean())))


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Votes of a few people whose leanings are known.

    Attributes:
        frame: Columns trial, participant, says.
        alpha: What alpha would be over endless images with these people, who judge
            as large a share of them.
        kappa: The same of all pairs, chance being that of each pair.
    """

    frame: pd.DataFrame
    alpha: float
    kappa: float


def draw_panel(population: Population, rng: np.random.Generator) -> Panel:
    """A study of these people, with the truth of these people."""
    images = draw_images(population, rng)
    image, person = meetings(population, len(images.log_odds), rng=rng)
    n_people = int(person.max()) + 1
    lean = rng.normal(0, population.lean, n_people)
    kind = rng.random(n_people)
    says = rng.random(len(image)) < _chances(
        population, images.log_odds[image] + lean[person], kind[person]
    )
    frame = pd.DataFrame(
        {"trial": image, "participant": person, "says": says.astype(int)}
    )
    chances = _chances(population, _all_like(population)[:, None] + lean, kind[None, :])
    share = np.bincount(person, minlength=n_people) / len(person)
    alpha, kappa = _truth(chances, share, met=_met(image, person))
    return Panel(frame=frame, alpha=alpha, kappa=kappa)


def _chances(population: Population, log_odds: Floats, kind: Floats) -> Floats:
    chance = expit(log_odds)
    edges = np.cumsum(
        [population.yes_sayers, population.no_sayers, population.guessers]
    )
    chance = np.where(kind < edges[2], 0.5, chance)
    chance = np.where(kind < edges[1], 1 - _ALWAYS, chance)
    return np.where(kind < edges[0], _ALWAYS, chance)


def _met(image: npt.NDArray[np.int_], person: npt.NDArray[np.int_]) -> Floats:
    """On how many images every two people met, shape (people, people)."""
    saw = np.zeros((int(image.max()) + 1, int(person.max()) + 1))
    saw[image, person] = 1
    met = saw.T @ saw
    np.fill_diagonal(met, 0)
    return np.asarray(met)


def _truth(chances: Floats, share: Floats, *, met: Floats) -> tuple[float, float]:
    """Alpha and pooled kappa of these people, who meet as often as they did."""
    both = chances.T @ (1 - chances) / len(chances)
    means = chances.mean(axis=0)
    apart = np.outer(means, 1 - means)
    observed = float((met * (both + both.T)).sum() / met.sum())
    by_pair = float((met * (apart + apart.T)).sum() / met.sum())
    yes = float(share @ means)
    return 1 - observed / (2 * yes * (1 - yes)), 1 - observed / by_pair


NAMES: Final = {"unit": "trial", "rater": "participant", "value": "says"}
RARE: Final = Population(n_images=60, mean=-3.45)
ODD: Final = Population(yes_sayers=0.1, guessers=0.1)

Interval = Callable[[pd.DataFrame], Estimate]


def of_alpha(frame: pd.DataFrame) -> Estimate:
    return alpha_interval(frame, unit="trial", rater="participant", value="says")


def of_fleiss(frame: pd.DataFrame) -> Estimate:
    return fleiss_interval(frame, unit="trial", rater="participant", value="says")


def of_kappa(frame: pd.DataFrame) -> Estimate:
    return pooled_kappa(frame, unit="trial", rater="participant", value="says")


def of_consistency(frame: pd.DataFrame) -> Estimate:
    return mean_error_consistency(
        frame, decider="participant", trial="trial", is_right="says"
    )


def of_reliability(frame: pd.DataFrame) -> Estimate:
    return split_half_reliability(
        frame, unit="trial", rater="participant", value="says", n=5
    )


def of_ceiling(frame: pd.DataFrame) -> Estimate:
    return noise_ceiling(of_reliability(frame))


def for_others(
    rng: np.random.Generator,
    *,
    population: Population,
    interval: Interval = of_alpha,
    change: Callable[[float], float] = lambda alpha: alpha,
    only_others: bool = False,
) -> Drawn:
    """People and images are both drawn from all like them.

    With `only_others` intervals that are for these people are none.
    """
    votes = draw_votes(population, rng)
    frame = pd.DataFrame(
        {
            "trial": votes.image,
            "participant": votes.person,
            "says": votes.says.astype(int),
        }
    )
    found = interval(frame)
    if only_others and found.target == "ignores people":
        return Drawn(truth=true_alpha(population), refusal=found.method)
    return Drawn.of(found, truth=change(true_alpha(population)))


def for_these(
    rng: np.random.Generator, *, population: Population, interval: Interval = of_alpha
) -> Drawn:
    """Images are drawn anew, people are as they are."""
    panel = draw_panel(population, rng)
    is_kappa = interval in (of_kappa, of_consistency)
    return Drawn.of(
        interval(panel.frame), truth=panel.kappa if is_kappa else panel.alpha
    )


ALPHA: Final = "analysis.statistics.agreement.alpha_interval"
_STEPS: Final = np.array([-3.0, -1.0, 1.0, 3.0])


def likert(rng: np.random.Generator, *, population: Population, scale: Scale) -> Drawn:
    """Answers on five steps, cut from the same log odds."""
    votes = draw_images(population, rng)
    image, person = meetings(population, len(votes.log_odds), rng=rng)
    lean = rng.normal(0, population.lean, int(person.max()) + 1)
    felt = votes.log_odds[image] + lean[person] + rng.logistic(size=len(image))
    frame = pd.DataFrame(
        {
            "trial": image,
            "participant": person,
            "says": np.searchsorted(_STEPS, felt) + 1,
        }
    )
    found = alpha_interval(
        frame, unit="trial", rater="participant", value="says", scale=scale
    )
    return Drawn.of(found, truth=true_likert(population, scale))


@cache
def true_likert(population: Population, scale: Scale) -> float:
    """Alpha of endless images and people who answer on five steps."""
    points = stats.norm.ppf((np.arange(64) + 0.5) / 64) * population.lean
    felt = _all_like(population)[:, None, None] + points[:, None]
    above = expit(felt - _STEPS).mean(axis=1)
    whole = np.ones((len(above), 1))
    share = np.hstack([whole, above]) - np.hstack([above, 0 * whole])
    mean = share.mean(axis=0)
    at = np.arange(5.0)
    if scale == "ordinal":
        at = np.cumsum(mean) - mean / 2
    apart = (at[:, None] - at) ** 2
    if scale == "nominal":
        apart = 1.0 - np.eye(5)
    observed = np.einsum("ia,ab,ib->i", share, apart, share).mean()
    return float(1 - observed / (mean @ apart @ mean))


def with_classifier(rng: np.random.Generator, *, population: Population) -> Drawn:
    """People and a classifier that finds the same images hard."""
    votes = draw_votes(population, rng)
    found = rng.random(population.n_images) < expit(votes.images.log_odds)
    frame = pd.DataFrame(
        {
            "who": np.append(
                votes.person.astype(str), np.repeat("net", population.n_images)
            ),
            "trial": np.append(votes.image, np.arange(population.n_images)),
            "right": np.append(votes.says, found),
        }
    )
    people = sorted(set(frame["who"]) - {"net"})
    estimate = mean_error_consistency(
        frame,
        decider="who",
        trial="trial",
        is_right="right",
        between=(people, ["net"]),
    )
    log_odds = _all_like(population)
    one, other = chance_of_yes(population, log_odds), expit(log_odds)
    return Drawn.of(estimate, truth=_kappa(one, other))


def of_two(rng: np.random.Generator, *, population: Population) -> Drawn:
    """Two deciders, each the one they are."""
    log_odds = draw_images(population, rng).log_odds
    chances = [expit(log_odds + 0.5), expit(log_odds - 0.3)]
    said = [rng.random(len(log_odds)) < chance for chance in chances]
    trial = np.arange(len(log_odds))
    frame = pd.DataFrame(
        {
            "who": np.repeat(["a", "b"], len(trial)),
            "trial": np.tile(trial, 2),
            "right": np.concatenate(said),
        }
    )
    row = error_consistency(frame, decider="who", trial="trial", is_right="right").iloc[
        0
    ]
    every = _all_like(population)
    return Drawn(
        truth=_kappa(expit(every + 0.5), expit(every - 0.3)),
        value=row["kappa"],
        low=row["low"],
        high=row["high"],
        refusal=row["method"] if np.isnan(row["low"]) else "",
    )


def _kappa(one: Floats, other: Floats) -> float:
    observed = (one * (1 - other) + other * (1 - one)).mean()
    expected = one.mean() * (1 - other.mean()) + other.mean() * (1 - one.mean())
    return float(1 - observed / expected)


def of_groups(
    rng: np.random.Generator,
    *,
    population: Population,
    by: tuple[str, ...] = ("group",),
) -> Drawn:
    """Images come in groups of near copies, which are one cluster each."""
    votes = draw_votes(population, rng)
    frame = pd.DataFrame(
        {
            "trial": votes.image,
            "participant": votes.person,
            "says": votes.says.astype(int),
            "group": votes.images.group[votes.image],
            "class": votes.images.of_class[votes.image],
        }
    )
    found = alpha_interval(
        frame, unit="trial", rater="participant", value="says", clusters=by
    )
    return Drawn.of(found, truth=true_alpha(population))


KAPPA: Final = "analysis.statistics.agreement.pooled_kappa"
FLEISS: Final = "analysis.statistics.agreement.fleiss_interval"
MEAN: Final = "analysis.statistics.error_consistency.mean_error_consistency"
HALVES: Final = "analysis.statistics.reliability.split_half_reliability"
_RARE: Final = (
    "where yes is rare, alpha hangs on very few images: the influence of one more "
    "that nobody saw is part of the interval"
)
_FEW: Final = (
    "with few images what people add is found too large more often than too small, as "
    "it is never below zero, and one more image that nobody saw weighs much"
)
_NONE: Final = (
    "here people add nothing, and what they are found to add is never below zero"
)
_NOISE: Final = "few votes each say little of people, whose part is never below zero"
_ZERO: Final = "a reliability below zero counts as zero, which cuts the interval short"
_WIDER: Final[dict[str, str]] = {
    "20 images, 40 people": _FEW,
    "20 images, 40 people, 8 % yes": _RARE,
    "300 images, 5 % yes": _RARE,
    "60 images, hardly any agreement": _NONE,
    "60 images, 3 votes each, 20 people": _NOISE,
}
_SIXTEEN: Final = "300 images, 16 people, hardly more than are needed"
SIXTY: Final = Population(n_images=60)
TWENTY: Final = Population(n_images=20, n_people=40)
DOMINATED: Final = Population(n_images=60, n_people=12, dominance=1.5)


def _stepped(alpha: float) -> float:
    return 5 * alpha / (1 + 4 * alpha)


def _row(
    place: str,
    world: str,
    study: Callable[[np.random.Generator], Drawn],
    *,
    shows: str = ALPHA,
    wider: str = "",
    n_quick: int = 0,
) -> Row:
    return Row(
        place=place,
        world=world,
        shows=(shows, STEPPED) if shows == HALVES else (shows,),
        study=study,
        scale=1,
        wider_because=wider,
        n_quick=n_quick,
    )


def _alpha_rows() -> list[Row]:
    others = {
        "60 images, 5 votes each, 15 people": SIXTY,
        "the same, 8 % yes": RARE,
        "20 images, 40 people": TWENTY,
        "20 images, 40 people, 8 % yes": replace(RARE, n_images=20, n_people=40),
        "300 images, 5 % yes": Population(mean=-4.2),
        "300 images, 40 people, 1 in 10 says yes to all, 1 in 10 tosses a coin": (
            replace(ODD, n_people=40)
        ),
        _SIXTEEN: Population(n_people=16),
        "300 images, 60 people, some do much more": Population(
            n_people=60, dominance=1.0
        ),
        "100 images, all judged by 20 people": Population(
            n_images=100, n=20, n_people=20
        ),
        "60 images, hardly any agreement": Population(
            n_images=60, images=0.4, lean=0.5, mean=0.0
        ),
        "60 images, much agreement": Population(n_images=60, images=6.0, lean=0.5),
        "60 images, 3 votes each, 20 people": Population(n_images=60, n=3, n_people=20),
    }
    these = {
        "20 images, 5 people judge all": Population(n_images=20),
        "60 images, 12 people, one or two do most": DOMINATED,
        "300 images, 6 people in a lab": Population(n_people=6),
    }
    place = "Krippendorff's alpha"
    return [
        *(
            _row(
                place,
                world,
                partial(
                    for_others, population=population, only_others=world == _SIXTEEN
                ),
                wider=_WIDER.get(world, ""),
                n_quick=60 if population is SIXTY else 0,
            )
            for world, population in others.items()
        ),
        *(
            _row(f"{place}, for these people", world, partial(for_these, population=p))
            for world, p in these.items()
        ),
        _row(
            f"{place}, groups of images",
            "60 groups of 5 near copies",
            partial(of_groups, population=Population(group=5)),
        ),
        _row(
            f"{place}, groups of images",
            "two crossing ways: groups of 5 near copies, 20 classes that differ",
            partial(
                of_groups,
                population=Population(group=5, classes=0.8, images=1.4),
                by=("group", "class"),
            ),
        ),
    ]


def _other_rows() -> list[Row]:
    with_net = "people and a classifier that finds the same images hard"
    steps = "answers on five steps, 60 images, 5 votes each, 15 people"
    return [
        *(
            _row(f"Krippendorff's alpha, {scale}", steps, _on_steps(scale))
            for scale in _SCALES
        ),
        _row(
            "Krippendorff's alpha, ordinal",
            "answers on five steps, 20 images, 40 people",
            partial(likert, population=TWENTY, scale="ordinal"),
        ),
        _row(
            "Fleiss' kappa",
            "60 images, 5 votes each, 15 people",
            partial(for_others, population=SIXTY, interval=of_fleiss),
            shows=FLEISS,
        ),
        _row(
            "Cohen's kappa, pooled over pairs",
            "60 images, 5 votes each, 15 people",
            partial(for_others, population=SIXTY, interval=of_kappa),
            shows=KAPPA,
        ),
        _row(
            "error consistency of people",
            "60 images, 8 % right, 15 people",
            partial(for_others, population=RARE, interval=of_consistency),
            shows=MEAN,
        ),
        _row(
            "error consistency of people",
            "300 images, 40 people, 1 in 10 says yes to all, 1 in 10 tosses a coin",
            partial(
                for_others,
                population=replace(ODD, n_people=40),
                interval=of_consistency,
            ),
            shows=MEAN,
        ),
        _row(
            "error consistency of people, for these people",
            "20 images, 5 people judge all",
            partial(
                for_these, population=Population(n_images=20), interval=of_consistency
            ),
            shows=MEAN,
        ),
        _row(
            "error consistency with a classifier",
            f"60 images, 70 % right, {with_net}",
            partial(with_classifier, population=replace(SIXTY, mean=1.5)),
            shows=MEAN,
            n_quick=60,
        ),
        _row(
            "error consistency of two",
            "60 images, 60 and 70 % right",
            partial(of_two, population=replace(SIXTY, mean=0.8)),
            shows=PAIR,
        ),
        _row(
            "error consistency of two",
            "200 images, 88 and 90 % right",
            partial(of_two, population=Population(n_images=200, mean=2.9)),
            shows=PAIR,
        ),
        _row(
            "split-half reliability of 5 votes",
            "60 images, 15 people",
            partial(
                for_others, population=SIXTY, interval=of_reliability, change=_stepped
            ),
            shows=HALVES,
        ),
        _row(
            "noise ceiling of the means of 5 votes",
            "60 images, 15 people",
            partial(
                for_others,
                population=SIXTY,
                interval=of_ceiling,
                change=lambda alpha: _stepped(alpha) ** 0.5,
            ),
            shows=CEILING,
        ),
        _row(
            "noise ceiling of the means of 5 votes",
            "60 images, hardly any agreement",
            partial(
                for_others,
                population=LOW,
                interval=of_ceiling,
                change=lambda alpha: _stepped(alpha) ** 0.5,
            ),
            shows=CEILING,
            wider=_ZERO,
        ),
    ]


def _on_steps(scale: Scale) -> Callable[[np.random.Generator], Drawn]:
    return partial(likert, population=SIXTY, scale=scale)


_SCALES: Final[tuple[Scale, ...]] = ("nominal", "ordinal", "interval")
LOW: Final = Population(n_images=60, images=0.4, lean=0.5, mean=0.0)
PAIR: Final = "analysis.statistics.error_consistency.error_consistency"
CEILING: Final = "analysis.statistics.reliability.noise_ceiling"
STEPPED: Final = "analysis.statistics.reliability.stepped_up"

ROWS: Final = [*_alpha_rows(), *_other_rows()]
