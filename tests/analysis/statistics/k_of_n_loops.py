"""Everything that k of n says, worked out once more: image by image, vote by vote.

What `docs/statistics.md` derives is written here as loops over people and images, with
neither frames nor arrays where the module has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.k_of_n import Stratum
from analysis.statistics.panel_chances import share_by_chance

N, K = 3, 2


@dataclass
class Kind:
    """Images of one kind: how many there are, and who said what on those judged."""

    n_images: int
    judged: dict[str, dict[str, bool]] = field(default_factory=dict)
    is_rejected: bool = False

    def rejects(self, image: str) -> float:
        return float(sum(self.judged[image].values()) < K)

    @property
    def share(self) -> float:
        if not self.judged:
            return float(self.is_rejected)
        return sum(map(self.rejects, self.judged)) / len(self.judged)

    @property
    def scale(self) -> float:
        return self.n_images / len(self.judged)

    @property
    def spread(self) -> float:
        return self.share * (1 - self.share)

    @property
    def by_chance(self) -> float:
        """Of the spread, what is one panel's chance."""
        if not self.judged:
            return 0.0
        n_yes = np.array([sum(votes.values()) for votes in self.judged.values()])
        return min(self.spread, share_by_chance(n_yes, n=N, k=K))

    def swings(self) -> list[tuple[str, str, float]]:
        """Person, image and swing of every vote that decides."""
        found = [
            (person, image, float(accepts))
            for image, votes in self.judged.items()
            for person, accepts in votes.items()
            if sum(votes.values()) - accepts == K - 1
        ]
        mean = sum(accepts for *_, accepts in found) / max(len(found), 1)
        return [(who, image, (yes - mean) * self.scale) for who, image, yes in found]

    @property
    def sampling(self) -> float:
        """Variance, in squared images, that only some were judged."""
        n = len(self.judged)
        if n in (0, self.n_images):
            return 0.0
        share = self.share
        if share in (0, 1):
            share = (share * n + 0.5) / (n + 1)
        unseen = self.n_images**2 * (1 - n / self.n_images)
        return unseen * share * (1 - share) / n


Groups = Callable[[str], Hashable]


def alone(image: str) -> Hashable:
    return image


def together(values: dict[str, float], group: Groups) -> float:
    """Squares of the sums of what belongs together."""
    sums: dict[Hashable, float] = defaultdict(float)
    for image, value in values.items():
        sums[group(image)] += value
    return sum(value**2 for value in sums.values())


def effect_of(values: dict[str, float], group: Groups) -> float:
    squares = together(values, alone)
    if squares > 0:
        return max(1.0, together(values, group) / squares)
    return together(dict.fromkeys(values, 1.0), group) / len(values) if values else 1.0


def dof_of(images: Sequence[str], group: Groups | None) -> float:
    if group is None:
        return inf
    sizes = pd.Series([group(image) for image in images]).value_counts()
    return max((sizes**2).sum() ** 2 / (sizes**4).sum() - 1, 1.0)


def joined(*parts: tuple[float, float]) -> float:
    whole = sum(part for part, _ in parts)
    inverse = sum((part / whole) ** 2 / dof for part, dof in parts if part > 0)
    return 1 / inverse if inverse > 0 else inf


def of_people(
    swings: Sequence[tuple[str, str, float]], voters: set[str], group: Groups
) -> tuple[float, float]:
    """What people add, and its degrees of freedom."""
    per_image: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for person, image, swing in swings:
        per_image[person][image] += swing
    counts = [
        sum(abs(swing) > 1e-9 for swing in mine.values()) for mine in per_image.values()
    ]
    if len(voters) < 4 or not sum(counts):
        return 0.0, inf
    weights = [count / sum(counts) for count in counts]
    squares = sum(weight**2 for weight in weights)
    left = squares - 2 * sum(weight**3 for weight in weights) + squares**2
    lost = max(len(voters) / (len(voters) - 1), squares / max(left, squares / 4))
    in_all = lost * sum(sum(mine.values()) ** 2 for mine in per_image.values())
    # Neither of the two, over all people, may be the smaller one.
    same = max(
        sum(together(mine, each) for mine in per_image.values())
        for each in (group, alone)
    )
    n_equal = sum(c**2 for c in counts) ** 2 / sum(c**4 for c in counts)
    floor = 0.5 * (1 + 6 / n_equal) * sqrt(2 / n_equal) * same
    return max(in_all - same, floor), max(0.75 * (n_equal - 2), 1.0)


@dataclass
class Images:
    """What drawing images adds: of chances and rejections, of sampling, of clusters."""

    census: float
    sampling: float
    effect: float
    dof: float


def of_images(kinds: Sequence[Kind], groups: Groups | None) -> Images:
    group = groups or alone
    n_images = sum(kind.n_images for kind in kinds)
    share = sum(kind.n_images * kind.share for kind in kinds) / n_images
    between = sum(kind.n_images * (kind.share - share) ** 2 for kind in kinds)
    within = sum(kind.n_images * kind.spread for kind in kinds)
    own = {
        image: (kind.rejects(image) - kind.share) * kind.scale
        for kind in kinds
        for image in kind.judged
    }
    effect = of_chances = effect_of(own, group)
    if effect != 1 and within > 0:
        most = together(dict.fromkeys(own, 1.0), group) / len(own)
        told = 1 - sum(kind.n_images * kind.by_chance for kind in kinds) / within
        of_chances = min(most, 1 + (effect - 1) / told) if told > 0 else most
    return Images(
        census=between * of_chances + within * effect,
        sampling=effect * sum(kind.sampling for kind in kinds),
        effect=effect,
        dof=dof_of(list(own), groups),
    )


def quantile(level: float, dof: float) -> float:
    tail = (1 + level) / 2
    curve = stats.t(max(dof, 1)) if isfinite(dof) else stats.norm
    return float(curve.ppf(tail))


def score_ends(share: float, n: float, z: float) -> tuple[float, float]:
    """Where |share - p| = z sqrt(p (1 - p) / n), solved for p."""
    a, b, c = 1 + z**2 / n, -(2 * share + z**2 / n), share**2
    root = sqrt(max(b**2 - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def ends_of(
    kinds: Sequence[Kind],
    variance: float,
    *,
    dof: float,
    n_equal: float,
    effect: float,
    level: float,
) -> tuple[float, float]:
    n_images = sum(kind.n_images for kind in kinds)
    share = sum(kind.n_images * kind.share for kind in kinds) / n_images
    spread = share * (1 - share)
    n = n_images**2 * spread / variance if spread * variance > 0 else n_equal
    low, high = score_ends(share, n, quantile(level, dof))
    below, above = (share - low) ** 2, (high - share) ** 2
    for kind in kinds:
        if kind.sampling:
            n_judged = len(kind.judged)
            weight = sqrt(1 - n_judged / kind.n_images) * kind.n_images / n_images
            low, high = score_ends(kind.share, n_judged / effect, quantile(level, inf))
            below += (weight * (kind.share - low)) ** 2
            above += (weight * (high - kind.share)) ** 2
    return max(0.0, share - sqrt(below)), min(1.0, share + sqrt(above))


def everybody(*kinds: Kind) -> set[str]:
    return {who for kind in kinds for votes in kind.judged.values() for who in votes}


def scaled(kind: Kind, factor: float) -> list[tuple[str, str, float]]:
    return [(who, image, factor * swing) for who, image, swing in kind.swings()]


def draw(seed: int, *, people: int = 8, prefix: str = "") -> list[Kind]:
    """Wrong images, all judged; right ones, some judged; and some that nobody judges."""
    rng = np.random.default_rng(seed)
    crowd = [f"p{number}" for number in range(people)]
    lean = dict(zip(crowd, rng.uniform(0.1, 0.9, people), strict=True))

    def panels(name: str, n: int, shift: float) -> dict[str, dict[str, bool]]:
        return {
            f"{prefix}{name}{i}": {
                str(who): bool(rng.random() < lean[who] + shift)
                for who in rng.choice(crowd, N, replace=False)
            }
            for i in range(n)
        }

    return [
        Kind(n_images=12, judged=panels("w", 12, 0.0)),
        Kind(n_images=30, judged=panels("r", 9, 0.3)),
        Kind(n_images=20),
        Kind(n_images=2, is_rejected=True),
    ]


def strata_of(kinds: Sequence[Kind]) -> list[Stratum]:
    found = []
    for kind in kinds:
        images = list(kind.judged)
        table = pd.DataFrame({"image": images, "trial": [f"t-{i}" for i in images]})
        found.append(
            Stratum(
                n_images=kind.n_images,
                judged=table if images else None,
                is_rejected=kind.is_rejected,
            )
        )
    return found


def votes_of(*kinds: Kind) -> pd.DataFrame:
    """Shuffled, among votes on trials that nobody asks about."""
    rows = {
        (f"t-{image}", who): accepts
        for kind in kinds
        for image, votes in kind.judged.items()
        for who, accepts in votes.items()
    }
    rows |= {("t-other", "p0"): True, ("t-other", "stranger"): False}
    table = [(trial, who, accepts) for (trial, who), accepts in rows.items()]
    frame = pd.DataFrame(table, columns=["trial", "participant", "accepts"])
    return frame.sample(frac=1, random_state=3)


def by_three(image: str) -> Hashable:
    """Scenes of three images in a row, across the kinds."""
    return int("".join(filter(str.isdigit, image))) // 3


def clusters_of(*kinds: Kind) -> pd.DataFrame:
    images = sorted({image for kind in kinds for image in kind.judged})
    return pd.DataFrame({"scene": [by_three(image) for image in images]}, index=images)
