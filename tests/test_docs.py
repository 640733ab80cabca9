"""Pages and examples of docs/ say what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest


@pytest.mark.parametrize("page", ["settings.md", "study-files.md", "recruiters.md"])
def test_every_key_says_what_it_means(repository: Path, page: str):
    lines = (repository / "docs" / page).read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []
    assert [row for row in rows if "Pydantic" in row] == []


def test_the_examples_of_contributing_are_those_that_tests_run(repository: Path):
    text = (repository / "CONTRIBUTING.md").read_text("utf-8")
    shown = re.findall(r"<!-- (tests/\S+) -->\n```\w+\n(.*?)\n```\n", text, re.DOTALL)
    assert len(shown) == 5
    for path, code in shown:
        assert code == (repository / path).read_text("utf-8").rstrip(), path


def test_the_newest_heading_of_the_changelog_is_this_version(repository: Path):
    text = (repository / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    said = [
        re.fullmatch(r"(\d+\.\d+\.\d+) \((unreleased|\d{4}-\d\d-\d\d)\)", heading)
        for heading in headings
    ]
    assert all(said), headings
    numbers = [tuple(map(int, found[1].split("."))) for found in said if found]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [found[2] for found in said[1:] if found].count("unreleased") == 0
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    version = tuple(map(int, project["project"]["version"].split(".")))
    assert version in numbers[:2]  # the next one may be in the making
    if version != numbers[0]:
        assert said[0] is not None
        assert said[0][2] == "unreleased"
