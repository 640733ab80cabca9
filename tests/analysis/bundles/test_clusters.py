"""Which images belong together, from a bundle's table to one name per image."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analysis.bundles.clusters import (
    clustered_by,
    image_clusters,
    known_columns,
    trial_clusters,
)
from analysis.bundles.example import example_bundle
from analysis.bundles.frames import table_of
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.measures.rectified_error.numbers import uses_of
from analysis.reporting.method_sections import clusters_in_words

SCENES = {"i1": "beach", "i2": "beach", "i3": "wood"}


def of_images(bundle: Bundle, *names: str) -> pd.DataFrame:
    found = image_clusters(clustered_by(bundle, names))
    assert found is not None
    return found


def of_trials(bundle: Bundle, *names: str) -> pd.DataFrame:
    found = trial_clusters(clustered_by(bundle, names))
    assert found is not None
    return found


@pytest.fixture
def bundle():
    rows = [
        {"source_sha256": image, "column": "scene", "value": scene}
        for image, scene in SCENES.items()
    ]
    return replace(example_bundle(), image_columns=table_of("image_columns", rows))


def test_images_are_named_as_the_measures_name_them(bundle):
    found = of_images(bundle, "Scene")
    uses = uses_of(bundle, "top1", classifier="net")
    assert found.index.tolist() == uses["image"].tolist()
    assert found["Scene"].to_list()[:3] == ["beach", "beach", "wood"]


def test_an_image_of_which_nothing_is_said_is_alone(bundle):
    found = of_trials(bundle, "scene")["scene"]
    said = found[["i1", "i2", "i3"]]
    assert said.to_list() == ["beach", "beach", "wood"]
    others = found.drop(["i1", "i2", "i3"])
    assert others.nunique() == len(others) == 3
    assert not set(others) & set(said)


def test_several_ways_stand_in_columns_of_their_own(bundle):
    found = of_trials(bundle, "scene", "class")
    rows = dict(zip(found.index, found.to_numpy().tolist(), strict=True))
    assert rows["i1"] == ["beach", "1"]
    assert rows["i3"] == ["wood", "0"]


def test_no_column_is_no_cluster(bundle):
    assert image_clusters(bundle) is None
    assert trial_clusters(bundle) is None
    assert clusters_in_words(bundle) == ""


def test_unknown_columns_are_refused_with_those_there_are(bundle):
    assert known_columns(bundle) == ("scene", "class", "image")
    with pytest.raises(
        AnalysisError, match=r"by 'film': there are scene, class, image"
    ):
        clustered_by(bundle, ["film"])
    with pytest.raises(AnalysisError, match="must differ"):
        clustered_by(bundle, ["scene", "Scene"])


def test_a_trial_of_two_images_belongs_to_both_their_clusters(bundle):
    trials = bundle.trials.copy()
    trials.loc[trials["trial"] == "i1", "sources"] = "i3|i1"
    trials.loc[trials["trial"] == "i2", "sources"] = "i1|i3"
    trials.loc[trials["trial"] == "i3", "sources"] = "i1|i4"
    found = of_trials(replace(bundle, trials=trials), "scene")
    assert found.loc[["i1", "i2"], "scene"].to_list() == ["beach|wood"] * 2
    assert found.loc["i3", "scene"] == "only i3"


def test_displays_of_one_image_are_a_cluster(bundle):
    trials = bundle.trials.assign(sources=["x", "x", "y", "y", "z", "w"])
    found = of_trials(replace(bundle, trials=trials), "image")
    assert found["image"].to_list() == ["x", "x", "y", "y", "z", "w"]


def test_a_data_sets_own_column_of_that_name_comes_first(bundle):
    rows = pd.DataFrame({"source_sha256": ["i1"], "column": ["class"], "value": ["q"]})
    own = clustered_by(replace(bundle, image_columns=rows), ["class"])
    assert of_trials(own, "class").loc["i1", "class"] == "q"
    assert known_columns(own) == ("class", "image")


def test_the_report_says_who_named_the_clusters(bundle):
    said = clusters_in_words(clustered_by(bundle, ["scene"]))
    assert "share their scene are clusters" in said
    # i1 and i2 together, and four more on their own
    assert (
        "6 trials in 5 by scene; named for this report, not in the study file" in said
    )
