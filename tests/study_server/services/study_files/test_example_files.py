"""The study files of `examples/` are ones that `study create` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from study_server.services.study_files.file import parse_study_file

KINDS = {
    "categories": "categorise",
    "photographs": "relevance",
    "adversarial": "relevance",
    "criticism": "assignment",
    "portrait": "attributes",
}


@pytest.mark.parametrize(("folder", "paradigm"), KINDS.items())
def test_an_example_can_be_used(repository: Path, folder: str, paradigm: str):
    file = parse_study_file(repository / "examples" / folder / "study.toml")
    assert file.study.paradigm == paradigm


def test_every_study_file_is_among_them(repository: Path):
    found = {
        path.parent.name for path in (repository / "examples").glob("*/study.toml")
    }
    assert found == set(KINDS)
