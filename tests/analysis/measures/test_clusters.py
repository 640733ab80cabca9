"""Where images belong together, every interval of a share of responses is told so."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.bundles.clusters import clustered_by
from analysis.comparing.shares import share_pairs
from analysis.measures.adversarial.display_controls import (
    control_votes,
    corrected,
)
from analysis.measures.adversarial.numbers import display_results
from analysis.measures.adversarial.paired_displays import paired_displays
from analysis.measures.assignment.numbers import (
    assignment_responses,
    condition_rates,
    conditions_of,
    planned_contrasts,
)
from analysis.measures.class_by_class.numbers import by_class, class_votes
from analysis.measures.explanation_path.numbers import frame_shares
from analysis.measures.imported_responses.numbers import (
    condition_contrasts,
    response_shares,
)
from analysis.measures.responses.numbers import (
    answered_fields,
    graded_shares,
    value_shares,
)
from analysis.measures.responses.ordered_choices import ordered_differences
from analysis.measures.side_bias.numbers import side_shares
from analysis.measures.yes_bias.numbers import catch_accuracy, control_rates
from analysis.statistics.crossed_variance import Crossing
from tests.analysis.importing.test_reports import conditions_of as imported
from tests.analysis.measures import (
    test_adversarial,
    test_assignment,
    test_class_by_class,
)
from tests.analysis.measures.test_any_question import by_condition, made
from tests.analysis.measures.test_explanation_path import _frames as frames


@pytest.fixture
def seen(monkeypatch):
    """How many kinds of clusters each variance was told of."""
    told = []
    usual = Crossing.of

    def of(_cls, people, stimuli, *, clusters=(), group=None):
        told.append(len(clusters))
        return usual(people, stimuli, clusters=clusters, group=group)

    monkeypatch.setattr(Crossing, "of", classmethod(of))
    return told


def everything(small, make_bundle, tmp_path):
    """Studies, and what is made of each."""
    by_class_asked = make_bundle(test_class_by_class.PLAN)
    displays = test_adversarial._by_hand([5, 4, 0, 1], [5, 5, 3, 2])
    groups = test_assignment._bundle({"adversarial-6": 6, "random-6": 3}, n_items=2)
    conditions = imported({"clean": 6, "noise": 4})
    return (
        (small, lambda it: [value_shares(each) for each in fields(it)]),
        (small, control_rates),
        (small, lambda it: catch_accuracy(it, only_valid=False)),
        (small, lambda it: share_pairs(it, it.before_exclusion)),
        (made(), lambda it: (graded_shares(it), side_shares(it))),
        (by_class_asked, lambda it: by_class(class_votes(it))),
        (frames(tmp_path), frame_shares),
        (groups, lambda it: condition_rates(it, assignment_responses(it))),
        (
            groups,
            lambda it: planned_contrasts(assignment_responses(it), conditions_of(it)),
        ),
        (conditions, response_shares),
        (conditions, condition_contrasts),
        (displays, display_results),
        (displays, paired_displays),
        (by_condition(), lambda it: ordered_differences(fields(it)[0])),
    )


def fields(bundle):
    return answered_fields(bundle, frozenset())


def test_every_share_and_contrast_is_told_of_clusters(
    small, make_bundle, tmp_path, seen
):
    for bundle, numbers in everything(small, make_bundle, tmp_path):
        for wanted in (["image"], []):
            seen.clear()
            numbers(clustered_by(bundle, wanted))
            assert seen
            assert set(seen) == {len(wanted)}


def test_display_controls_keep_the_clusters(seen):
    study = test_adversarial._by_hand([5, 4], [5, 5])
    votes = control_votes(clustered_by(study, ["image"]))
    assert list(votes.columns)[-1] == "cluster: image"
    known = test_adversarial._with_controls(np.random.default_rng(1), false_yes=0.1)
    known["cluster: image"] = known["image"]
    corrected(known, display="whole", absent="hard_foil")
    assert seen == [1]
