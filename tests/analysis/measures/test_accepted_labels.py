"""Accuracy against sets of accepted labels, from a file to the report."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.bundles.reading import AcceptedLabels
from analysis.cli import report
from analysis.elements.sections import DataTable, Prose
from analysis.errors import AnalysisError
from analysis.importing.accepted_labels import read_accepted_labels
from analysis.measures.accepted_labels.numbers import (
    ERRORS,
    RIGHT,
    on_sets,
    pairs_on_sets,
    voted_sets,
)
from analysis.measures.accepted_labels.section import AcceptedLabelsMeasure
from analysis.statistics.intervals import wilson
from tests.analysis.bundle_maker import Plan


def lists(bundle, n):
    """A list of labels for every image number: its label and the next class."""
    n_classes = len(bundle.classes)
    labels = bundle.stimuli.set_index("source")["label"]
    found = [[0]] * n
    for source, label in labels.items():
        number = int(str(source).split("/")[1].removesuffix(".png"))
        if number >= 1:
            found[number - 1] = [int(label), (int(label) + 1) % n_classes]
    return found


def written(tmp_path, content):
    path = tmp_path / "real.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.fixture
def numbered(small):
    """The study without image 0, which no list of numbers from 1 has."""
    first = small.stimuli["source"] == "images/0.png"
    gone = set(small.stimuli.loc[first, "source_sha256"])
    return replace(small, uses=small.uses[~small.uses["source_sha256"].isin(gone)])


def test_a_list_is_read_by_the_number_of_each_image(numbered, tmp_path):
    content = lists(numbered, 119)
    found = read_accepted_labels(written(tmp_path, content), numbered)
    rows = numbered.stimuli.set_index("source_sha256")
    assert set(found.sets) == set(numbered.uses["source_sha256"])
    for image, classes in found.sets.items():
        number = int(rows.loc[image, "source"].split("/")[1].removesuffix(".png"))
        assert classes == set(map(str, content[number - 1]))


def test_an_object_is_read_by_name_and_gives_the_same(numbered, tmp_path):
    content = lists(numbered, 119)
    by_list = read_accepted_labels(written(tmp_path, content), numbered)
    for name in ("images/{}.png", "{}.png", "{}"):
        named = {name.format(at): each for at, each in enumerate(content, start=1)}
        by_name = read_accepted_labels(written(tmp_path, named), numbered)
        assert by_name.sets == by_list.sets


def test_what_cannot_be_is_named_with_its_place(small, numbered, tmp_path):
    content = lists(numbered, 119)

    def refused(given, bundle=numbered):
        with pytest.raises(AnalysisError) as error:
            read_accepted_labels(written(tmp_path, given), bundle)
        return str(error.value)

    assert "list 3: a list was expected, got a number" in refused(
        [*content[:2], 7, *content[3:]]
    )
    assert "list 3: 4711 is none of the" in refused(
        [*content[:2], [4711], *content[3:]]
    )
    assert "list 3: true is none of the" in refused(
        [*content[:2], [True], *content[3:]]
    )
    assert "list 2: class 1 is listed more than once" in refused(
        [content[0], [1, 1], *content[2:]]
    )
    assert "there are 20 lists (1 to 20)" in refused(content[:20])
    assert "images/0.png is image 0, and there are" in refused(content, small)
    assert "no list for images/" in refused({"images/1.png": [0]})
    assert "an object from image to list, got text" in refused("no")
    named = numbered.stimuli.assign(source="cat.png")
    assert "cat.png has no number at its end" in refused(
        content, replace(numbered, stimuli=named)
    )
    broken = tmp_path / "broken.json"
    broken.write_text("[[1], [", "utf-8")
    with pytest.raises(AnalysisError, match=r"broken\.json"):
        read_accepted_labels(broken, small)


def test_classes_with_other_ids_are_numbered_in_order(numbered, tmp_path):
    ids = numbered.classes["class"].map(lambda each: f"n{int(each):08d}")
    bundle = replace(numbered, classes=numbered.classes.assign(**{"class": ids}))
    content = lists(numbered, 119)
    found = read_accepted_labels(written(tmp_path, content), bundle)
    assert set.union(*map(set, found.sets.values())) <= set(ids)


def accepting(bundle, *, labels=(), empty=()):
    """Every image accepts what was predicted of it where `labels` names it."""
    uses = bundle.uses.drop_duplicates("source_sha256").set_index("source_sha256")
    sets = {
        image: frozenset()
        if image in empty
        else frozenset([uses.loc[image, "predicted" if image in labels else "label"]])
        for image in uses.index
    }
    return AcceptedLabels(name="real.json", sets=sets)


def test_accuracy_counts_accepted_errors_and_weighs_right_ones_back(make_bundle):
    bundle = make_bundle(Plan(n_images=100, include_correct=0.4, has_images=False))
    shows = bundle.uses.set_index("source_sha256")["shows"]
    errors = list(shows.index[shows == "top1"])
    right = list(shows.index[shows == "correct-top1"])
    accepted = accepting(bundle, labels=errors[:9], empty=[*errors[-5:], right[0]])
    (net,) = on_sets(bundle, accepted)
    # NaN is equal to nothing, what is printed of it is.
    of_errors = wilson(9, len(errors) - 5)
    assert repr(net.by_kind[ERRORS].accuracy) == repr(of_errors)
    assert net.by_kind[ERRORS].n_empty == 5
    of_right = wilson(len(right) - 1, len(right) - 1)
    assert repr(net.by_kind[RIGHT].accuracy) == repr(of_right)
    # All errors are put up; right ones with a set stand for those with one.
    n_right = (100 - len(errors)) * (len(right) - 1) / len(right)
    n_wrong = len(errors) - 5
    assert net.accuracy is not None
    assert net.accuracy.value == pytest.approx((n_right + 9) / (n_right + n_wrong))
    assert net.by_label == pytest.approx(1 - len(errors) / 100)


def test_people_and_sets_are_set_side_by_side(small):
    (net,) = on_sets(small, accepting(small))
    # The sets hold the labels: they accept every right prediction and no error.
    counted = small.votes.groupby("trial")["accepts"].agg(["size", "sum"])
    uses = small.uses.set_index("trial")
    done = counted[(counted["size"] == 5) & counted.index.isin(uses.index)]
    is_right = (uses["label"] == uses["predicted"]).reindex(done.index)
    assert net.n_judged == len(done)
    assert net.agreement == pytest.approx(((done["sum"] >= 4) == is_right).mean())


def test_two_classifiers_are_compared_where_either_errs(make_bundle):
    bundle = make_bundle(
        Plan(n_images=60, classifiers=("net-a", "net-b"), has_images=False)
    )
    said = {
        image: [
            {"classifier": name, "classes": [mine["predicted"].iloc[0]]}
            for name, mine in uses.groupby("classifier")
        ]
        for image, uses in bundle.uses.groupby("source_sha256")
    }
    both = {image: each for image, each in said.items() if len(each) == 2}
    texts = bundle.stimuli["source_sha256"].map(
        {image: json.dumps(each) for image, each in both.items()}
    )
    bundle = replace(
        bundle, stimuli=bundle.stimuli.assign(predictions=texts.fillna(""))
    )
    accepted = AcceptedLabels(
        name="x",
        sets={i: frozenset([each[0]["classes"][0]]) for i, each in both.items()},
    )
    (pair,) = pairs_on_sets(bundle, accepted)
    errors = set(bundle.uses.loc[bundle.uses["shows"] == "top1", "source_sha256"])
    images = errors & set(both)
    assert pair.n_images == len(images)
    # What net-a says is accepted everywhere; net-b is right where it says the same.
    same = sum(both[i][0]["classes"] == both[i][1]["classes"] for i in images)
    assert pair.test.estimate == pytest.approx(1 - same / len(images))


def test_the_report_has_a_section_only_with_a_file(small, tmp_path):
    assert not AcceptedLabelsMeasure().applies(small)
    named = {
        source: [label]
        for source, label in zip(
            small.stimuli["source"], small.stimuli["label"].map(int), strict=True
        )
    }
    path = written(tmp_path, named)
    out = tmp_path / "report"
    arguments = ["make", str(small.folder), "--out", str(out)]
    done = CliRunner().invoke(report, [*arguments, "--accepted-labels", str(path)])
    assert done.exit_code == 0, done.output
    page = (out / "index.html").read_text("utf-8")
    assert "Accuracy against sets of accepted labels" in page
    table = pd.read_csv(out / "tables" / "accepted_labels.csv")
    errors = table[table["predictions"] == ERRORS]
    assert errors["accepted"].to_list() == [0.0]
    assert "nan" not in (out / "tables" / "accepted_labels.tex").read_text("utf-8")


def test_errors_alone_have_no_accuracy_over_all_images(make_bundle):
    bundle = make_bundle(Plan(n_images=40, include_correct=0, has_images=False))
    given = bundle.with_accepted_labels(accepting(bundle))
    (section,) = AcceptedLabelsMeasure().sections(given)
    said = [each.text for each in section.blocks if isinstance(each, Prose)]
    assert any("Right predictions were not put up" in text for text in said)
    (table,) = (each for each in section.blocks if isinstance(each, DataTable))
    assert table.shown["accepted"].to_list()[-1] == "–"


def test_labels_that_people_accept_are_written_and_read_back(small, tmp_path):
    out = tmp_path / "voted.json"
    done = CliRunner().invoke(
        report, ["accepted-labels", str(small.folder), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    made = json.loads(out.read_text("utf-8"))
    found = voted_sets(small)
    assert len(made) == len(found.sets)
    assert found.n_unresolved == 0
    assert f"{len(made)} images: {out}" in done.stdout
    uses = small.uses.drop_duplicates("trial").set_index("trial")
    counted = small.votes.groupby("trial")["accepts"].agg(["size", "sum"])
    for trial, row in counted[counted["size"] == 5].iterrows():
        classes = found.sets[uses.loc[trial, "source_sha256"]]
        assert (uses.loc[trial, "predicted"] in classes) == (row["sum"] >= 4)
