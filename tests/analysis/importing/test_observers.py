"""Networks in files of responses are observers, and no people."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.importing import ImportOptions, import_bundle
from analysis.importing.formats.model_vs_human import (
    to_model_vs_human,
    write_model_vs_human,
)
from analysis.measures.category_accuracy.numbers import (
    PEOPLE,
    accuracies,
    category_choices,
)
from analysis.measures.error_consistency.numbers import consistencies
from analysis.measures.psychometric_curves.numbers import levels_of
from analysis.reporting.report import report_sections
from tests.analysis.importing.files import written

HEADER = "subj,session,trial,rt,object_response,category,condition,imagename\n"
CLASSES = ("bear", "cat", "dog", "truck")


def rows(subject, *, rt, says, experiment="cs", conditions=("c100", "c10", "c5")):
    """A response to each of eight images under every condition."""
    lines: list[str] = []
    who = "dnn" if rt == "NaN" and experiment == "cs" else "s01"
    for number, condition in enumerate(conditions):
        for image in range(8):
            right = CLASSES[image % 4]
            name = f"{image:04}_{experiment}_{who}_{condition}_{right}_00_i{image}.png"
            if experiment == "plain":
                name = f"i{image}.png"
            said = says(image, number)
            lines.append(
                f"{subject},1,{len(lines) + 1},{rt},{said},{right},{condition},{name}\n"
            )
    return "".join(lines)


def mostly_right(image, number):
    return CLASSES[(image + (image * 7 + number) % 5 // 4) % 4]


def mostly_cat(image, number):
    return "cat" if number else CLASSES[image % 4]


def never(image, number):
    return "na"


def read(folder, text, **options):
    path = written(folder, HEADER + text, name="raw.csv")
    return import_bundle([path], ImportOptions(**options), format_name="model-vs-human")


PERSON = rows("subject-01", rt="0.7", says=mostly_right)


def test_names_of_images_tell_a_network_from_people(tmp_path):
    text = PERSON + rows("resnet50", rt="NaN", says=mostly_cat)
    bundle = read(tmp_path, text)
    assert bundle.sessions["participant"].nunique() == 1
    assert len(bundle.responses) == 24
    assert bundle.observations["observer"].unique().tolist() == ["resnet50"]
    # The very trials that people met: names of images are shortened first.
    assert set(bundle.observations["trial"]) == set(bundle.trials["trial"])
    assert bundle.head["observers"] == [{"name": "resnet50", "kind": "imported"}]
    assert any("resnet50" in note for note in bundle.head["imported"]["notes"])


def test_no_time_at_all_tells_a_network_where_others_have_times(tmp_path):
    text = rows("subject-01", rt="0.7", says=mostly_right, experiment="plain")
    text += rows("vgg", rt="NaN", says=mostly_cat, experiment="plain")
    text += rows("subject-02", rt="NaN", says=mostly_right, experiment="plain")
    bundle = read(tmp_path, text)
    assert bundle.observations["observer"].unique().tolist() == ["vgg"]
    assert bundle.sessions["participant"].nunique() == 2


def test_where_nobody_has_a_time_nobody_is_guessed_to_be_a_network(tmp_path):
    text = rows("ann", rt="NaN", says=mostly_right, experiment="plain")
    assert read(tmp_path, text).observations.empty


@pytest.mark.parametrize(("said", "observers"), [(("none",), []), (("bob",), ["bob"])])
def test_what_is_said_goes_before_what_is_shown(tmp_path, said, observers):
    text = PERSON + rows("resnet50", rt="NaN", says=mostly_cat)
    text += rows("bob", rt="0.4", says=mostly_cat)
    bundle = read(tmp_path, text, observers=said)
    assert bundle.observations["observer"].unique().tolist() == observers


def test_an_observer_that_nobody_is_is_refused(tmp_path):
    with pytest.raises(AnalysisError, match="--observers alexnet: nobody of that name"):
        read(tmp_path, PERSON, observers=("alexnet",))


def test_other_formats_take_observers_by_name(tmp_path):
    text = "worker,stimulus,response,key\n" + "".join(
        f"{who},i{image},{said},cat\n"
        for who in ("ann", "net")
        for image, said in enumerate(("cat", "dog", "cat"))
    )
    path = written(tmp_path, text, name="long.csv")
    options = ImportOptions(observers=("net",))
    bundle = import_bundle([path], options, format_name="long")
    assert (len(bundle.responses), len(bundle.observations)) == (3, 3)


def test_people_and_networks_stand_in_every_measure(tmp_path):
    text = PERSON + rows("subject-02", rt="0.6", says=mostly_cat)
    text += rows("resnet50", rt="NaN", says=mostly_cat)
    bundle = read(tmp_path, text, levels="contrast=log")
    (choices,) = category_choices(bundle)
    found = {(e.decider, e.condition): e for e in accuracies(choices)}
    # Right on the first condition and where the cat is right on both others: 8 + 2 + 2.
    assert found["resnet50", "all"].right.value == 12 / 24
    assert found[PEOPLE, "all"].right.n == 48
    assert choices.conditions == ("c5", "c10", "c100")
    levels = levels_of(bundle)
    assert levels is not None
    assert (levels.name, levels.of["c10"]) == ("contrast", 10.0)
    assert "people with resnet50" in {each.between for each in consistencies(bundle)}
    ids = {section.id for section in report_sections(bundle)}
    assert {"category-accuracy", "category-confusions", "error-consistency"} <= ids


def test_what_did_not_come_in_time_is_no_category(tmp_path):
    bundle = read(tmp_path, PERSON + rows("subject-02", rt="0.6", says=never))
    (choices,) = category_choices(bundle)
    assert choices.choices == CLASSES
    (all_, *_) = accuracies(choices)
    assert all_.unanswered == 0.5


def test_networks_alone_are_reported_without_people(tmp_path):
    text = rows("resnet50", rt="NaN", says=mostly_cat)
    text += rows("vgg16", rt="NaN", says=mostly_right)
    bundle = read(tmp_path, text)
    assert bundle.responses.empty
    (choices,) = category_choices(bundle)
    assert choices.deciders == ("resnet50", "vgg16")
    assert "resnet50 with vgg16" in {each.between for each in consistencies(bundle)}
    assert report_sections(bundle)


def test_written_and_read_again_everything_is_the_same(tmp_path):
    text = PERSON + rows("subject-02", rt="0.6", says=never)
    text += rows("resnet50", rt="NaN", says=mostly_cat)
    bundle = read(tmp_path, text)
    (path,) = write_model_vs_human(bundle, out=tmp_path / "again.csv")
    again = import_bundle([path], ImportOptions(), format_name="model-vs-human")
    one, two = (to_model_vs_human(each) for each in (bundle, again))
    columns = ["object_response", "category", "condition", "imagename", "trial"]
    assert (one["subj"] == "resnet50").sum() == (two["subj"] == "resnet50").sum() == 24
    first, second = (
        table[[*columns, "rt"]].sort_values([*columns, "rt"], ignore_index=True)
        for table in (one, two)
    )
    pd.testing.assert_frame_equal(first, second)
    assert (one["object_response"] == "na").sum() == 24


def test_a_network_has_a_file_of_its_own_in_a_folder(tmp_path):
    bundle = read(tmp_path, PERSON + rows("resnet50", rt="NaN", says=mostly_cat))
    paths = write_model_vs_human(bundle, out=tmp_path / "raw")
    assert "imported_resnet50_session_1.csv" in {path.name for path in paths}


def test_networks_of_like_names_do_not_overwrite_each_other(tmp_path):
    networks = rows("net.a", rt="NaN", says=mostly_cat) + rows(
        "net a", rt="NaN", says=mostly_cat
    )
    bundle = read(tmp_path, PERSON + networks)
    paths = write_model_vs_human(bundle, out=tmp_path / "raw")
    names = {"imported_net-a_session_1.csv", "imported_net-a-2_session_1.csv"}
    assert names <= {path.name for path in paths}
    assert len(paths) == len({path.name for path in paths}) == 3


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ("contrast", "expected NAME=log or NAME=linear"),
        ("=log", "expected NAME=log or NAME=linear"),
    ],
)
def test_levels_are_said_as_they_must_be(tmp_path, levels, why):
    with pytest.raises(AnalysisError, match=why):
        read(tmp_path, PERSON, levels=levels)


def test_conditions_without_a_number_are_no_levels(tmp_path):
    text = rows("subject-01", rt="1", says=mostly_cat, conditions=("cr", "bw", "c10"))
    with pytest.raises(AnalysisError, match=r"one number in the name .* 'cr', 'bw'"):
        read(tmp_path, text, levels="contrast=log")
    zero = rows("subject-01", rt="1", says=mostly_cat, conditions=("n0", "n1"))
    with pytest.raises(AnalysisError, match="0 has no logarithm"):
        read(tmp_path, zero, levels="noise=log")
