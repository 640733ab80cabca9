"""The README's commands work as they stand there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from study_server.cli import main

MARK = "<!-- run by tests/test_readme.py -->\n```sh\n"


def commands(readme: str) -> list[list[str]]:
    blocks = [part.split("```")[0] for part in readme.split(MARK)[1:]]
    lines = [line for block in blocks for line in block.splitlines()]
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_the_readmes_walk_through_runs_as_written(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    walk = commands((repository / "README.md").read_text("utf-8"))
    assert len(walk) >= 8
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)

    for words in walk:
        assert words[0] == "secondlook"
        # In this process: each of its own would import everything once more.
        ran = CliRunner().invoke(main, words[1:], catch_exceptions=False)
        assert ran.exit_code == 0, f"{shlex.join(words)}\n{ran.output}"

    assert (tmp_path / "sheet.png").is_file()
    assert (tmp_path / "report" / "index.html").is_file()


def test_every_file_the_readme_links_to_is_there(repository: Path):
    text = (repository / "README.md").read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    assert [link for link in links if not (repository / link).exists()] == []


def test_the_readme_shows_what_the_demo_prints(repository: Path):
    text = (repository / "README.md").read_text("utf-8")
    assert re.search(r"demo +top-1 +\d+\.\d % \[.*\] +\d+\.\d % \[", text)
    assert "images by number of people who said yes" in text
