"""What is wrong with the parts of a study file, all of it at once."""

from __future__ import annotations

import pytest

from stimuli.manifest import Trial
from study_server.errors import StudyDesignError
from study_server.services.study_files.file import StudyFileError, parse_study_file
from study_server.services.study_files.part_fits import part_warnings
from tests.study_server.part_sets import PARTS, create_in_parts, write_parts

PART = '[[design.parts]]\nname = "{name}"\nn_trials = {n}\n'


def refused(folder, design: str, *, order: str = "", more: str = "") -> list[str]:
    path = write_parts(folder, design, order=order)
    path.write_text(path.read_text() + more)
    with pytest.raises(StudyFileError) as caught:
        parse_study_file(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def unfit(services, folder, design: str) -> list[str]:
    with pytest.raises(StudyDesignError) as caught:
        create_in_parts(services, folder, design)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_a_file_with_parts_is_read_and_its_practice_is_counted(tmp_path):
    file = parse_study_file(write_parts(tmp_path))
    assert [part.name for part in file.design.parts] == ["plain", "masked"]
    assert file.design.n_practice == 2
    again = type(file).model_validate(file.model_dump(mode="json"))
    assert again.design == file.design


def test_texts_of_parts_may_lie_beside_the_file(tmp_path):
    (tmp_path / "rest.md").write_text("Get up and *stretch*.")
    design = PARTS.replace('"Rest your *eyes*."', '{ file = "rest.md" }')
    file = parse_study_file(write_parts(tmp_path, design))
    assert file.design.parts[1].break_text == "Get up and *stretch*."


def test_every_contradiction_of_the_parts_is_said_at_once(tmp_path):
    design = (
        "n_practice = 3\n{order}\n"
        + PART.format(name="x", n=5)
        + 'conditions = ["a", "b"]\n'
        + PART.format(name="x", n=5)
        + 'conditions = ["b"]\n'
        + PART.format(name="y", n=1)
    )
    found = refused(tmp_path, design)
    assert [line.split(":")[0] for line in found] == [
        "[design.parts] name",
        "[design.parts] conditions",
        "[design] conditions",
        "[design.parts] conditions",
        "[design.parts] n_trials",
        "[design] n_practice",
    ]
    assert "2 parts are called 'x'" in found[0]
    assert "y names none while other parts do" in found[1]
    assert "'between' keeps a person in one" in found[2]
    assert "share b and differ in others" in found[3]
    assert "11 main trials together, more than trials_per_block (6)" in found[4]


def test_one_part_cannot_be_counterbalanced(tmp_path):
    (found,) = refused(
        tmp_path,
        "{order}\n" + PART.format(name="x", n=4),
        order='part_order = "counterbalanced"',
    )
    assert found.startswith("[design] part_order: 'counterbalanced' needs two parts")


def test_an_order_without_parts_is_refused(tmp_path):
    (found,) = refused(tmp_path, 'part_order = "parity"\n')
    assert "there are no parts to put in order" in found


def test_keys_of_parts_are_checked_like_all_others(tmp_path):
    design = (
        '[[design.parts]]\nname = "No Name"\nn_trials = 0\nbreak_at = "never"\n'
        "feedbak = true\n"
    )
    found = refused(tmp_path, design)
    assert len(found) == 4
    assert any("did you mean 'feedback'?" in line for line in found)


def test_a_self_contained_page_has_no_parts(tmp_path):
    mturk = (
        '[recruiter.mturk]\ntitle = "Look"\ndescription = "Look"\nreward = 0.5\n'
        'delivery = "html"\nimage_base_url = "https://images.example.org"\n'
    )
    found = refused(tmp_path, PARTS, more=mturk)
    assert any(
        line.startswith("[recruiter.mturk] delivery: 'html' is one page")
        for line in found
    )


def test_what_the_set_lacks_for_the_parts_is_said_at_once(services, tmp_path):
    design = (
        PARTS.replace('["b"]', '["c"]')
        .replace("n_practice = 2", "n_practice = 9")
        .replace("n_trials = 2", "n_trials = 1", 1)
        .replace("break_seconds = 30", "feedback = true")
        .replace("[[", "max_blocks_per_participant = 1\n[[", 1)
    )
    found = unfit(services, tmp_path, design)
    said = "\n".join(found)
    assert "the parts have 3 main trials together, a block 4" in said
    assert "set trials_per_block = 5" in said
    assert "masked asks for c, of which the set has no main trials; it has a, b" in said
    assert "no part has b, so that nobody would be asked about them" in said
    assert "masked takes 9 practice trials, the set has 4 for it" in said


def test_too_few_trials_for_a_part_and_feedback_without_keys(services, tmp_path):
    design = PARTS.replace("n_trials = 2", "n_trials = 5", 1).replace(
        'conditions = ["a"]', 'conditions = ["a"]\nfeedback = true'
    )
    design = design.replace("n_trials = 2", "n_trials = 1", 1)
    said = "\n".join(unfit(services, tmp_path, design))
    assert "plain takes 5 main trials of a, the set has 4" in said
    assert "nobody knows of its main trials what is right" in said


def test_a_part_that_people_get_shorter_is_worth_a_warning(tmp_path):
    parts = parse_study_file(write_parts(tmp_path)).design.parts
    main = [
        Trial(
            id=f"{condition}{n}",
            slots={},
            question="relevant",
            classes=(),
            role="main",
            sources=(),
            condition=condition,
        )
        for condition, n_there in (("a", 8), ("b", 4))
        for n in range(n_there)
    ]
    (warning,) = part_warnings(main, parts)
    # 8 / 2 = 4 blocks, among which 4 trials of b make 1 each.
    assert "part masked asks for 2 main trials and gets 1.0 per person" in warning
    assert part_warnings(main[:4] + main[8:], parts) == []
