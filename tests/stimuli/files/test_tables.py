"""Every table beside the images is read strictly, and all in the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stimuli.errors import DatasetError
from stimuli.files.tables import Columns, SeparatorError, find_separator, read_table
from stimuli.probing import pairs
from stimuli.probing.pairs import read_pairs
from stimuli.records.classes import ClassList, describe_classes
from stimuli.sources import class_tables, known_contents, rights
from stimuli.sources.class_tables import CLASS_COLUMNS, read_groups
from stimuli.sources.datasets import resolve_labels
from stimuli.sources.known_contents import read_adjudicated
from stimuli.sources.labels_table import LABEL_COLUMNS
from stimuli.sources.listing import list_images
from stimuli.sources.rights import read_rights
from tests.stimuli import toy

CLASSES = ClassList(tuple(describe_classes(toy.NAMES, [""] * 10)))
NAMES = {"a.png", "b.png"}


@dataclass(frozen=True, kw_only=True)
class Door:
    """One kind of table, its text with two sound rows, and who reads it."""

    file: str
    text: str
    read: Callable[[Path], object]


def dataset_of(folder: Path) -> object:
    classes = ClassList(CLASSES.infos, wnids=list_images(folder).wnids)
    return resolve_labels(list_images(folder), classes)


DOORS = {
    "labels": Door(
        file="labels.csv", text="file,label\na.png,1\nb.png,2\n", read=dataset_of
    ),
    "classes": Door(
        file="classes.csv", text="index,name\n1,Biene\n2,Katze\n", read=dataset_of
    ),
    "truth": Door(
        file="truth.csv", text="file,present\na.png,bee|cat\nb.png,-\n", read=dataset_of
    ),
    "credits": Door(
        file="credits.csv",
        text="file,licence\na.png,CC0\nb.png,MIT\n",
        read=lambda folder: read_rights(folder, sources=NAMES),
    ),
    "groups": Door(
        file="groups.csv",
        text="class,group\nbee,insect\ncat,mammal\n",
        read=lambda folder: read_groups(folder / "groups.csv", CLASSES),
    ),
    "adjudicated": Door(
        file="list.csv",
        text="file,class,relevant\na.png,bee,yes\nb.png,bee,no\n",
        read=lambda folder: read_adjudicated(
            folder / "list.csv", CLASSES, sources=NAMES
        ),
    ),
    "pairs": Door(
        file="pairs.csv",
        text="pair,first,second\none,a.png,b.png\ntwo,b.png,a.png\n",
        read=lambda folder: read_pairs(folder / "pairs.csv"),
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).touch()
    return tmp_path


def refused(door: Door, folder: Path, text: str | bytes) -> str:
    content = text.encode() if isinstance(text, str) else text
    (folder / door.file).write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        door.read(folder)
    return str(caught.value)


def changed(door: Door, line: int, change: Callable[[str], str]) -> str:
    """The door's text with one line (from 1) changed."""
    lines = door.text.splitlines()
    lines[line - 1] = change(lines[line - 1])
    return "\n".join(lines) + "\n"


every_table = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@every_table
def test_sound_tables_read_whatever_program_saved_them(folder, door):
    path = folder / door.file
    path.write_text(door.text)
    expected = door.read(folder)
    for content in (
        door.text.upper().partition("\n")[0] + "\n" + door.text.partition("\n")[2],
        door.text.replace("\n", "\r\n"),
        door.text.replace("\n", ",note for us\n").replace("note for us", "note", 1),
        "".join(f"{line},\n" for line in door.text.splitlines()),
        "sep=,\n" + door.text,
        "\n" + door.text + "\n\n",
    ):
        path.write_text(content, newline="")
        assert door.read(folder) == expected, content
    path.write_text(door.text, "utf-16")
    assert door.read(folder) == expected


@every_table
def test_a_row_with_too_many_or_too_few_cells_is_named_with_its_line(folder, door):
    n = door.text.partition("\n")[0].count(",") + 1
    many = refused(door, folder, changed(door, 3, lambda line: line + ",1"))
    assert f"line 3: more cells than the {n} columns ({n + 1})" in many
    empty = refused(door, folder, changed(door, 3, lambda line: line + ","))
    assert f"line 3: more cells than the {n} columns" in empty
    few = refused(door, folder, changed(door, 2, lambda line: line.rpartition(",")[0]))
    assert f"line 2: {n - 1} of {n} cells" in few


@pytest.mark.parametrize("door", [d for n, d in DOORS.items() if n != "labels"])
def test_a_column_that_nothing_reads_is_refused(folder, door):
    said = refused(
        door, folder, door.text.replace("\n", ",7\n").replace("7", "width", 1)
    )
    assert "column 'width' is not read here" in said
    assert "note_width" in said


@every_table
def test_a_column_that_is_there_twice_is_refused(folder, door):
    first = door.text.partition(",")[0]
    text = door.text.replace("\n", ",1\n").replace("1", f" {first.upper()} ", 1)
    if door.file == "classes.csv":
        text = text.replace("index,name,1", f"index,name, {first.upper()} ")
    assert f"columns {first} and {first} would both be {first}" in refused(
        door, folder, text
    )


@every_table
def test_other_separators_are_read_where_the_header_leaves_no_doubt(folder, door):
    path = folder / door.file
    path.write_text(door.text)
    expected = door.read(folder)
    for separator in ";\t":
        for start in ("", f"sep={separator}\n"):
            path.write_text(start + door.text.replace(",", separator))
            found = door.read(folder)
            if hasattr(found, "notes"):
                named = "';'" if separator == ";" else "a tab"
                assert any(
                    f"{door.file}: cells are separated by {named}" in note
                    for note in found.notes
                )
            else:
                assert found == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file;label,x;y\n", r"no column file, label; the first line says file;label"),
        ("file;label,name\tx\n", "no column file, label"),
    ],
)
def test_a_header_that_no_separator_cuts_into_the_columns_is_refused(
    folder, text, words
):
    assert words in refused(DOORS["labels"], folder, text)


def test_the_columns_decide_between_two_separators_and_else_nobody_does():
    assert (
        find_separator("file;label;note (a, b)\n", ("file", "label")).character == ";"
    )
    assert find_separator("file,label,note a;b\n", ("file", "label")).character == ","
    assert find_separator('"a;b","c"\n').character == ","
    assert find_separator("a;b\tc\n", ("a",)).character == ";"
    with pytest.raises(SeparatorError, match="can be cut at a comma or ';'; quote"):
        find_separator("a,b;c\n")


@every_table
def test_latin_1_workbooks_and_lost_letters_are_refused_in_words(folder, door):
    latin = refused(door, folder, door.text.encode() + "é,é\n".encode("latin-1"))
    assert "is not UTF-8 text (line 4, byte 0xe9); save it as UTF-8" in latin
    assert "is an Excel workbook" in refused(door, folder, b"PK\x03\x04rest")
    lost = refused(door, folder, changed(door, 3, lambda line: line + "\ufffd"))
    assert "line 3: " in lost
    assert "stands where a letter was lost" in lost


@every_table
def test_ids_that_a_spreadsheet_shortened_are_refused_with_their_line(folder, door):
    text = changed(door, 3, lambda line: "5.61E+23," + line.partition(",")[2])
    said = refused(door, folder, text)
    first = door.text.partition(",")[0]
    assert f"line 3: {first} '5.61E+23' is what a spreadsheet makes of a long" in said


@every_table
def test_a_quotation_mark_that_is_never_closed_is_told_by_the_row_it_begins_in(
    folder, door
):
    said = refused(door, folder, changed(door, 3, lambda line: '"' + line))
    assert "the row that begins in line 3" in said


def test_every_problem_of_a_table_comes_at_once_and_they_are_bounded(folder):
    rows = "".join(f"x{number}.png,1\n" for number in range(52))
    said = refused(DOORS["labels"], folder, "file,label\na.png\n" + rows)
    assert "labels.csv: 53 problems" in said
    assert "line 2: 1 of 2 cells" in said
    assert "... and 13 more" in said


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ('"1,234"', "could be 1234 or 1.234"),
        ('"0,95"', "could be 095 or 0.95"),
        ("1.234", "could be 1234 or 1.234"),
        ("3.0", "is not written as a whole number; write 3"),
        ("5.61E+23", "is what a spreadsheet makes of a long number"),
        ("9" * 5000, "is out of range"),
    ],
)
def test_numbers_that_could_mean_two_things_are_no_labels(folder, label, words):
    assert words in refused(DOORS["labels"], folder, f"file,label\na.png,{label}\n")


def test_numbers_of_classes_are_plain_and_listed_once(folder):
    text = 'index,name\n1,bee\n01,wasp\n"1,0",ant\n3.0,cat\n'
    said = refused(DOORS["classes"], folder, text)
    assert "line 3: index 1 is listed twice, first in line 2" in said
    assert "line 4: index '1,0' could be 10 or 1.0" in said
    assert "line 5: index '3.0' is not written as a whole number; write 3" in said


def test_a_class_column_beside_the_label_is_a_contradiction(folder):
    said = refused(DOORS["labels"], folder, "file,label,class\na.png,1,bee\n")
    assert "column 'class' stands beside label; both would say the same" in said
    alone = refused(DOORS["labels"], folder, "file,class\na.png,1\n")
    assert "column 'class' is not read here" in alone
    assert "did you mean label?" in alone


@pytest.mark.parametrize(
    ("columns", "rows", "words"),
    [
        # toy.NAMES: ant, bee, cat, dog, ...
        (
            "name",
            ["1,cat"],
            "line 2: label '1' is class 1 (bee), but name 'cat' is class 2",
        ),
        ("name", ["bee,cat"], "line 2: label 'bee' is class 1 (bee), but name 'cat'"),
        (
            "name",
            ["1,Biene", "1,Wespe"],
            "line 3: class 1 is called 'wespe', in line 2 'biene'",
        ),
        (
            "wnid",
            ["1,n00000001", "2,n00000001"],
            "line 3: wnid n00000001 is class 2, in line 2 class 1",
        ),
        (
            "wnid",
            ["bee,n00000009", "2,n00000009"],
            "line 2: label 'bee' is class 1 (bee), but wnid n00000009 is class 2",
        ),
    ],
)
def test_columns_of_labels_csv_that_speak_of_two_classes_are_named(
    folder, columns, rows, words
):
    lines = [f"{name},{row}" for name, row in zip(sorted(NAMES), rows, strict=False)]
    text = "\n".join([f"file,label,{columns}", *lines]) + "\n"
    assert words in refused(DOORS["labels"], folder, text)


def test_a_shorter_name_of_the_same_class_is_no_contradiction(folder):
    # As in ImageNet's lists: the bird's number, and a name that the machine has too.
    names = tuple(describe_classes(["crane bird", "crane"], ["", ""]))
    (folder / "labels.csv").write_text("file,label,name\na.png,0,crane\n")
    found = resolve_labels(list_images(folder), ClassList(names))
    assert [source.label for source in found.sources] == ["0"]


def test_names_that_are_not_the_classes_own_are_noted(folder):
    (folder / "labels.csv").write_text("file,label,name\na.png,1,Biene\n")
    found = dataset_of(folder)
    assert found.notes == (  # type: ignore[attr-defined]
        "labels.csv: 1 names are not the classes' own, which are used (first in "
        "line 2: 'Biene')",
    )


COMPOSED = "\N{LATIN SMALL LETTER E WITH ACUTE}.png"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize(
    ("on_disk", "said"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)]
)
def test_a_name_is_the_same_in_every_unicode_form(folder, on_disk, said):
    (folder / on_disk).touch()
    (folder / "labels.csv").write_text(f"file,label\n{said},1\n")
    (folder / "truth.csv").write_text(f"file,present\n{said},cat\n")
    (source,) = dataset_of(folder).sources  # type: ignore[attr-defined]
    assert (source.name, source.label, source.present) == (on_disk, "1", ("2",))
    (folder / "pairs.csv").write_text(f"pair,first,second\none,{said},a.png\n")
    (pair,) = read_pairs(folder / "pairs.csv")
    assert pair.first == folder / on_disk
    credits_table = folder / "credits.csv"
    credits_table.write_text(f"file,licence\n{said},CC0\n")
    assert read_rights(folder, sources=[on_disk]) == {on_disk: {"licence": "CC0"}}


def test_two_files_that_look_the_same_are_a_named_clash(folder):
    for name in (COMPOSED, DECOMPOSED):
        (folder / name).touch()
    said = refused(DOORS["labels"], folder, f"file,label\n{COMPOSED},1\n")
    assert "line 2" in said
    assert "is the name of 2 files that differ in their Unicode form alone" in said


def test_classes_and_groups_are_the_same_in_every_unicode_form():
    name = "\N{LATIN SMALL LETTER A WITH DIAERESIS}lg"
    classes = ClassList(tuple(describe_classes([name, "ant"], ["", ""])))
    assert classes.find(unicodedata.normalize("NFD", name)) == "0"


def test_one_file_written_in_two_ways_is_listed_twice(folder):
    said = refused(DOORS["labels"], folder, "file,label\na.png,1\n./a.png,2\n")
    assert "line 3: file 'a.png' is listed twice, first in line 2" in said


def test_an_index_that_pandas_wrote_is_one_problem_however_long_the_table(folder):
    said = refused(DOORS["labels"], folder, ",file,label\n0,a.png,1\n1,b.png,2\n")
    assert "labels.csv: 1 problem" in said
    assert "line 2: cell 1 holds '0', and the first line has no name for it" in said
    assert "(2 such rows)" in said
    assert "to_csv(index=False)" in said


def test_a_table_without_a_header_is_told_that_it_needs_one(folder):
    said = refused(DOORS["labels"], folder, "a.png,1\nb.png,2\n")
    assert (
        "no column file, label; the first line says a.png, 1, where the names" in said
    )
    assert "1 problem" in said


def test_names_with_backslashes_and_other_case_get_advice(folder):
    toy.paint(folder / "cat" / "c.png", 1, 2)
    said = refused(DOORS["labels"], folder, "file,label\ncat\\c.png,1\nA.PNG,2\n")
    assert (
        "line 2: no file 'cat\\\\c.png' in the folder; did you mean cat/c.png?" in said
    )
    assert "line 3: no file 'A.PNG' in the folder; did you mean a.png?" in said


def test_names_from_elsewhere_get_advice_where_one_image_ends_so(folder):
    # Full paths of another machine, ids without a suffix, a folder left out.
    toy.paint(folder / "cat" / "c.png", 1, 2)
    toy.paint(folder / "dog" / "a.png", 1, 2)
    names = ["C:\\ann\\C.png", "/ann/b.png", "b", "c.png", "x/a.png"]
    said = refused(
        DOORS["labels"], folder, "file,label\n" + "".join(f"{n},1\n" for n in names)
    )
    advice = [line.partition("did you mean ")[2] for line in said.splitlines()[1:]]
    # a.png and dog/a.png end alike: nothing is guessed.
    assert advice == ["cat/c.png?", "b.png?", "b.png?", "cat/c.png?", ""]


def test_rows_that_cannot_be_and_names_that_lack_come_in_one_message(tmp_path):
    toy.paint(tmp_path / "photos/a.png", 1, 2)
    (tmp_path / "photos/labels.csv").write_text("file,label\na.png,1\nz.png,2\n")
    recipe = toy.write_recipe(tmp_path)
    model = (tmp_path / "toy.py").read_text()
    (tmp_path / "toy.py").write_text(re.sub(r'"classes": \[.*?\](\[:2\])?', "", model))
    with pytest.raises(DatasetError) as caught:
        toy.build(recipe, tmp_path / "set")
    said = str(caught.value)
    assert "line 3: no file 'z.png' in the folder" in said
    assert "classes have no name (first: number 0)" in said


def test_truth_says_each_image_once_and_never_nothing(folder):
    text = "file,present\na.png,bee\na.png,cat\nb.png,\n"
    said = refused(DOORS["truth"], folder, text)
    assert "truth.csv line 3: image 'a.png' is listed twice, first in line 2" in said
    assert "truth.csv line 4: present is empty" in said
    gap = refused(DOORS["truth"], folder, "file,present\na.png,bee||cat\n")
    assert "truth.csv line 2: label '' is no class" in gap


def test_a_list_by_hand_says_each_thing_once(folder):
    rows = "a.png,bee,yes\na.png,1,no\nb.png,cat,no\nb.png,2,no\n"
    said = refused(DOORS["adjudicated"], folder, "file,class,relevant\n" + rows)
    assert (
        "line 3: a.png is said to show and not to show class 1: no here, yes in line 2"
        in said
    )
    assert "line 5: b.png is said not to show class 2: no here, no in line 4" in said


@pytest.mark.parametrize(
    "name", ["labels.tsv", "Labels.csv", "truth.xlsx", "classes.CSV"]
)
def test_a_table_that_would_be_passed_over_is_named(folder, name):
    (folder / name).write_text("file,label\na.png,1\n")
    with pytest.raises(DatasetError, match="is not read: save it as"):
        list_images(folder)


def test_tables_of_imagenet_s_layout_lie_where_they_are_read(tmp_path):
    toy.paint(tmp_path / "val" / "n00000001" / "x.png", 1, 2)
    (tmp_path / "truth.csv").write_text("file,present\n")
    with pytest.raises(DatasetError, match="not read there; put it into"):
        list_images(tmp_path)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    # The quoted cell takes lines 3 and 4, line 5 is blank, line 6 is short.
    path = tmp_path / "t.csv"
    path.write_text('sep=,\na,b\n1,"x\ny"\n\n2\n3,z\n')
    table = read_table(path, Columns(required=("a", "b")))
    assert [(row.line, row["b"]) for row in table.rows] == [(3, "x\ny"), (7, "z")]
    assert table.problems == [
        "line 6: 1 of 2 cells, it ends before the column b; is the file cut off?"
    ]


DOCUMENTED = {
    "labels.csv": LABEL_COLUMNS,
    "classes.csv": CLASS_COLUMNS,
    "truth.csv": known_contents.TRUTH_COLUMNS,
    "credits.csv": rights.COLUMNS,
    "groups.csv": class_tables.GROUP_COLUMNS,
    "list.csv": known_contents.ADJUDICATED_COLUMNS,
    "pairs.csv": pairs.COLUMNS,
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_page_of_formats_has_every_column_and_no_other(repository, name):
    page = (repository / "docs" / "files-you-bring.md").read_text("utf-8")
    (section,) = [part for part in page.split("\n#") if name in part.partition("\n")[0]]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    needed = {
        column
        for row in rows
        for column in re.findall("`([a-z]+)`", row[1])
        if "needed" in row[2]
    }
    said = {column for row in rows for column in re.findall("`([a-z]+)`", row[1])}
    assert needed == set(DOCUMENTED[name].required)
    assert said == {*DOCUMENTED[name].known, *DOCUMENTED[name].spellings}
