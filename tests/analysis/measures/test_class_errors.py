"""Classes with the largest error, and confusions that people accept."""

from __future__ import annotations

import pytest

from analysis.bundles.reading import ClassifierCounts
from analysis.elements.sections import DataTable, Drawing, Prose
from analysis.measures.class_errors.numbers import accepted_confusions, class_errors
from analysis.measures.class_errors.section import ClassErrorsMeasure
from analysis.measures.rectified_error.numbers import judged_images, uses_of
from tests.analysis.bundle_maker import Plan


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    import numpy as np

    from analysis.bundles.reading import read_bundle
    from tests.analysis.bundle_maker import write_bundle

    folder = tmp_path_factory.mktemp("classes") / "bundle"
    plan = Plan(n_images=300, has_images=False)
    return read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(6)))


def test_every_class_by_hand(many):
    table = class_errors(many).set_index("class")
    (judged,) = judged_images(many)
    uses = uses_of(many, "top1", classifier="net-a")
    both = judged.resolved.merge(uses[["image", "label"]], on="image")
    counts = many.classifiers[0].by_label
    assert set(table.index) == set(counts)
    assert table["n_images"].sum() == 300
    for label, row in table.iterrows():
        mine = both[both["label"] == label]
        rejected = int((mine["n_yes"] < many.k).sum())
        assert row["n_wrong"] == counts[label]["n_top1_wrong"]
        assert (row["n_judged"], row["n_rejected"]) == (len(mine), rejected)
        wrong = row["n_wrong"] / row["n_images"]
        assert row["standard"] == pytest.approx(wrong)
        assert row["rectified"] == pytest.approx(wrong * rejected / len(mine))


def test_the_worst_come_first_and_lie_between_themselves_and_the_whole(many):
    table = class_errors(many)
    values = [each.value for each in table["rectified_estimate"]]
    assert values == sorted(values, reverse=True)
    spread = table["rectified"].max() - table["rectified"].min()
    assert values[0] - values[-1] < spread
    for each in table["rectified_estimate"]:
        assert 0 <= each.low < each.value < each.high <= 1


def test_confusions_are_counted_by_label_and_prediction(many):
    table = accepted_confusions(many)
    (judged,) = judged_images(many)
    assert table["n_judged"].sum() == len(judged.resolved)
    n_accepted = int((judged.resolved["n_yes"] >= many.k).sum())
    assert table["n_accepted"].sum() == n_accepted
    assert not (table["class"] == table["predicted"]).any()
    values = [each.value for each in table["estimate"]]
    assert values == sorted(values, reverse=True)


def test_the_report_has_both_tables_and_a_figure(many):
    assert ClassErrorsMeasure().applies(many)
    (section,) = ClassErrorsMeasure().sections(many)
    tables = [block for block in section.blocks if isinstance(block, DataTable)]
    assert [each.name for each in tables] == ["class_errors", "accepted_confusions"]
    assert any(isinstance(block, Drawing) for block in section.blocks)
    assert {"standard_shrunk_low", "rectified_shrunk_high"} <= set(tables[0].numbers)
    assert "accepted_shrunk" in tables[1].numbers
    assert "nan" not in tables[0].shown.to_string()


def test_without_class_sizes_shares_are_of_errors_and_the_report_says_so(make_bundle):
    bundle = make_bundle(Plan(n_images=300, has_images=False))
    (known,) = bundle.classifiers
    without = ClassifierCounts(
        name=known.name,
        n_seen=known.n_seen,
        n_top1_wrong=known.n_top1_wrong,
        n_top5_wrong=known.n_top5_wrong,
    )
    object.__setattr__(bundle, "classifiers", (without,))
    table = class_errors(bundle)
    assert (table["of"] == "errors").all()
    assert (table["rectified"] == table["n_rejected"] / table["n_judged"]).all()
    (section,) = ClassErrorsMeasure().sections(bundle)
    said = [block.text for block in section.blocks if isinstance(block, Prose)]
    assert any("shares are of a class's errors" in text for text in said)
    shown, _ = (block for block in section.blocks if isinstance(block, DataTable))
    assert "standard" not in shown.shown
