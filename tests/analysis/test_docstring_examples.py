"""Every example in a docstring of `analysis` is run."""

from __future__ import annotations

import ast
import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis

ROOT = Path(analysis.__file__).parent


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = sorted(
    module_of(path) for path in ROOT.rglob("*.py") if ">>> " in path.read_text("utf-8")
)
FINDER = doctest.DocTestFinder(exclude_empty=True)


def examples(name):
    found = FINDER.find(import_module(name), extraglobs={"np": np, "pd": pd})
    return [each for each in found if each.examples]


def failures(found):
    """What the examples say instead of what stands there; "" if they are true."""
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    said: list[str] = []
    for example in found:
        runner.run(example, out=said.append)
    assert bool(said) == bool(runner.summarize(verbose=False).failed)
    return "".join(said)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
    assert examples(name)
    assert failures(examples(name)) == ""


@pytest.mark.parametrize("wrong", [">>> 1 + 1\n3\n", ">>> unheard_of\n3\n"])
def test_an_example_that_is_not_true_is_found_out(wrong):
    example = doctest.DocTestParser().get_doctest(wrong, {}, "wrong", None, None)
    assert failures([example]) != ""


def unexplained_in(path):
    """Names of the public functions that return frames, without an example."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            returned = ast.unparse(node.returns) if node.returns else ""
            if "DataFrame" in returned and ">>> " not in (
                ast.get_docstring(node) or ""
            ):
                yield f"{module_of(path)}.{node.name}"


def test_what_returns_a_data_frame_has_an_example():
    missing = {name for path in ROOT.rglob("*.py") for name in unexplained_in(path)}
    assert missing <= NEEDS_A_STUDY_OF_ITS_OWN | READS_FILES


# Tests of these make the studies they need.
NEEDS_A_STUDY_OF_ITS_OWN = {
    "analysis.measures.adversarial.numbers.attacked_images",
    "analysis.measures.adversarial.numbers.attacked_votes",
    "analysis.measures.adversarial.display_controls.control_votes",
    "analysis.measures.adversarial.paired_displays.changed_images",
    "analysis.measures.adversarial.paired_displays.votes_per_image",
    "analysis.measures.assignment.numbers.assignment_responses",
    "analysis.measures.explanation_path.numbers.path_frames",
    "analysis.measures.representation.numbers.portrayed_images",
    "analysis.measures.representation.numbers.ratings",
}
# Steps on the way from files to a bundle, and from a bundle to a page.
READS_FILES = {
    "analysis.comparing.settings.shown_settings",
    "analysis.people.exclusion_sections.without_single_condition",
    "analysis.bundles.frames.read_tables",
    "analysis.importing.hits.flattened_answers.put_together",
    "analysis.importing.response_bundles.rename_people",
    "analysis.importing.checked_responses.check_responses",
    "analysis.importing.formats.long_table.mapped",
    "analysis.importing.tables.reading.read_table",
}


@pytest.mark.parametrize(
    "name",
    [
        "analysis.statistics.aggregation.dawid_skene",
        "analysis.statistics.aggregation.item_response",
        "analysis.statistics.k_of_n",
        "analysis.statistics.aggregation.majority",
        "analysis.statistics.agreement",
        "analysis.statistics.clustered",
        "analysis.statistics.intervals",
        "analysis.statistics.models.logistic",
        "analysis.statistics.models.ordinal",
        "analysis.statistics.multiplicity",
        "analysis.statistics.paired",
    ],
)
def test_what_a_researcher_calls_has_an_example(name):
    module = import_module(name)
    shown = {each.name.removeprefix(f"{name}.") for each in examples(name)}
    public = {
        function
        for function, value in vars(module).items()
        if callable(value)
        and not function.startswith("_")
        and getattr(value, "__module__", None) == name
        and not isinstance(value, type)
    }
    assert public <= shown | EXPLAINED_ELSEWHERE


# Pieces of the functions that have examples.
EXPLAINED_ELSEWHERE = {
    "mixed_dof",
    "no_estimate",
    "score_bounds",
    "tally",
}
