from pathlib import Path

import pytest

from study_server.services.study_files.file import (
    StudyFile,
    StudyFileError,
    parse_study_file,
    study_warnings,
)

MINIMAL = """
[study]
name = "relevance-squeezenet"
title = "Is this class relevant for the image?"
paradigm = "relevance"
[recruiter.lab]
link = "open"
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str) -> Path:
        path = tmp_path / "study.toml"
        path.write_text(text, "utf-8")
        return path

    return written


def problems(path: Path) -> list[str]:
    with pytest.raises(StudyFileError) as caught:
        parse_study_file(path)
    first, *lines = str(caught.value).splitlines()
    assert first.startswith(f"{path}: {len(lines)} problem")
    return [line.strip() for line in lines]


def test_a_short_file_gets_sound_defaults(write):
    file = parse_study_file(write(MINIMAL))
    assert file.design.responses_per_trial == 5
    assert file.design.trials_per_block == 20
    assert file.analysis.agreement == 4
    assert file.quality.min_catch_accuracy == 0.8
    assert file.recruiter["lab"].model_dump() == {"link": "open", "n_links": None}
    assert file.comprehension.questions
    assert "{" not in (file.consent.text or "{")
    assert "**Is this class relevant for the image?**" in (file.consent.text or "")
    assert file.texts["yes"] == "Yes"
    assert file.toml == MINIMAL


def test_a_file_read_back_from_json_is_the_same(write):
    text = (
        MINIMAL
        + '[recruiter.link]\nprofile = "prolific"\ncompletion_code = "C1AB2"\n'
        + "[recruiter.simulated]\nmix = {careful = 0.5, robot = 0.5}\n"
    )
    file = parse_study_file(write(text))
    again = StudyFile.model_validate_json(file.model_dump_json())
    assert again == file
    assert type(again.recruiter["link"]) is type(file.recruiter["link"])


def test_the_prolific_profile_fills_in_the_parameters(write):
    text = (
        MINIMAL + '[recruiter.link]\nprofile = "prolific"\ncompletion_code = "C1AB2"\n'
    )
    section = parse_study_file(write(text)).recruiter["link"].model_dump()
    assert section["id_parameter"] == "PROLIFIC_PID"
    assert section["redirect"].endswith("complete?cc={code}")


def test_empty_consent_fields_leave_their_paragraph_out_and_are_warned_of(write):
    bare = parse_study_file(write(MINIMAL))
    assert "reviewed by" not in (bare.consent.text or "")
    assert len(study_warnings(bare)) == 3
    text = MINIMAL + (
        '[consent]\nethics_body = "Board 7"\nprotocol_number = "12/3"\n'
        'contact = "lab@example.org"\n'
    )
    whole = parse_study_file(write(text))
    assert "reviewed by Board 7." in (whole.consent.text or "")
    assert study_warnings(whole) == []


def test_a_place_lost_before_its_time_on_the_market_is_over_is_warned_of(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[study]\nname = "a"\ntitle = "A"\nparadigm = "relevance"\n'
        "[design]\nlease_minutes = 30\n"
        '[recruiter.mturk]\ntitle = "T"\ndescription = "D"\nreward = "0.10"\n'
        'minutes = 1.0\ncap = "10"\nassignment_minutes = 45\n'
    )
    first, *_ = study_warnings(parse_study_file(path))
    assert "lease_minutes is 30" in first
    assert "assignment_minutes is 45" in first


def test_texts_can_lie_in_files_beside_the_study(write, tmp_path):
    (tmp_path / "why.md").write_text("We **studied** cats.", "utf-8")
    (tmp_path / "consent.md").write_text("I agree to {title}; ask {contact}.", "utf-8")
    text = MINIMAL + (
        '[texts]\ndebriefing = {file = "why.md"}\n'
        '[consent]\nfile = "consent.md"\ncontact = "Ada"\n'
    )
    file = parse_study_file(write(text))
    assert file.texts["debriefing"] == "We **studied** cats."
    assert file.consent.text == (
        "I agree to Is this class relevant for the image?; ask Ada."
    )


EVERY_FIELD_WRONG = """
[study]
name = "Bad Name"
titel = "x"
paradigm = "relevence"
seed = -1
[desing]
[design]
responses_per_trial = "five"
trials_per_block = 0
max_blocks_per_participant = true
composition = "mixed"
n_practice = 1.5
devices = ["watch"]
lease_minutes = 99999
[quality]
min_catch_accuracy = 80
min_session_s = 100
max_session_s = 50
[analysis]
agreement = 0
hypotheses = "one"
[consent]
file = "no.md"
version = 3
[texts]
debriefing = {file = "nothere.md"}
[comprehension]
tries = 0
[[comprehension.questions]]
question = "q"
choices = ["a"]
rigth = 4
[survey]
questions = []
[exclude]
days = 30
[recruiter.labb]
[recruiter.lab]
link = "personal"
[recruiter.link]
profile = "prolific"
[recruiter.simulated]
mix = {careful = 0.5}
"""

EXPECTED = """
[texts] debriefing: expected a text file
[consent] file: expected a text file
[study] name: expected lower-case letters
[study] title: missing; expected the title people read
[study] titel: unknown (did you mean 'title'?)
[study] seed: expected greater than or equal to 0, got -1
[study] paradigm: expected one of
[desing]: unknown (did you mean 'design'?)
[design] responses_per_trial: expected a whole number, got 'five'
[design] trials_per_block: expected greater than or equal to 1, got 0
[design] max_blocks_per_participant: expected a whole number, got True
[design] composition: expected 'fresh' or 'shared', got 'mixed'
[design] n_practice: expected a whole number, got 1.5
[design] devices.0: expected 'any', 'desktop', 'tablet' or 'phone', got 'watch'
[design] lease_minutes: expected less than or equal to 1440, got 99999
[quality] min_catch_accuracy: expected less than or equal to 1, got 80
[quality] min_session_s: expected less than max_session_s (50), got 100
[analysis] agreement: expected greater than or equal to 1, got 0
[analysis] hypotheses: expected a list, got 'one'
[consent] version: expected a text, got 3
[comprehension] tries: expected greater than or equal to 1, got 0
[comprehension] questions.0.choices: expected at least 2 entries, got ['a']
[comprehension] questions.0.right: missing; expected index of the right choice
[comprehension] questions.0.rigth: unknown (did you mean 'right'?)
[survey] questions: expected at least 1 entries, got []
[exclude]: days needs studies
[recruiter.labb]: unknown (did you mean 'lab'?)
[recruiter.lab]: link = "personal" needs n_links
[recruiter.link]: completion_code is missing
[recruiter.simulated] mix: shares must sum to 1, they sum to 0.5
"""


def test_every_field_wrong_at_once_gives_every_problem_once(write):
    found = problems(write(EVERY_FIELD_WRONG))
    expected = EXPECTED.strip().splitlines()
    for start in expected:
        assert sum(line.startswith(start) for line in found) == 1, start
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("addition", "problem"),
    [
        (
            "[analysis]\nagreement = 6",
            "[analysis] agreement: expected at most responses_per_trial (5), got 6",
        ),
        (
            "[design]\nresponses_per_trial = 3",
            "[analysis] agreement: expected at most responses_per_trial (3), got 4",
        ),
        (
            "[quality]\nmin_agreement_with_others = 0.7",
            "[quality] min_agreement_with_others: refused: people are never left out",
        ),
        (
            "[quality]\nresponse_seconds = [180, 20]",
            "[quality] response_seconds: expected [least, most], 0 or more and the "
            "first smaller, got [180, 20]",
        ),
        (
            "[quality]\nresponse_seconds = [20]",
            "[quality] response_seconds: expected [least, most]",
        ),
        (
            "[quality]\nsession_minutes = [1, 9]\nmin_session_s = 20",
            "[quality]: expected session_minutes or min_session_s and max_session_s",
        ),
        (
            "[quality]\nmax_distance_from_majority = 0.7",
            "[quality] max_distance_from_majority: refused",
        ),
        (
            '[exclude]\nstudies = ["relevance-squeezenet"]',
            "[exclude] studies: names this study itself",
        ),
        (
            '[texts]\ndebriefng = "x"',
            "[texts] debriefng: unknown (did you mean 'debriefing'?)",
        ),
        (
            '[texts]\nquestion_relevant = "Is it there?"',
            "[texts] question_relevant: expected the places {class}, got 'Is it there?'",
        ),
        (
            '[texts]\nquestion_relevant = "Is {clas} there?"',
            "[texts] question_relevant: expected the places {class}",
        ),
        (
            '[analysis]\nconfirmatory = ["audit", "rectified"]',
            "[analysis] confirmatory: expected measures among rectified-error",
        ),
        (
            '[consent]\ntext = "I, {name}, agree"',
            "[consent] text: unknown place {name}",
        ),
        (
            '[recruiter.link]\nid_parameter = "pid"',
            "[recruiter.link]: needs completion_code or redirect",
        ),
        (
            '[recruiter.link]\nid_parameter = "a b"\ncompletion_code = "C0DE"',
            "[recruiter.link] id_parameter: expected the name of an address parameter",
        ),
        (
            '[recruiter.link]\nid_parameter = "pid"\nredirect = "javascript:alert(1)"',
            "[recruiter.link] redirect: expected an https:// address",
        ),
        ("[recruiter.simulated]\nmix = 3", "[recruiter.simulated] mix: expected"),
        ('[study.title]\nfile = "x"', "TOML"),
    ],
)
def test_one_problem_is_named_with_its_key(write, addition, problem):
    path = write(f"{MINIMAL}\n{addition}\n")
    if problem == "TOML":
        with pytest.raises(StudyFileError, match=r"is not TOML: .*line \d+"):
            parse_study_file(path)
        return
    (only,) = problems(path)
    assert only.startswith(problem)


def test_tables_of_the_wrong_type_are_named(write):
    found = problems(write('study = 3\nrecruiter = "x"\n'))
    assert found[0] == "[study]: expected a table of keys, got 3"
    assert found[1].startswith("[recruiter]: expected at least one of")


def test_a_missing_file_and_a_binary_one_are_said_plainly(tmp_path):
    with pytest.raises(StudyFileError, match=r"cannot be read: .*study init"):
        parse_study_file(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xe9\xff\x00")
    with pytest.raises(StudyFileError, match="is not UTF-8 text"):
        parse_study_file(tmp_path / "binary.toml")


@pytest.mark.parametrize("key", ["responses_per_trial", "trials_per_block"])
def test_a_slip_of_the_keyboard_is_no_number_of_people(write, key):
    text = f"""
[study]
name = "x"
title = "x"
paradigm = "relevance"
[design]
{key} = {2**63 - 1}
[analysis]
agreement = 1
[recruiter.lab]
"""
    assert problems(write(text)) == [
        f"[design] {key}: expected less than or equal to 10000, got {2**63 - 1}"
    ]
