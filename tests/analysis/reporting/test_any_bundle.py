"""Reports of bundles that have little in them: no measure makes up a number."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.comparing.page import comparison_sections
from analysis.elements.sections import DataTable, Prose
from analysis.importing import import_frame
from analysis.importing.base import ImportOptions
from analysis.measures import measures_of
from analysis.measures.accepted_trials.numbers import accepted_by_k
from analysis.measures.rectified_error.numbers import error_results
from analysis.reporting.before_after_exclusion import before_and_after
from analysis.reporting.report import headline_table, report_sections
from tests.analysis.bundle_maker import Plan

VOTES = ImportOptions(yes=("yes",), no=("no",), n=3, k=2)


def frame(n_workers=6, n_tasks=8, share=0.6, seed=1):
    rng = np.random.default_rng(seed)
    rows = [
        (f"w{worker}", f"t{task}", "yes" if rng.random() < share else "no")
        for task in range(n_tasks)
        for worker in rng.permutation(n_workers)[: min(3, n_workers)]
    ]
    return pd.DataFrame(rows, columns=["worker", "stimulus", "response"])


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A study nobody has come to."""
    from analysis.bundles.reading import read_bundle
    from tests.analysis.bundle_maker import write_bundle

    folder = tmp_path_factory.mktemp("bare") / "bundle"
    plan = Plan(n_images=20, n_dropped=10_000, has_images=False)
    bundle = read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(1)))
    names = ("sessions", "responses", "survey", "audit")
    return replace(bundle, **{name: getattr(bundle, name).iloc[:0] for name in names})


def bundle_of(kind, bare, small):
    match kind:
        case "no classifier":
            return import_frame(frame(), VOTES)
        case "one rater":
            return import_frame(frame(n_workers=1), replace(VOTES, n=1, k=1))
        case "all alike":
            return import_frame(frame(share=1.1), VOTES)
        case "nobody came":
            return bare
        case "no trials":
            return replace(bare, trials=bare.trials.iloc[:0], uses=bare.uses.iloc[:0])
        case "all excluded":
            sessions = small.sessions.assign(
                is_valid=pd.array([False] * len(small.sessions), dtype="boolean")
            )
            responses = small.responses.assign(
                is_valid=pd.array([False] * len(small.responses), dtype="boolean"),
                is_counted=False,
            )
            return replace(small, sessions=sessions, responses=responses)


KINDS = (
    "no classifier",
    "one rater",
    "all alike",
    "nobody came",
    "no trials",
    "all excluded",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_made_and_says_nothing_it_does_not_know(kind, bare, small):
    bundle = bundle_of(kind, bare, small)
    sections = report_sections(bundle)
    assert {"method", "limits"} <= {section.id for section in sections}
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Prose):
                assert "nan" not in block.text.lower().split(), block.text
            if isinstance(block, DataTable):
                cells = block.shown.to_numpy(dtype=object).ravel()
                assert not any(str(cell).lower() in {"nan", "<na>"} for cell in cells)
    assert "nan" not in headline_table(bundle).lower().split()


@pytest.mark.parametrize("kind", ["nobody came", "all excluded"])
def test_without_valid_votes_the_error_is_nan_with_n_zero(kind, bare, small):
    bundle = bundle_of(kind, bare, small)
    for result in error_results(bundle):
        assert isnan(result.rectified.value)
        assert result.rectified.n == 0
    table = before_and_after(bundle, measures_of(bundle))
    assert (table["after_n"] == 0).all()
    assert table["after_value"].isna().all()


def test_before_exclusion_there_are_numbers_where_everybody_was_left_out(bare, small):
    bundle = bundle_of("all excluded", bare, small)
    table = before_and_after(bundle, measures_of(bundle))
    row = table[table["measure"] == "rectified-error"].iloc[0]
    assert row["before_n"] > 0
    assert 0 < row["before_value"] < 1


def test_studies_collected_elsewhere_can_be_compared():
    one, two = (import_frame(frame(seed=seed), VOTES) for seed in (1, 2))
    sections = comparison_sections(one, two)
    assert [section.id for section in sections][:2] == ["bundles", "shares"]


def test_k_of_n_needs_no_classifier():
    bundle = import_frame(frame(), VOTES)
    n_yes = bundle.votes.groupby("trial")["accepts"].sum()
    shares = accepted_by_k(bundle)
    assert {k: share.value for k, share in shares.items()} == pytest.approx(
        {k: (n_yes >= k).mean() for k in (1, 2, 3)}
    )
    assert shares[2].n == 8
    assert "trials accepted by at least 2 of 3 people" in headline_table(bundle)
