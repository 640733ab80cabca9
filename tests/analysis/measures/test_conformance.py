"""What holds for every measure that is listed, or that an installed package brings."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pandas as pd
import pytest

from analysis import measures
from analysis.bundles.example import example_bundle
from analysis.elements.sections import Section
from analysis.measures import MEASURES, REGISTERED

FOLDERS = sorted(
    each.name for each in pkgutil.iter_modules(measures.__path__) if each.name != "base"
)


@pytest.fixture(params=FOLDERS)
def folder(request):
    return Path(measures.__path__[0]) / request.param


def test_every_folder_is_listed_under_the_name_of_its_measure():
    assert sorted(each.name.replace("-", "_") for each in MEASURES) == FOLDERS


def test_numbers_and_their_part_of_the_report_stand_apart(folder):
    assert (folder / "numbers.py").is_file()
    assert (folder / "section.py").is_file()


def test_a_folder_hands_on_its_measure_and_nothing_else(folder):
    package = importlib.import_module(f"{measures.__name__}.{folder.name}")
    (handed_on,) = package.__all__
    listed = {type(each).__name__: type(each) for each in MEASURES}
    assert getattr(package, handed_on) is listed[handed_on]
    assert listed[handed_on].__module__ == f"{package.__name__}.section"


def test_numbers_know_nothing_of_the_report(folder):
    for node in ast.walk(ast.parse((folder / "numbers.py").read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not str(node.module).startswith(("analysis.elements", "matplotlib"))
            assert not str(node.module).endswith((".section", ".tables", ".figures"))


@pytest.mark.parametrize("name", list(REGISTERED))
def test_it_reads_a_bundle_without_changing_it_and_says_its_part(name):
    measure, bundle = REGISTERED[name], example_bundle()
    before = bundle.responses.copy(), bundle.trials.copy(), bundle.sessions.copy()
    assert measure.applies(bundle) in (True, False)
    if measure.applies(bundle):
        sections = measure.sections(bundle)
        assert all(isinstance(each, Section) for each in sections)
        assert len({each.id for each in sections}) == len(sections)
        assert all(isinstance(line, str) for line in measure.headline(bundle))
    after = bundle.responses, bundle.trials, bundle.sessions
    for old, new in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(old, new)
