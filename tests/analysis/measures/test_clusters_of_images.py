"""Where images belong together, every interval that is made of images is told so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.bundles.clusters import clustered_by
from analysis.bundles.frames import table_of
from analysis.bundles.reading import AcceptedLabels, Bundle, read_bundle
from analysis.measures.accepted_labels.numbers import on_sets
from analysis.measures.class_errors.numbers import accepted_confusions, class_errors
from analysis.measures.dawid_skene_error.numbers import modelled_errors
from analysis.measures.imported_responses.numbers import readings
from analysis.measures.published_numbers.numbers import published_comparisons
from analysis.measures.rectified_error.numbers import error_results
from analysis.measures.representation.section import RepresentationMeasure
from analysis.measures.yes_bias_correction.numbers import corrected_errors
from tests.analysis.bundle_maker import Plan, write_bundle
from tests.analysis.measures.test_representation import _portrait


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Errors, right predictions and foils."""
    folder = tmp_path_factory.mktemp("clusters") / "bundle"
    plan = Plan(
        n_images=400,
        include_correct=0.2,
        has_images=False,
        classifiers=("resnet101",),
    )
    return in_scenes(
        read_bundle(write_bundle(folder, plan, rng=np.random.default_rng(5)))
    )


def in_scenes(bundle: Bundle, size: int = 4) -> Bundle:
    """Every few source images of a label, those with a vote less or more, are one scene."""
    uses = bundle.uses.drop_duplicates("source_sha256")
    n_yes = bundle.votes.groupby("trial")["accepts"].sum()
    by = uses.assign(n_yes=uses["trial"].map(n_yes)).sort_values(["label", "n_yes"])
    sources = by["source_sha256"].to_list()
    rows = [
        {"source_sha256": image, "column": "scene", "value": f"s{place // size}"}
        for place, image in enumerate(sources)
    ]
    return replace(bundle, image_columns=table_of("image_columns", rows))


def on_labels(bundle: Bundle):
    labels = bundle.uses.drop_duplicates("source_sha256").set_index("source_sha256")
    sets = {
        str(image): frozenset([str(row["predicted" if place % 3 else "label"])])
        for place, (image, row) in enumerate(labels.iterrows())
    }
    return [
        each.accuracy
        for each in on_sets(bundle, AcceptedLabels(name="real.json", sets=sets))
    ]


def by_the_model(bundle: Bundle):
    found = modelled_errors(bundle, n_groups=3)
    assert found is not None
    return [each.rectified for each in found.errors]


MADE_OF_IMAGES = {
    "standard error": lambda it: [each.standard for each in error_results(it)],
    "corrected": lambda it: [e.correction.corrected for e in corrected_errors(it)],
    "Dawid and Skene": by_the_model,
    "classes": lambda it: list(class_errors(it)["rectified_estimate"]),
    "confusions": lambda it: list(accepted_confusions(it)["estimate"]),
    "published": lambda it: [each.own for each in published_comparisons(it)],
    "sets": on_labels,
}


@pytest.mark.parametrize("numbers", MADE_OF_IMAGES.values(), ids=MADE_OF_IMAGES)
def test_an_interval_is_told_of_clusters(study, numbers):
    alone, told = (numbers(clustered_by(study, by)) for by in ([], ["scene"]))
    assert len(alone) == len(told) > 0
    # Every one of them, but for ends that are cut at 0 or 1.
    for one, other in zip(alone, told, strict=True):
        assert (one.low, one.high) != (other.low, other.high)


def test_readings_of_what_is_neither_are_told_of_clusters(study):
    alone, told = (readings(clustered_by(study, by)) for by in ([], ["scene"]))
    for one, other in zip(alone, told, strict=True):
        assert one.accepted.low != other.accepted.low


def test_attributes_are_told_of_clusters():
    rng = np.random.default_rng(3)
    roles = ("prototype", "criticism", "random")
    images: dict[str, tuple[str, ...]] = {
        f"i{number:02}": (roles[number % 3],) for number in range(24)
    }
    said = {image: {"attribute_1": "".join(rng.choice([*"pa"], 7))} for image in images}
    portrait = _portrait(images, said)
    sources = portrait.trials.assign(sources=portrait.trials["trial"])
    portrait = in_scenes(replace(portrait, trials=sources), size=6)
    alone, told = (
        RepresentationMeasure().outcomes(clustered_by(portrait, by))
        for by in ([], ["scene"])
    )
    assert len(alone) == 3
    for one, other in zip(alone, told, strict=True):
        assert (one.low, one.high) != (other.low, other.high)
