"""Bundles that version 0.1 exported give the numbers that version 0.1 printed."""

from __future__ import annotations

import pytest

from analysis.bundles.reading import read_bundle
from tests.fixtures.old_studies import NAMES, check_says_the_same, unpack

# One of each way of asking; the others take longer than they tell.
QUICK = ("criticism", "imported-categories", "portrait", "top1")


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in NAMES
    ],
)
def test_an_old_bundle_s_report_prints_the_same_numbers(name, tmp_path):
    check_says_the_same(read_bundle(unpack(name, tmp_path)), name)
