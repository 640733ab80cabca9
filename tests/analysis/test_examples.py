from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = (
    "analysis.agreement",
    "analysis.aggregation.k_of_n",
    "analysis.intervals",
    "analysis.measures.yes_bias",
    "analysis.wording",
    "analysis.writing",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
    module = import_module(name)
    names = {**vars(module)}
    if "np" not in names:
        names["np"] = import_module("numpy")
    found = doctest.testmod(module, extraglobs=names)
    assert found.attempted > 0
    assert found.failed == 0
