"""Worlds of audits: resolved errors by number of yes votes, some of them audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from analysis.measures.audit_calibration.numbers import AuditedVotes, calibrated_levels
from analysis.statistics.parts.stratified import stratified_share
from tests.analysis.coverage.rows import Drawn, Row

_K: Final = 4
_N: Final = 5
_FEW: Final = (
    "shares of a few judgments come in steps; the lower end is no less than what is "
    "known to be rejected"
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Resolved errors by number of yes votes (0 to 5), and how many are audited.

    Attributes:
        sizes: Errors with so many yes votes.
        rejects: How often the researcher rejects such an error.
        each: Audited of each number, at most all there are.
        share: The same as a share, instead.
        alike: Near copies, which the researcher judges alike.
    """

    sizes: Sequence[int] = (60, 50, 40, 40, 60, 90)
    rejects: Sequence[float] = (0.95, 0.85, 0.7, 0.5, 0.25, 0.06)
    each: int = 0
    share: float = 0.0
    alike: int = 1

    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.array(self.sizes)
        wanted = np.round(self.share * sizes) if self.share else self.each
        return sizes, np.minimum(sizes, wanted).astype(int)

    def audited(
        self, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Sizes, how many of them the researcher would reject, drawn, rejected."""
        sizes, drawn = self.drawn()
        groups, left = np.divmod(sizes, self.alike)
        bad = self.alike * rng.binomial(groups, self.rejects)
        bad += left * (rng.random(len(sizes)) < self.rejects)
        return sizes, bad, drawn, rng.hypergeometric(bad, sizes - bad, drawn)


_WORLDS: Final = {
    "half audited": (Audit(share=0.5), ""),
    "half audited, errors in groups of 5 near copies": (Audit(share=0.5, alike=5), ""),
    "20 of each number of votes, groups of 5 near copies": (
        Audit(each=20, alike=5),
        "",
    ),
    "half audited, rejections are rare": (
        Audit(share=0.5, rejects=(0.3, 0.2, 0.1, 0.05, 0.03, 0.01)),
        "",
    ),
    "20 of each number of votes": (Audit(each=20), ""),
    "20 of each, the researcher agrees with everything": (
        Audit(each=20, rejects=(0.04, 0.06, 0.1, 0.08, 0.05, 0.02)),
        "",
    ),
    "100 audited of 3,700": (Audit(sizes=(900, 500, 400, 400, 600, 900), each=17), ""),
    "nearly all audited (18 of 20 of each)": (Audit(sizes=(20,) * 6, each=18), ""),
    "all but one of each audited": (Audit(sizes=(20,) * 6, each=19), _FEW),
    "5 of each of 820": (Audit(sizes=(200, 100, 60, 60, 100, 300), each=5), _FEW),
    "2 of each of 820": (Audit(sizes=(200, 100, 60, 60, 100, 300), each=2), _FEW),
    "2 of each, rejections are rare": (
        Audit(
            sizes=(200, 100, 60, 60, 100, 300),
            each=2,
            rejects=(0.3, 0.2, 0.1, 0.05, 0.03, 0.01),
        ),
        "",
    ),
    "small strata wholly audited, two large ones not": (
        Audit(sizes=(400, 6, 4, 5, 8, 300), each=15),
        _FEW,
    ),
}


def _rejected(audit: Audit, rng: np.random.Generator, *, at_least: int) -> Drawn:
    """Share of the errors with so many yes votes that the researcher rejects."""
    sizes, bad, drawn, rejected = (each[at_least:] for each in audit.audited(rng))
    found = stratified_share(
        rejected.astype(float), drawn.astype(float), sizes=sizes.astype(float)
    )
    return Drawn.of(found, truth=bad.sum() / sizes.sum())


def _gain(audit: Audit, rng: np.random.Generator, *, k: int) -> Drawn:
    """What another k gains in agreement with the researcher."""
    sizes, bad, drawn, rejected = audit.audited(rng)
    votes = np.arange(_N + 1)
    sample = AuditedVotes(
        votes=votes,
        sizes=sizes.astype(float),
        n_yes=(drawn - rejected).astype(float),
        n_drawn=drawn.astype(float),
    )
    found = calibrated_levels(sample, n=_N, own=_K)[k - 1].gain
    right = sizes - bad

    def agreement(bar: int) -> float:
        return float((right[votes >= bar].sum() + bad[votes < bar].sum()) / sizes.sum())

    return Drawn.of(found, truth=agreement(k) - agreement(_K))


_SHOWS: Final = ("analysis.statistics.parts.stratified.stratified_share",)
_CALIBRATED: Final = (
    *_SHOWS,
    "analysis.measures.audit_calibration.numbers.calibrated_levels",
)
_ALL_AUDITED: Final = Audit(sizes=(20,) * 6, each=20)

ROWS: Final = (
    *(
        Row(
            place="audit: rejected of all resolved errors",
            world=name,
            shows=_SHOWS,
            study=partial(_rejected, audit, at_least=0),
            wider_because=reason,
            n_quick=150 if name == "half audited" else 0,
        )
        for name, (audit, reason) in _WORLDS.items()
    ),
    Row(
        place="audit: rejected of all resolved errors",
        world="all 120 audited",
        shows=_SHOWS,
        study=partial(_rejected, _ALL_AUDITED, at_least=0),
        wider_because="nothing is left to sample: both ends are the share itself",
    ),
    *(
        Row(
            place="audit: rejected of those with at least 4 of 5 yes",
            world=name,
            shows=_SHOWS,
            study=partial(_rejected, audit, at_least=_K),
            wider_because=reason,
        )
        for name, audit, reason in (
            ("half audited", Audit(share=0.5), ""),
            ("20 of each number of votes", Audit(each=20), ""),
            ("nearly all (18 of 20 of each)", Audit(sizes=(20,) * 6, each=18), _FEW),
            ("5 of each", Audit(sizes=(200, 100, 60, 60, 100, 300), each=5), _FEW),
        )
    ),
    *(
        Row(
            place="audit and k: gain in agreement over the study's own k",
            world=f"k = {k} instead of 4, {name}",
            shows=_CALIBRATED,
            study=partial(_gain, audit, k=k),
            wider_because=reason,
        )
        for k, name, audit, reason in (
            (3, "half audited", Audit(share=0.5), ""),
            (2, "20 of each number of votes", Audit(each=20), ""),
            (
                5,
                "100 audited of 3,700",
                Audit(sizes=(900, 500, 400, 400, 600, 900), each=17),
                "",
            ),
        )
    ),
)
