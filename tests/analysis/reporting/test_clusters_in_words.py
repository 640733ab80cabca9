"""The report says which intervals take images that belong together as one draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import analysis.measures as room
from analysis.bundles.clusters import clustered_by
from analysis.bundles.example import example_bundle
from analysis.measures import MEASURES
from analysis.reporting.method_sections import DRAWN_AT_RANDOM, clusters_in_words

# They print no interval for other images: counts, how far a result moves, or how well
# other people do on these very trials.
WITHOUT_INTERVALS = {
    "category-confusions",
    "counted-answers",
    "quality",
    "sensitivity",
    "signal-detection",
}


@pytest.mark.parametrize("name", [measure.name for measure in MEASURES])
def test_every_measure_clusters_images_or_is_named(name):
    folder = Path(room.__file__).parent / name.replace("-", "_")
    says = any("clusters" in path.read_text("utf-8") for path in folder.glob("*.py"))
    if name in WITHOUT_INTERVALS:
        return
    assert says != (name in DRAWN_AT_RANDOM)


def test_measures_that_draw_at_random_are_named_where_they_apply():
    study = clustered_by(example_bundle(), ["class"])
    assert "Intervals of the audit and the calibration" in clusters_in_words(study)
    assert "audit" not in clusters_in_words(replace(study, audit=study.audit.iloc[:0]))
