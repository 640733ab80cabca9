"""Rules that leave whole sessions out."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.people.exclusion_rules.catch_rules import (
    catch_accuracy,
    catch_no_accuracy,
    catch_yes_accuracy,
)
from analysis.people.exclusion_rules.evidence import Evidence, Flags, Numbers
from analysis.people.exclusion_rules.rule import Rule, session_rule
from analysis.people.exclusion_rules.settings import QualityRules


@session_rule()
def incomplete(evidence: Evidence, _quality: QualityRules) -> Flags:
    """A trial has no response, or every image failed to show."""
    n_responses = evidence.total(np.ones(len(evidence.responses)))
    wanted = evidence.sessions["n_trials"].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray((n_responses < wanted) | (evidence.total(evidence.is_given) == 0))


@session_rule("min_session_s", "session_minutes")
def session_too_short(evidence: Evidence, quality: QualityRules) -> Flags:
    """Done in less than `min_session_s`, or the first of `session_minutes`."""
    return np.asarray(_duration_s(evidence) < quality.session_s.low)


@session_rule("max_session_s", "session_minutes")
def session_too_long(evidence: Evidence, quality: QualityRules) -> Flags:
    """Took more than `max_session_s`, or the second of `session_minutes`."""
    return np.asarray(_duration_s(evidence) > quality.session_s.high)


@session_rule("min_median_rt_ms")
def median_rt(evidence: Evidence, quality: QualityRules) -> Flags:
    """The median response time is under `min_median_rt_ms`."""
    if quality.min_median_rt_ms is None:
        return _nobody(evidence)
    rows = evidence.responses[evidence.is_given]
    medians = rows.groupby("session")["rt_ms"].median()
    found = medians.reindex(evidence.sessions["session"]).to_numpy(dtype=float)
    return np.asarray(found < quality.min_median_rt_ms)


@session_rule("max_display_failures")
def display_failures(evidence: Evidence, quality: QualityRules) -> Flags:
    """More images failed to show than `max_display_failures`."""
    if quality.max_display_failures is None:
        return _nobody(evidence)
    n_failures = evidence.total(evidence.numbers("n_display_failures"))
    return np.asarray(n_failures > quality.max_display_failures)


@session_rule("max_same_response_share")
def same_response(evidence: Evidence, quality: QualityRules) -> Flags:
    """One response makes up more than `max_same_response_share` of the session."""
    if quality.max_same_response_share is None:
        return _nobody(evidence)
    share = same_response_share(evidence)
    return np.asarray(share > quality.max_same_response_share + 1e-9)


@session_rule("max_same_place_share")
def same_place(evidence: Evidence, quality: QualityRules) -> Flags:
    """Shuffled trials got one place more often than `max_same_place_share`."""
    if quality.max_same_place_share is None:
        return _nobody(evidence)
    share = same_place_share(evidence)
    return np.asarray(share > quality.max_same_place_share + 1e-9)


@session_rule("max_run_length")
def long_run(evidence: Evidence, quality: QualityRules) -> Flags:
    """The same response came more than `max_run_length` times in a row."""
    if quality.max_run_length is None:
        return _nobody(evidence)
    return np.asarray(longest_run(evidence) > quality.max_run_length)


@session_rule("max_hidden_share")
def lost_attention(evidence: Evidence, quality: QualityRules) -> Flags:
    """The page was out of sight for more than `max_hidden_share` of the trials' time."""
    if quality.max_hidden_share is None:
        return _nobody(evidence)
    wall, visible = evidence.numbers("wall_ms"), evidence.numbers("visible_ms")
    is_known = ~np.isnan(wall) & ~np.isnan(visible)
    hidden = evidence.total(np.where(is_known, wall - visible, 0.0))
    whole = evidence.total(np.where(is_known, wall, 0.0))
    return np.asarray(hidden > quality.max_hidden_share * whole + 1e-9)


@session_rule("min_given_share")
def hardly_any_response(evidence: Evidence, quality: QualityRules) -> Flags:
    """Fewer than `min_given_share` of the main trials have a response."""
    if quality.min_given_share is None:
        return _nobody(evidence)
    is_main = (evidence.responses["role"] == "main").to_numpy()
    n_wanted = quality.min_given_share * evidence.total(is_main)
    return np.asarray(evidence.total(is_main & evidence.is_given) < n_wanted - 1e-9)


@session_rule()
def no_valid_response(evidence: Evidence, _quality: QualityRules) -> Flags:
    """No response to a main trial passed the rules for single responses."""
    is_main = evidence.is_given & (evidence.responses["role"] == "main").to_numpy()
    passed = is_main & (evidence.response_reasons == "").to_numpy()
    return np.asarray((evidence.total(is_main) > 0) & (evidence.total(passed) == 0))


def same_response_share(evidence: Evidence) -> Numbers:
    """Share of each session's most frequent response; NaN without any.

    Every trial that showed is looked at, catches and controls too: where they ask
    for different responses, nobody who looks gives one and the same.

    >>> from analysis.people.exclusion_rules import make_evidence
    >>> responses = pd.DataFrame({"session": list("aaaa"), "answer": list("yyny")})
    >>> same_response_share(make_evidence(responses, pd.DataFrame({"session": ["a"]})))
    array([0.75])
    """
    given = evidence.responses[evidence.is_given]
    n_same = given.groupby(["session", "answer"], sort=False).size()
    most = n_same.groupby(level="session").max()
    n = given.groupby("session").size()
    shares = (most / n).reindex(evidence.sessions["session"])
    return np.asarray(shares, dtype=float)


def same_place_share(evidence: Evidence) -> Numbers:
    """Share of each session's most frequent layout; NaN without a shuffled trial.

    Who always takes the first place gives many different responses where places
    are shuffled, and still only one layout.

    >>> from analysis.people.exclusion_rules import make_evidence
    >>> responses = pd.DataFrame({"session": list("aaaa"), "laid_out": list("1131")})
    >>> same_place_share(make_evidence(responses, pd.DataFrame({"session": ["a"]})))
    array([0.75])
    """
    given = evidence.responses
    given = given[evidence.is_given & (given["laid_out"] != "").to_numpy()]
    n_same = given.groupby(["session", "laid_out"], sort=False).size()
    most = n_same.groupby(level="session").max()
    shares = (most / given.groupby("session").size()).reindex(
        evidence.sessions["session"]
    )
    return np.asarray(shares, dtype=float)


def longest_run(evidence: Evidence) -> Numbers:
    """Length of each session's longest run of one response; 0 without any.

    >>> from analysis.people.exclusion_rules import make_evidence
    >>> responses = pd.DataFrame({
    ...     "session": list("aaaa"), "answer": list("ynnn"), "position": range(4)})
    >>> longest_run(make_evidence(responses, pd.DataFrame({"session": ["a"]})))
    array([3.])
    """
    given = evidence.responses[evidence.is_given]
    if given.empty:
        return np.zeros(len(evidence.sessions))
    given = given.sort_values(["session", "position"], kind="stable")
    is_new = (given[["session", "answer"]] != given[["session", "answer"]].shift()).any(
        axis=1
    )
    lengths = given.groupby(["session", is_new.cumsum().rename("run")]).size()
    longest = lengths.groupby(level="session").max()
    found: pd.Series = longest.reindex(evidence.sessions["session"], fill_value=0)
    return np.asarray(found, dtype=float)


def _duration_s(evidence: Evidence) -> Numbers:
    return evidence.sessions["duration_s"].to_numpy(dtype=float, na_value=np.nan)


def _nobody(evidence: Evidence) -> Flags:
    return np.zeros(len(evidence.sessions), dtype=bool)


SESSION_RULES: Final[tuple[Rule, ...]] = (
    incomplete,
    catch_accuracy,
    catch_yes_accuracy,
    catch_no_accuracy,
    session_too_short,
    session_too_long,
    median_rt,
    display_failures,
    same_response,
    same_place,
    long_run,
    lost_attention,
    hardly_any_response,
    no_valid_response,
)
