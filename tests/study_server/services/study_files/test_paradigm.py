"""What a study file says to its paradigm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hit_templates.base import get_paradigm
from study_server.services.study_files.file import (
    StudyFile,
    StudyFileError,
    parse_study_file,
)
from study_server.services.study_files.paradigm import (
    paradigm_of,
    paradigm_problems,
)

ATTRIBUTES = """
[study]
name = "portrait"
title = "What is in the picture?"
paradigm = "attributes"
{study}
[attributes]
shows_people = {people}
[[attributes.perceived]]
id = "ball"
wording = "a ball"
[[attributes.perceived]]
id = "{second}"
wording = "a hoop"
[recruiter.lab]
link = "open"
"""
APPROVED = """
[consent]
ethics_body = "the board"
protocol_number = "2026-7"
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(
        *, study: str = "", people: str = "false", second: str = "hoop", more: str = ""
    ) -> Path:
        path = tmp_path / "study.toml"
        text = ATTRIBUTES.format(study=study, people=people, second=second)
        path.write_text(text + more, "utf-8")
        return path

    return written


def refusal(path: Path) -> str:
    with pytest.raises(StudyFileError) as refused:
        parse_study_file(path)
    return str(refused.value)


def test_the_attributes_are_kept_with_the_study(write: Write):
    file = parse_study_file(write())
    read_back = StudyFile.model_validate(file.model_dump(mode="json"))
    asked = paradigm_of(read_back).describe()["attributes"]
    assert [(one["field"], one["wording"]) for one in asked] == [
        ("attribute_1", "a ball"),
        ("attribute_2", "a hoop"),
    ]
    assert file.texts["content_warning"] == ""


def test_a_study_without_attributes_is_refused(write: Write):
    path = write()
    head, _, _ = path.read_text("utf-8").partition("[attributes]")
    path.write_text(head + '[recruiter.lab]\nlink = "open"\n', "utf-8")
    said = refusal(path)
    assert "[attributes] perceived: missing; expected the attributes" in said
    assert "[attributes] shows_people: missing" in said


def test_the_same_attribute_twice_is_refused_by_name(write: Write):
    said = refusal(write(second="ball"))
    assert "[attributes] perceived: every attribute may stand there once" in said
    assert "'ball'" in said


def test_one_rater_is_not_enough(write: Write):
    said = refusal(
        write(more="[design]\nresponses_per_trial = 1\n[analysis]\nagreement = 1\n")
    )
    assert "[design] responses_per_trial" in said
    assert "at least 2 people per trial, got 1" in said


def test_pictures_of_people_need_an_approval(write: Write):
    said = refusal(write(people="true"))
    assert "[consent] ethics_body: missing" in said
    assert "[consent] protocol_number: missing" in said


def test_pictures_of_people_bring_a_content_notice(write: Write):
    file = parse_study_file(write(people="true", more=APPROVED))
    assert "**people**" in file.texts["content_warning"]
    said = refusal(
        write(people="true", more=APPROVED + '[texts]\ncontent_warning = " "\n')
    )
    assert "[texts] content_warning: pictures of people need a notice" in said


def test_a_section_of_another_paradigm_is_refused(write: Write):
    path = write()
    text = path.read_text("utf-8").replace('"attributes"', '"relevance"')
    path.write_text(text, "utf-8")
    assert "[attributes]: unknown" in refusal(path)


@pytest.mark.parametrize(
    ("paradigm", "design", "expected"),
    [
        ("relevance", "", ("any",)),
        ("assignment", "", ("desktop",)),
        ("assignment", '[design]\ndevices = ["desktop", "tablet"]\n', None),
    ],
)
def test_devices_are_the_paradigms_unless_the_study_says(
    tmp_path: Path, paradigm: str, design: str, expected: tuple[str, ...] | None
):
    path = tmp_path / "study.toml"
    path.write_text(
        f'[study]\nname = "x"\ntitle = "x"\nparadigm = "{paradigm}"\n{design}'
        '[recruiter.lab]\nlink = "open"\n',
        "utf-8",
    )
    devices = parse_study_file(path).design.devices
    assert devices == (expected or ("desktop", "tablet"))


def test_an_item_in_one_condition_only_does_not_go_with_the_same_source_again(
    tmp_path: Path,
):
    path = tmp_path / "study.toml"
    path.write_text(
        '[study]\nname = "x"\ntitle = "x"\nparadigm = "assignment"\n'
        '[design]\nconditions = "within"\nallow_same_source = true\n'
        'levels = ["a"]\n[recruiter.lab]\nlink = "open"\n',
        "utf-8",
    )
    assert "allow_same_source = true would undo" in refusal(path)


def test_a_notice_of_flashing_masks_may_not_be_left_out():
    raw = {"texts": {"flash_notice": " "}}
    timing = {"exposure_ms": 200.0, "mask": "noise"}
    flashing = get_paradigm("categorise").configure({"timing": timing})
    (problem,) = paradigm_problems(raw, flashing)
    assert "masks that flash need a notice" in problem
    assert list(paradigm_problems({}, flashing)) == []
    calm = get_paradigm("categorise").configure({})
    assert list(paradigm_problems(raw, calm)) == []


def test_a_warning_of_the_studys_own_does_not_replace_the_notice_of_flashes(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[study]\nname = "x"\ntitle = "x"\nparadigm = "categorise"\n'
        '[categorise.timing]\nexposure_ms = 200\nmask = "noise"\n'
        '[texts]\ncontent_warning = "Some pictures show spiders."\n'
        '[recruiter.lab]\nlink = "open"\n',
        "utf-8",
    )
    said = parse_study_file(path).warning
    assert said.startswith("Some pictures show spiders.")
    assert "photosensitive epilepsy" in said
