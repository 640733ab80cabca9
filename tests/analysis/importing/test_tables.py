"""Long tables, model-vs-human, crowd-kit and NumPy arrays come in as bundles."""

from __future__ import annotations

import io
import json
import pkgutil
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.importing import (
    FORMATS,
    ImportFormat,
    ImportOptions,
    formats,
    import_frame,
)
from analysis.importing.formats.crowd_kit import to_crowd_kit
from analysis.importing.formats.model_vs_human import (
    COLUMNS,
    to_model_vs_human,
    write_model_vs_human,
)
from analysis.importing.response_bundles import as_in_schema
from analysis.measures.rectified_error.numbers import error_results
from analysis.statistics.k_of_n import tally
from tests.analysis.importing.files import LONG, MODEL_VS_HUMAN, imported, written


def test_columns_of_nothing_are_one_array_and_change_one_by_one():
    rows = pd.DataFrame({"position": [1, 2], "acceptance_order": [1, 2]})
    rows = rows.assign(is_counted=True, n_display_failures=0)
    typed = as_in_schema("responses", rows)
    sessions, people = typed["session"], typed["participant"]
    assert np.shares_memory(sessions.to_numpy(), people.to_numpy())
    typed.loc[0, "session"] = "s1"
    assert typed["participant"].tolist() == ["", ""]
    assert typed["session"].tolist() == ["s1", ""]


def yes_votes(bundle):
    """Stimulus to number of yes votes."""
    slots = bundle.trials.set_index("trial")["slots"].map(json.loads)
    counted = tally(bundle.votes, n=bundle.n)["n_yes"]
    return {slots[trial]["target"]: int(n) for trial, n in counted.items()}


def test_a_long_table_gives_the_votes_it_holds(tmp_path):
    bundle = imported(written(tmp_path, LONG))

    assert yes_votes(bundle) == {"cat.png": 2, "dog.png": 0}
    assert (bundle.n, bundle.k) == (3, 2)  # three votes each; a majority of three
    assert bundle.head["environment"] == "imported"
    assert bundle.responses["value"].tolist()[:3] == ["Yes", "no", "yes"]


def test_no_name_of_a_worker_is_left_in_the_bundle(tmp_path):
    bundle = imported(written(tmp_path, LONG))

    for frame in (bundle.responses, bundle.sessions, bundle.trials):
        text = frame.to_csv()
        assert not any(worker in text for worker in ("ann", "bob", "cyd"))
    assert bundle.sessions["participant"].nunique() == 3


def test_the_same_file_gives_the_same_pseudonyms_and_another_file_others(tmp_path):
    first = imported(written(tmp_path, LONG))
    again = imported(written(tmp_path, LONG, "copy.csv"))
    other = imported(written(tmp_path, LONG + "dan,dog.png,no\n"))

    assert set(first.sessions["participant"]) == set(again.sessions["participant"])
    assert not set(first.sessions["participant"]) & set(other.sessions["participant"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (LONG.replace(",", ";").encode("utf-8-sig"), "excel.csv"),
        (LONG.replace(",", "\t").encode("utf-16"), "unicode.txt"),
        (LONG.replace("\n", "\r\n").encode(), "windows.csv"),
    ],
)
def test_what_spreadsheets_write_reads_the_same(tmp_path, text, name):
    bundle = imported(written(tmp_path, text, name))
    assert yes_votes(bundle) == {"cat.png": 2, "dog.png": 0}


def test_parquet_reads_the_same(tmp_path):
    path = tmp_path / "votes.parquet"
    pd.read_csv(io.StringIO(LONG)).to_parquet(path)
    assert yes_votes(imported(path)) == {"cat.png": 2, "dog.png": 0}


def test_an_encoding_can_be_said(tmp_path):
    path = written(tmp_path, LONG.replace("cat", "Kätzchen").encode("cp1252"))
    assert yes_votes(imported(path, encoding="cp1252"))["Kätzchen.png"] == 2


def test_yes_no_and_neither_are_what_the_user_says(tmp_path):
    text = LONG.replace("Yes", "1").replace(" yes", "unsure").replace("no", "0")
    bundle = imported(written(tmp_path, text), yes=("1",), no=("0",), other=("unsure",))
    # cat.png: 1, 0, unsure; two votes are left, one of them a yes.
    votes = bundle.votes.groupby("trial")["accepts"].agg(["size", "sum"])
    assert sorted(votes.itertuples(index=False, name=None)) == [(2, 1), (3, 0)]
    assert "unsure" in set(bundle.responses["value"])


def test_times_come_in_utc_and_decide_which_votes_count_first(tmp_path):
    text = (
        "Subject,Image,Answer,When\n"
        "ann,cat.png,yes,2020-07-01 12:00:00\n"
        "bob,cat.png,no,2020-07-01 11:00:00\n"
        "cyd,cat.png,no,2020-07-01 11:30:00\n"
    )
    columns = {
        "worker": "Subject",
        "stimulus": "Image",
        "response": "Answer",
        "time": "When",
    }
    bundle = imported(
        written(tmp_path, text), columns=columns, time_zone="Europe/Berlin", n=2
    )
    counted = bundle.responses[bundle.responses["is_counted"]]
    # Noon in Berlin in July is 10:00 UTC, the latest of the three: it is left over.
    assert counted["received_at"].dt.strftime("%H:%M").tolist() == ["09:00", "09:30"]
    assert not bundle.votes["accepts"].any()


def test_the_judged_errors_of_a_classifier_give_its_rectified_error(tmp_path):
    # 20 errors of 100 images; 8 of them accepted by 2 of 2: 12 of 100 are left.
    rows = [
        f"{worker},{image}.png,{'yes' if image < 8 else 'no'}"
        for image in range(20)
        for worker in (f"w{image}", f"v{image}")
    ]
    path = written(tmp_path, "Subject,Image,Answer\n" + "\n".join(rows) + "\n")
    bundle = imported(path, classifier="resnet", n_images=100, k=2)

    (result,) = error_results(bundle)
    assert result.standard.value == pytest.approx(0.20)
    assert result.rectified.value == pytest.approx(0.12)


def test_model_vs_human_keeps_who_what_when_and_right(tmp_path):
    bundle = imported(written(tmp_path, MODEL_VS_HUMAN), format_name="model-vs-human")
    responses = bundle.responses

    assert responses["rt_ms"].tolist()[0] == pytest.approx(912)
    assert np.isnan(responses["rt_ms"].tolist()[1])
    # dog is dog; na came too late; cat for a dog; cat is cat.
    assert responses["is_right"].tolist() == [True, False, False, True]
    assert responses["accepts"].isna().all()
    assert bundle.trials["condition"].tolist() == ["cr", "cr", "bw"]
    assert len(bundle.sessions) == 3  # subject-01 came twice


def test_model_vs_human_comes_out_as_it_went_in(tmp_path):
    bundle = imported(written(tmp_path, MODEL_VS_HUMAN), format_name="model-vs-human")
    (path,) = write_model_vs_human(bundle, out=tmp_path / "out.csv")
    given = pd.read_csv(io.StringIO(MODEL_VS_HUMAN))
    found = pd.read_csv(path)

    names = dict(
        zip(found["imagename"] + found["rt"].astype(str), found["subj"], strict=True)
    )
    pseudonyms = given["imagename"] + given["rt"].astype(str)
    expected = given.assign(subj=pseudonyms.map(names))
    order = ["subj", "session", "trial"]
    pd.testing.assert_frame_equal(
        found, expected.sort_values(order).reset_index(drop=True)
    )
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    again = imported(path, format_name="model-vs-human")
    assert sorted(again.responses["is_right"]) == sorted(bundle.responses["is_right"])


def test_model_vs_human_files_per_subject_and_session(tmp_path):
    bundle = imported(written(tmp_path, MODEL_VS_HUMAN), format_name="model-vs-human")
    paths = write_model_vs_human(bundle, out=tmp_path / "raw")
    assert len(paths) == 3
    assert {path.name.partition("_")[0] for path in paths} == {"imported"}


def test_a_study_of_ours_can_be_written_for_model_vs_human(small):
    bundle = small
    table = to_model_vs_human(bundle)
    main = bundle.trials.loc[bundle.trials["role"] == "main", "trial"]
    assert len(table) == bundle.responses["trial"].isin(main).sum()
    assert set(table["object_response"]) == {"yes", "no"}
    assert table["rt"].unique().tolist() == [1.5005]
    assert set(table["category"]) <= set(bundle.class_names.values())


def test_crowd_kit_frames_go_in_and_out():
    frame = pd.DataFrame(
        {"task": [1, 1, 2], "worker": ["a", "b", "a"], "label": [0, 1, 1]}
    )
    bundle = import_frame(frame, ImportOptions())
    out = to_crowd_kit(bundle)

    assert out["label"].tolist() == ["0", "1", "1"]
    assert out.groupby("worker").size().tolist() == [2, 1] or out.groupby(
        "worker"
    ).size().tolist() == [1, 2]
    assert out.groupby("task", sort=False)["label"].apply(list).tolist() == [
        ["0", "1"],
        ["1"],
    ]


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    votes=st.lists(
        st.lists(st.sampled_from((None, 0, 1, 2)), min_size=3, max_size=3),
        min_size=2,
        max_size=5,
    ).filter(lambda raters: any(v is not None for rater in raters for v in rater))
)
def test_an_array_gives_each_raters_answer_and_nothing_else(tmp_path, votes):
    array = np.zeros((len(votes), 3, 3), dtype=np.int8)
    for rater, answers in enumerate(votes):
        for question, answer in enumerate(answers):
            if answer is not None:
                array[rater, question, answer] = 1
    path = tmp_path / "votes.npz"
    np.savez(path, votes=array, answers=["no", "maybe", "yes"])
    bundle = imported(
        path, format_name="numpy", yes=("yes",), no=("no",), other=("maybe",)
    )

    given = [a for answers in votes for a in answers if a is not None]
    assert len(bundle.responses) == len(given)
    assert int(bundle.votes["accepts"].sum()) == given.count(2)
    assert len(bundle.votes) == given.count(2) + given.count(0)


def test_every_format_keeps_to_the_protocol():
    assert all(isinstance(entry, ImportFormat) for entry in FORMATS.values())
    assert [name for name, entry in FORMATS.items() if entry.recruiter] == [
        "mturk-csv",
        "mturk-json",
    ]


def test_every_format_of_the_folder_is_listed():
    listed = {type(entry) for entry in FORMATS.values()}
    for module in pkgutil.iter_modules(formats.__path__):
        found = import_module(f"{formats.__name__}.{module.name}")
        here = {
            value
            for value in vars(found).values()
            if isinstance(value, type)
            and value.__module__ == found.__name__
            and {"name", "title", "recruiter", "read"} <= set(vars(value))
            and not getattr(value, "_is_protocol", False)
        }
        assert here <= listed, module.name


TOOLBOX = """subj,Session,trial,rt,object_response,category,condition,imagename
subject-01,1,1,0.9,oven,oven,cr,0001_cl_s01_cr_oven_40_n04111531_14126.png
subject-01,1,2,0.8,bird,bird,bw,0002_cl_s01_bw_bird_00_bird3-bird2.png
subject-02,1,1,1.1,na,bird,bw,0001_cl_s02_bw_bird_00_bird3-bird2.png
subject-02,1,2,0.7,bear,oven,cr,0002_cl_s02_cr_oven_40_n04111531_14126.png
"""


def test_the_toolbox_s_own_files_come_in_by_stimulus_whatever_case(tmp_path):
    path = written(tmp_path, TOOLBOX)
    bundle = imported(path, format_name="model-vs-human")
    # Two images of two subjects each, not four of one: trial and subject are no image.
    assert [json.loads(slots)["target"] for slots in bundle.trials["slots"]] == [
        "n04111531_14126.png",
        "bird3-bird2.png",
    ]
    assert bundle.responses.groupby("trial").size().tolist() == [2, 2]
    assert bundle.n == 2
    assert bundle.responses["is_right"].tolist() == [True, True, False, False]
    (note,) = (note for note in bundle.head["imported"]["notes"] if "shortened" in note)
    assert "4 names of images are 2 stimuli" in note


def test_names_of_images_are_kept_whole_where_that_is_said(tmp_path):
    path = written(tmp_path, TOOLBOX)
    columns = {"stimulus": "imagename"}
    bundle = imported(path, format_name="model-vs-human", columns=columns)
    assert len(bundle.trials) == 4


def test_a_name_that_is_not_the_toolbox_s_is_a_stimulus_as_it_stands(tmp_path):
    text = TOOLBOX.replace("0001_cl_s01_cr_oven_40_n04111531_14126", "cat_01_left")
    text = text.replace("0002_cl_s01_bw_bird_00_bird3-bird2", "cat_02_left")
    bundle = imported(written(tmp_path, text), format_name="model-vs-human")
    shown = {json.loads(slots)["target"] for slots in bundle.trials["slots"]}
    assert {"cat_01_left.png", "cat_02_left.png"} <= shown
