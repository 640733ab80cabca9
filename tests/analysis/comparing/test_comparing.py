"""Two bundles side by side."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.bundles.clusters import clustered_by
from analysis.bundles.reading import read_bundle
from analysis.cli import report
from analysis.comparing import comparison_text, make_comparison
from analysis.comparing.errors import error_pairs
from analysis.comparing.page import comparison_sections
from analysis.comparing.settings import (
    common_margin,
    different_settings,
    same_settings,
)
from analysis.comparing.shares import APART, CROSSED, share_pairs
from analysis.comparing.sides import change_test, changed, side_by_side, transitions
from analysis.elements.sections import DataTable
from analysis.errors import AnalysisError
from analysis.measures.rectified_error.numbers import error_results
from tests.analysis.bundle_maker import Plan, write_bundle


@pytest.fixture(scope="session")
def launches(tmp_path_factory):
    """The same images and classifier, asked about twice: other people, other votes."""
    found = []
    for seed, mean in ((5, 0.3), (6, -1.6)):
        folder = tmp_path_factory.mktemp("launch") / "bundle"
        plan = Plan(n_images=120, accept_mean=mean, image_px=8)
        rng = _SameImages(5, seed)
        write_bundle(folder, plan, rng=rng)  # type: ignore[arg-type]
        bundle = read_bundle(folder)
        # Another launch has other people.
        for name in ("sessions", "responses", "survey"):
            frame = getattr(bundle, name)
            people = f"{seed}-" + frame["participant"].astype(str)
            object.__setattr__(bundle, name, frame.assign(participant=people))
        found.append(bundle)
    return found


class _SameImages:
    """A generator whose first draws (the set's) come from a seed of their own."""

    def __init__(self, images: int, people: int) -> None:
        self.images = np.random.default_rng(images)
        self.people = np.random.default_rng(people)

    def __getattr__(self, name):
        # `integers` draws labels and pictures; `random` with a size draws the set.
        def draw(*args, **kwargs):
            is_of_set = name == "integers" or (name == "random" and args)
            return getattr(self.images if is_of_set else self.people, name)(
                *args, **kwargs
            )

        return draw


def test_a_bundle_against_itself_differs_in_nothing(small):
    (pair,) = error_pairs(small, small)
    assert pair.rectified.estimate.value == 0
    assert pair.rectified.p_value == 1
    assert pair.rectified.is_paired
    assert changed(side_by_side(pair, small, small)).empty
    assert different_settings(small, small).empty
    assert same_settings(small, small) > 20
    for shares in share_pairs(small, small):
        assert shares.shares.difference == 0
        assert shares.verdict == "no difference"


def test_the_difference_is_that_of_both_results(launches):
    a, b = launches
    (pair,) = error_pairs(a, b)
    one, two = (error_results(bundle)[0].rectified.value for bundle in launches)
    assert pair.rectified.estimate.value == pytest.approx(one - two)
    assert pair.rectified.is_paired
    assert pair.n_both == len(pair.a.judged.resolved)
    # B's people accept less: its error is larger, and clearly so.
    assert pair.rectified.p_value < 0.02
    assert pair.rectified.estimate.high < 0


def test_turning_the_bundles_turns_the_signs(launches):
    a, b = launches
    (pair,), (turned,) = error_pairs(a, b), error_pairs(b, a)
    assert pair.rectified.estimate.low == pytest.approx(-turned.rectified.estimate.high)
    assert pair.rectified.p_value == pytest.approx(turned.rectified.p_value)


def test_images_that_changed_side_are_counted_once_each(launches):
    a, b = launches
    (pair,) = error_pairs(a, b)
    sides = side_by_side(pair, a, b)
    n_errors = a.classifiers[0].n_top1_wrong
    table = transitions(sides)
    assert table.to_numpy().sum() == len(sides) == n_errors
    votes = [bundle.votes.groupby("trial")["accepts"].sum() for bundle in launches]
    uses = a.uses[a.uses["shows"] == "top1"]
    up = ((uses["trial"].map(votes[0]) < 4) & (uses["trial"].map(votes[1]) >= 4)).sum()
    down = (
        (uses["trial"].map(votes[0]) >= 4) & (uses["trial"].map(votes[1]) < 4)
    ).sum()
    assert table.loc["rejected", "accepted"] == up
    assert table.loc["accepted", "rejected"] == down
    assert len(changed(sides)) == up + down > 0
    # Net change over all images is the difference of the errors.
    assert (up - down) / 120 == pytest.approx(pair.rectified.estimate.value)


def test_images_that_change_side_are_tested_with_people_counted(launches):
    a, b = launches
    (pair,) = error_pairs(a, b)
    found = change_test(pair, a, b)
    sides = side_by_side(pair, a, b)
    is_judged = sides[["state_a", "state_b"]].isin(("accepted", "rejected")).all(axis=1)
    judged = sides[is_judged]
    accepted = [(judged[f"state_{side}"] == "accepted").mean() for side in "ab"]
    assert found.estimate.n == len(judged)
    assert found.estimate.value == pytest.approx(accepted[0] - accepted[1])
    # The second launch says yes far less often.
    assert found.p_value < 0.01


def test_beside_itself_a_bundle_changes_no_side(small):
    (pair,) = error_pairs(small, small)
    found = change_test(pair, small, small)
    assert (found.estimate.value, found.p_value) == (0.0, 1.0)


def test_clusters_of_images_widen_the_test_of_changed_sides(launches):
    a, b = launches
    (pair,) = error_pairs(a, b)
    alone = change_test(pair, a, b).estimate
    by_class = change_test(pair, clustered_by(a, ["class"]), b).estimate
    assert by_class.value == alone.value
    assert by_class.high - by_class.low != alone.high - alone.low


def test_other_images_are_compared_apart(make_bundle, small):
    other = make_bundle(Plan(n_images=90, has_images=False))
    (pair,) = error_pairs(small, other)
    assert not pair.rectified.is_paired
    one, two = (error_results(bundle)[0].rectified.value for bundle in (small, other))
    assert pair.rectified.estimate.value == pytest.approx(one - two)


def test_shares_count_people_and_stimuli_that_come_back(launches):
    found = {(pair.what, pair.quantity): pair for pair in share_pairs(*launches)}
    main = found["main trials", "said yes"]
    assert main.method == CROSSED
    yes = [bundle.votes["accepts"].mean() for bundle in launches]
    assert main.shares.difference == pytest.approx(yes[0] - yes[1])
    assert main.n_people[2] == 0
    assert main.n_stimuli[2] == main.n_stimuli[0]
    assert main.verdict == "differs"
    assert ("hard foil (confusable class, absent)", "said yes") in found


def test_responses_of_other_people_to_other_images_are_independent(launches):
    def once(bundle, letter):
        single = bundle.single_responses
        single = single[single["is_counted"]].drop_duplicates("participant")
        single = single.drop_duplicates("trial")
        trials = bundle.trials.assign(
            sources=letter + bundle.trials["trial"].astype(str)
        )
        object.__setattr__(bundle, "trials", trials)
        bundle.__dict__["single_responses"] = single
        return bundle

    copies = [read_bundle_like(bundle) for bundle in launches]
    pairs = share_pairs(once(copies[0], "a"), once(copies[1], "b"))
    main = next(pair for pair in pairs if pair.what == "main trials")
    assert main.method == APART
    assert main.low == main.shares.low
    assert main.standard_error == main.shares.standard_error


def read_bundle_like(bundle):
    """A copy whose tables can be changed."""
    from dataclasses import replace

    return replace(bundle)


def test_settings_that_may_change_numbers_come_first(launches, small):
    table = different_settings(launches[0], small)
    assert list(table["is_weighty"]) == sorted(table["is_weighty"], reverse=True)
    assert "classifier net-a n_seen" not in set(table["setting"])  # both 120


def test_bundles_with_nothing_in_common_are_refused(make_bundle, small):
    empty = make_bundle(Plan(n_images=40, n_dropped=10_000, has_images=False))
    none = empty.responses.iloc[:0]
    object.__setattr__(empty, "responses", none)
    empty.head["stimuli"]["kind"] = "other"
    with pytest.raises(AnalysisError, match="nothing in common"):
        comparison_sections(small, empty)


def test_the_page_has_every_part_and_its_files(launches, tmp_path):
    page = make_comparison(*launches, out=tmp_path / "out")
    text = page.read_text("utf-8")
    ids = re.findall(r'<section id="([a-z-]+)"', text)
    assert ids == ["bundles", "errors", "shares", "sides", "stages", "settings"]
    tables = {path.stem for path in (tmp_path / "out" / "tables").glob("*.csv")}
    assert {"errors_compared", "shares_compared", "changed", "sides"} <= tables
    assert tables == {path.stem for path in (tmp_path / "out" / "tables").glob("*.tex")}
    assert "SIMULATED" in text
    assert "data:image/png" in text
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL).lower()


def test_the_command_prints_text_numbers_and_page(launches, tmp_path, small):
    folders = [str(small.folder), str(launches[0].folder)]
    said = CliRunner().invoke(report, ["compare", *folders])
    assert said.exit_code == 0, said.output
    assert comparison_text(small, read_bundle(launches[0].folder)) in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 100
    out = tmp_path / "out"
    told = CliRunner().invoke(
        report, ["compare", *folders, "--out", str(out), "--json"]
    )
    numbers = json.loads(told.stdout)
    assert numbers["report"] == str(out / "index.html")
    (row,) = numbers["tables"]["errors_compared"]
    assert row["rectified_difference"] == pytest.approx(
        row["rectified_a"] - row["rectified_b"]
    )


def test_differences_are_tested_for_being_small_where_that_is_stated(launches):
    a, b = (
        with_margin(each, margin)
        for each, margin in zip(launches, (0.3, None), strict=True)
    )
    tables = {
        block.name: block
        for section in comparison_sections(a, b)
        for block in section.blocks
        if isinstance(block, DataTable)
    }
    for name in ("errors_compared", "shares_compared"):
        numbers = tables[name].numbers
        assert (numbers["equivalence_margin"] == 0.3).all()
        assert numbers["equivalence_p_value"].notna().any()
        assert "within ± 30 points" in tables[name].shown
    assert common_margin(with_margin(a, 0.1), with_margin(b, 0.2)) is None
    assert common_margin(*launches) is None


def with_margin(bundle, margin):
    """The same study, with a study file that states a margin or none."""
    found = replace(bundle)
    stated = {"equivalence_margin": margin} if margin else {}
    object.__setattr__(found, "study_file", {"analysis": stated})
    return found
