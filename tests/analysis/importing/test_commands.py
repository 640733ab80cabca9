"""Reports straight from others' files, and tables for others' tools."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import importing_options
from analysis.cli import report
from analysis.importing import FORMATS
from analysis.measures.imported_responses.numbers import response_shares
from tests.analysis.bundle_maker import Plan, write_bundle
from tests.analysis.importing.files import LONG, MODEL_VS_HUMAN, imported, written

MAPPED = ("--format", "long", "--map", "worker=Subject,stimulus=Image,response=Answer")


def run(*arguments):
    return CliRunner().invoke(report, [str(each) for each in arguments])


def test_a_report_comes_straight_from_a_long_table(tmp_path):
    path = written(tmp_path, LONG)
    done = run("make", path, *MAPPED, "--out", tmp_path / "report", "--json")

    assert done.exit_code == 0, done.output
    numbers = json.loads(done.stdout)
    (yes,) = (row for row in numbers["tables"]["responses"] if row["response"] == "yes")
    assert yes["share"] == pytest.approx(2 / 6)  # two of six said yes
    assert (yes["n_participants"], yes["n_trials"]) == (3, 2)
    page = (tmp_path / "report" / "index.html").read_text()
    assert "votes · imported · 2 trials · 3 people · 6 counted responses" in page
    assert "each put to up to 3 people" in page
    assert not any(worker in page for worker in (">ann<", ">bob<", ">cyd<"))


def test_shares_are_told_by_condition_and_against_the_key(tmp_path):
    bundle = imported(written(tmp_path, MODEL_VS_HUMAN), format_name="model-vs-human")
    found = {
        (share.condition, share.response): share.share.value
        for share in response_shares(bundle)
    }
    assert found["all", "right"] == pytest.approx(2 / 4)
    assert found["cr", "right"] == pytest.approx(2 / 3)
    assert found["bw", "right"] == 0
    assert found["all", "cat"] == pytest.approx(2 / 4)


def test_options_of_files_are_refused_with_a_bundle(tmp_path):
    done = run("make", tmp_path, "--yes", "1", "--out", tmp_path / "report")
    assert done.exit_code == 2
    assert "go with --format" in done.output


def test_a_mapping_that_is_none_is_refused(tmp_path):
    path = written(tmp_path, LONG)
    done = run("make", path, "--format", "long", "--map", "Subject", "--out", "x")
    assert done.exit_code == 2
    assert "expected ROLE=COLUMN" in done.output


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_bundle_is_written_for_crowd_kit(tmp_path, small, suffix):
    out = tmp_path / f"votes.{suffix}"
    done = run("export", small.folder, "--format", "crowd-kit", "--out", out)
    assert done.exit_code == 0, done.output
    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    frame = read(out)
    assert list(frame.columns) == ["task", "worker", "label"]
    assert len(frame) == int(small.single_responses["is_counted"].sum())


def test_a_bundle_is_written_for_model_vs_human(tmp_path, small):
    out = tmp_path / "raw"
    done = run("export", small.folder, "--format", "model-vs-human", "--out", out)
    assert done.exit_code == 0, done.output
    assert len(list(out.iterdir())) == len(done.stdout.split())


def test_help_names_the_formats_there_are():
    assert tuple(FORMATS) == importing_options.FORMAT_NAMES


CLUSTERED = "worker,stimulus,response,scene\n" + "".join(
    f"{who},{what},{'yes' if who != 'cyd' else 'no'},{scene}\n"
    for who in ("ann", "bob", "cyd")
    for what, scene in (("a", "beach"), ("b", "beach"), ("c", ""))
)


def test_a_column_of_the_file_says_which_images_belong_together(tmp_path):
    path = written(tmp_path, CLUSTERED)
    given = ("--format", "long", "--cluster", "Scene")
    done = run("make", path, *given, "--out", tmp_path / "report")

    assert done.exit_code == 0, done.output
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Images that share their Scene are clusters" in page
    assert "3 trials in 2 by Scene" in page


def test_two_clusters_of_one_image_are_refused(tmp_path):
    path = written(tmp_path, CLUSTERED.replace("bob,a,yes,beach", "bob,a,yes,wood"))
    done = run("make", path, "--format", "long", "--cluster", "scene", "--out", "x")
    assert done.exit_code == 1
    assert "row 4: another cluster than in an earlier row" in str(done.exception)


def test_a_cluster_that_is_no_column_is_refused(tmp_path):
    path = written(tmp_path, CLUSTERED)
    done = run("make", path, "--format", "long", "--cluster", "film", "--out", "x")
    assert done.exit_code == 1
    assert "column 'film' missing" in str(done.exception)


def test_a_bundle_is_clustered_by_what_its_table_holds(tmp_path):
    folder = write_bundle(
        tmp_path / "b",
        Plan(n_images=30, has_images=False),
        rng=np.random.default_rng(1),
    )
    done = run("make", folder, "--cluster", "class", "--out", tmp_path / "report")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Images that share their class are clusters" in page
    refused = run("make", folder, "--cluster", "film", "--out", tmp_path / "report")
    assert refused.exit_code == 1
    assert "there are class, image" in str(refused.exception)


def test_two_bundles_are_compared_in_clusters_and_say_so(tmp_path):
    plan = Plan(n_images=30, has_images=False)
    a, b = (
        write_bundle(tmp_path / name, plan, rng=np.random.default_rng(seed))
        for seed, name in enumerate("ab")
    )
    done = run("compare", a, b, "--cluster", "class", "--out", tmp_path / "page")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page" / "index.html").read_text()
    assert "A: Images that share their class are clusters" in page
    assert "B: Images that share their class are clusters" in page
    assert run("compare", a, b, "--cluster", "film").exit_code == 1
