"""The researcher's audit as a yardstick for k: which bar agrees with it best?

The audit is a sample of resolved errors drawn by number of votes, judged without
seeing them. Weighted back it says what share of all errors the researcher accepts;
for each k it says how often k of n and the researcher part, and to which side.

Source:
    Stock & Cisse (2018), section 3, chose k so that accepted questions were rarely
    wrong in the authors' own check.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.bundles.reading import Bundle
from analysis.measures.audit.numbers import resolved_errors
from analysis.statistics.intervals import Estimate
from analysis.statistics.parts.stratified import stratified_share


@dataclass(frozen=True, kw_only=True)
class CalibratedLevel:
    """How one k stands to the audit; shares are of all resolved errors.

    Attributes:
        k: Yes votes asked for.
        accepted: Share that at least k people accept (counted, not sampled).
        agreement: Share judged alike by k of n and the researcher.
        too_lenient: Share accepted by people only.
        too_strict: Share accepted by the researcher only.
        gain: Agreement less that of the study's own k, with its interval.
    """

    k: int
    accepted: float
    agreement: Estimate
    too_lenient: Estimate
    too_strict: Estimate
    gain: Estimate


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The audit against every k.

    Attributes:
        levels: One per k = 1..n.
        accepted: Share of resolved errors the researcher accepts.
        n_audited: Resolved errors the researcher judged.
        missing: Numbers of yes votes that occur and that the audit left out.
    """

    levels: tuple[CalibratedLevel, ...]
    accepted: Estimate
    n_audited: int
    missing: tuple[int, ...]

    @property
    def best(self) -> tuple[int, ...]:
        """Every k that agrees with the researcher most often; none if unknown."""
        values = np.array([level.agreement.value for level in self.levels])
        if not np.isfinite(values).all():
            return ()
        most = np.isclose(values, values.max())
        return tuple(
            level.k for level, is_best in zip(self.levels, most, strict=True) if is_best
        )


def calibration(bundle: Bundle) -> Calibration:
    """How each k stands to the researcher's judgments.

    Where a number of yes votes occurs among resolved errors but was not audited,
    every estimate is NaN with n = 0.

    >>> from analysis.bundles.example import example_bundle
    >>> found = calibration(example_bundle())
    >>> found.n_audited, found.missing    # of four errors, with 1 and 2 votes
    (2, (1, 2))
    """
    resolved = resolved_errors(bundle)
    audited = bundle.audit.merge(resolved, left_on="trial", right_index=True)
    sizes = resolved["n_yes"].value_counts().sort_index()
    yes = audited["accepts"].astype(bool).groupby(audited["n_yes"]).agg(["sum", "size"])
    yes = yes.reindex(sizes.index, fill_value=0)
    sample = AuditedVotes(
        votes=sizes.index.to_numpy(dtype=int),
        sizes=sizes.to_numpy(dtype=float),
        n_yes=yes["sum"].to_numpy(dtype=float),
        n_drawn=yes["size"].to_numpy(dtype=float),
    )
    return Calibration(
        levels=calibrated_levels(sample, n=bundle.n, own=bundle.k),
        accepted=sample.share(
            np.ones(len(sizes), dtype=bool), np.zeros(len(sizes), bool)
        ),
        n_audited=len(audited),
        missing=tuple(sample.votes[sample.n_drawn == 0].tolist()),
    )


@dataclass(frozen=True, kw_only=True)
class AuditedVotes:
    """Resolved errors and audited ones by number of yes votes, shape (numbers,) each.

    Attributes:
        votes: Numbers of yes votes that occur.
        sizes: Resolved errors with so many.
        n_yes: Audited ones that the researcher accepts.
        n_drawn: Audited ones.
    """

    votes: np.ndarray
    sizes: np.ndarray
    n_yes: np.ndarray
    n_drawn: np.ndarray

    def share(self, of_yes: np.ndarray, of_no: np.ndarray) -> Estimate:
        """Share the researcher accepts in these strata, or rejects in those."""
        hits = np.where(of_yes, self.n_yes, 0) + np.where(
            of_no, self.n_drawn - self.n_yes, 0
        )
        if (self.n_drawn == 0).any():
            hits, drawn = np.zeros(0), np.zeros(0)
            return stratified_share(hits, drawn, sizes=np.zeros(0))
        return stratified_share(hits, self.n_drawn, sizes=self.sizes)


def calibrated_levels(
    sample: AuditedVotes, *, n: int, own: int
) -> tuple[CalibratedLevel, ...]:
    """How every k of n stands to the audit.

    Args:
        sample: Resolved and audited errors by number of yes votes.
        n: Votes per trial.
        own: The study's own k.
    """
    return tuple(_level(sample, k=k, own=own) for k in range(1, n + 1))


def _level(sample: AuditedVotes, *, k: int, own: int) -> CalibratedLevel:
    is_in = sample.votes >= k
    none = np.zeros(len(is_in), dtype=bool)
    total = sample.sizes.sum()
    return CalibratedLevel(
        k=k,
        accepted=float(sample.sizes[is_in].sum() / total) if total else float("nan"),
        agreement=sample.share(is_in, ~is_in),
        too_lenient=sample.share(none, is_in),
        too_strict=sample.share(~is_in, none),
        gain=_gain(sample, k=k, own=own),
    )


def _gain(sample: AuditedVotes, *, k: int, own: int) -> Estimate:
    """Agreement at k less that at the study's k: only votes in between matter.

    With share r accepted by the researcher between both bars, lowering the bar
    gains r and loses 1 - r of them.
    """
    between = (sample.votes >= min(k, own)) & (sample.votes < max(k, own))
    weight = float(sample.sizes[between].sum() / max(sample.sizes.sum(), 1))
    if k == own or weight == 0 or (sample.n_drawn == 0).any():
        value = 0.0 if (sample.n_drawn > 0).all() and len(between) else float("nan")
        n = int(sample.n_drawn.sum()) if value == 0 else 0
        return Estimate(
            value=value, low=value, high=value, n=n, target="ignores people"
        )
    share = stratified_share(
        sample.n_yes[between], sample.n_drawn[between], sizes=sample.sizes[between]
    )
    ends = [weight * (2 * each - 1) for each in (share.value, share.low, share.high)]
    if k > own:
        ends = [-ends[0], -ends[2], -ends[1]]
    return Estimate(
        value=ends[0],
        low=ends[1],
        high=ends[2],
        n=share.n,
        standard_error=2 * weight * share.standard_error,
        target="ignores people",
    )
