"""Every door through which a text file comes that a person may have written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.bundles.reading import read_bundle
from analysis.errors import AnalysisError
from analysis.importing import ImportOptions, import_bundle
from stimuli.errors import StimuliError
from stimuli.manifest import StimulusSet
from stimuli.recipe_file import read_recipe
from stimuli.recipes import RECIPES
from stimuli.sources.listing import list_images
from study_server.config import load_settings
from study_server.errors import StudyError
from study_server.services.study_files.file import parse_study_file
from tests.study_server.serving import STUDY
from tests.study_server.tiny_set import write_tiny_set

MENDABLE = (StudyError, StimuliError, AnalysisError)
KINDS = {kind: entry[0] for kind, entry in RECIPES.items()}
GIGABYTES = 2 << 30


@dataclass(frozen=True, kw_only=True)
class Door:
    """One kind of file: where it lies, what it may hold, who reads it."""

    file: str
    text: str
    read: Callable[[Path], object]


def read_texts(folder: Path) -> object:
    path = folder / "study.toml"
    path.write_text(STUDY.replace("[analysis]", '[consent]\nfile = "c.md"\n[analysis]'))
    return parse_study_file(path).consent.text


def read_votes(folder: Path, name: str, format_name: str) -> object:
    columns = {"worker": "who", "stimulus": "what", "response": "said"}
    options = ImportOptions(
        columns=columns if format_name == "long" else {}, yes=("yes",), no=("no",)
    )
    bundle = import_bundle([folder / name], options, format_name=format_name)
    return bundle.responses["value"].tolist()


def read_set(folder: Path) -> object:
    return StimulusSet.open(folder / "set").classes()


def read_labels(folder: Path) -> object:
    (folder / "é.png").touch()
    return [(entry.source, entry.label) for entry in list_images(folder).entries]


REPLY = """{"Assignments": [{"AssignmentId": "A", "WorkerId": "é", "HITId": "H",
"AssignmentStatus": "Submitted", "Answer": "<QuestionFormAnswers xmlns='http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd'><Answer><QuestionIdentifier>q</QuestionIdentifier><FreeText>yes</FreeText></Answer></QuestionFormAnswers>"}]}
"""
DOORS = {
    "settings": Door(
        file="secondlook.toml",
        text='# é\nbase_url = "https://example.org"\n',
        read=lambda folder: load_settings({}, folder=folder),
    ),
    "study": Door(
        file="study.toml",
        text=STUDY + "# é\n",
        read=lambda folder: parse_study_file(folder / "study.toml"),
    ),
    "text of a study": Door(file="c.md", text="Hé\n\nyou\n", read=read_texts),
    "recipe": Door(
        file="recipe.toml",
        text='# é\n[recipe]\nkind = "misclassified"\n[dataset]\npath = "."\n'
        "[classifier]\ndemo = true\n",
        read=lambda folder: read_recipe(folder / "recipe.toml", KINDS),
    ),
    "labels": Door(file="labels.csv", text="file,label\né.png,3\n", read=read_labels),
    "long table": Door(
        file="votes.csv",
        text="who,what,said\né,a.png,yes\nb,a.png,no\n",
        read=lambda folder: read_votes(folder, "votes.csv", "long"),
    ),
    "replies": Door(
        file="r.json",
        text=REPLY,
        read=lambda folder: read_votes(folder, "r.json", "mturk-json"),
    ),
}
# Files that programs write; whoever copies them may still cut them off.
MADE = {
    "bundle": Door(file="bundle.json", text="", read=read_bundle),
    "classes of a set": Door(file="set/classes.json", text="", read=read_set),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", DOORS)
def test_every_editor_s_encoding_and_line_ends_read_the_same(folder, name):
    door = DOORS[name]
    path = folder / door.file
    path.write_text(door.text, "utf-8", newline="")
    expected = door.read(folder)
    windows = door.text.replace("\n", "\r\n")
    for content in (
        b"\xef\xbb\xbf" + door.text.encode(),
        windows.encode(),
        windows.encode("utf-8-sig"),
        windows.encode("utf-16"),
        b"\xfe\xff" + door.text.encode("utf-16-be"),
    ):
        path.write_bytes(content)
        assert door.read(folder) == expected, content[:8]


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_sparse(path: Path) -> None:
    with path.open("wb") as handle:
        handle.truncate(GIGABYTES)


def make_folder(path: Path) -> None:
    path.mkdir()


CASES: dict[str, Callable[[Path], object]] = {
    "a pipe": make_pipe,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "2 GB of nothing": make_sparse,
    "a folder": make_folder,
    "Latin-1": lambda path: path.write_bytes("# é\n".encode("latin-1")),
    "UTF-16 cut in a letter": lambda path: path.write_bytes(b"\xff\xfea"),
    "NUL bytes": lambda path: path.write_bytes(b"a\x00b\x00"),
    "deeply nested lists": lambda path: path.write_text("a = " + "[" * 100_000),
    "nested lists": lambda path: path.write_text(f"a = {'[' * 90}{']' * 90}\n"),
    "nested JSON": lambda path: path.write_text("[" * 100_000),
    "a number of 5,000 digits": lambda path: path.write_text("a = " + "9" * 5000),
    "a JSON number of 5,000 digits": lambda path: path.write_text("9" * 5000),
    "a number of 400 digits": lambda path: path.write_text("a = " + "9" * 400),
    "a million columns": lambda path: path.write_text(
        ",".join(map(str, range(1_000_000))) + "\n1\n"
    ),
    "a quoted cell cut off": lambda path: path.write_text('file,label\n"a.png'),
    "a row cut off": lambda path: path.write_text("file,label\na.png,1\nb.p"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", [*DOORS, *MADE])
def test_what_is_no_such_file_is_refused_in_words_at_once(folder, name, case):
    door = {**DOORS, **MADE}[name]
    path = folder / door.file
    if path.parent != folder:
        write_tiny_set(path.parent)
        path.unlink()
    CASES[case](path)
    if name == "text of a study" and case not in list(CASES)[:7]:
        return  # any text will do
    with pytest.raises(MENDABLE) as caught:
        door.read(folder)
    said = str(caught.value)
    assert path.name in said or (name == "bundle" and "not a bundle" in said)
    assert "set_int_max_str_digits" not in said
    assert len(said) < 2_000
