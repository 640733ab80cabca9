from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from stimuli.cli import stimuli
from stimuli.manifest import StimulusSet
from stimuli.observations import ObserverRecord, read_observers
from stimuli.observing.keeping import ObserverShelf
from stimuli.observing.program import Program, ProgramError
from tests.stimuli import toy

EXAMPLE = Path(__file__).parents[3] / "examples/observers/ask_brightness.py"

# Responds to what `HOW` says by the number of the trial it is asked.
PROGRAM = """
import json, os, sys, time
for number, line in enumerate(sys.stdin):
    asked = json.loads(line)
    with open(LOG, "a") as log:
        log.write(line)
    said = {"id": asked["id"], "response": "mammal"}
    HOW
    print(json.dumps(said), flush=True)
"""


@pytest.fixture
def opened(tmp_path: Path) -> StimulusSet:
    """Four ants, the first of them black, and four cats."""
    for i in range(4):
        toy.paint(tmp_path / f"photos/ant/{i}.png", 0, 3 if i else 0, confidence=40 * i)
        toy.paint(tmp_path / f"photos/cat/{i}.png", 22, 24, confidence=250 - i)
    recipe = toy.write_recipe(
        tmp_path,
        recipe='kind = "categorise"\nn_practice = 0',
        controls="",
        more='[categories]\ninsect = ["ant"]\nmammal = ["cat"]',
    )
    return toy.build(recipe, tmp_path / "set").set


def program(folder: Path, how: str = "pass") -> str:
    path = folder / "program.py"
    text = PROGRAM.replace("HOW", how).replace("LOG", repr(str(folder / "log")))
    path.write_text(text)
    return f"{sys.executable} {path}"


def observe(opened: StimulusSet, command: str, *more: str, exit_code: int = 0) -> str:
    given = ["observe", str(opened.folder), "--command", command, *more]
    result = CliRunner().invoke(stimuli, given)
    assert result.exit_code == exit_code, result.output
    return result.output


def responses(record: ObserverRecord) -> list[str]:
    return [
        o.refusal if o.response is None else o.response["category"]
        for o in record.observations
    ]


def test_the_example_program_sorts_by_brightness_and_refuses_in_the_dark(opened):
    output = observe(opened, f"{sys.executable} {EXAMPLE}")
    assert "ask_brightness responded to 8 trials (1 refused)" in output
    (record,) = read_observers(opened.folder)
    assert record.observer.kind == "command"
    keys = {trial.id: (trial.key or {})["category"] for trial in opened.trials()}
    said: dict[str, list[str]] = {}
    for observation, response in zip(
        record.observations, responses(record), strict=True
    ):
        said.setdefault(keys[observation.trial], []).append(response)
    # Ants are (0, 30, 40 i): below half of white all of them. Cats: (220, 240, 247).
    assert sorted(said["insect"]) == ["insect"] * 3 + ["too dark to see anything"]
    assert said["mammal"] == ["mammal"] * 4


def test_what_goes_out_has_pictures_question_and_choices_and_nothing_of_the_truth(
    opened, tmp_path
):
    observe(
        opened, program(tmp_path), "--prompt", "Which?", "--temperature", "0.7",
        "--program-version", "v1", "--repeats", "2",
    )  # fmt: skip
    lines = (tmp_path / "log").read_text().splitlines()
    asked = json.loads(lines[0])
    assert len(lines) == 16
    assert sorted(asked) == [
        "choices", "classes", "id", "pictures", "prompt", "question", "temperature",
    ]  # fmt: skip
    assert asked["choices"] == {
        "category": [
            {"value": "insect", "name": "insect"},
            {"value": "mammal", "name": "mammal"},
        ]
    }
    assert (asked["prompt"], asked["temperature"]) == ("Which?", 0.7)
    assert Path(asked["pictures"]["target"]).is_file()
    assert not re.search(r"photos|\"key\"|main|condition|label", lines[0])
    (record,) = read_observers(opened.folder)
    facts = record.observer.facts
    assert facts["prompt"] == "Which?"
    assert (facts["version"], facts["temperature"], facts["repeats"]) == ("v1", 0.7, 2)
    assert [o.repeat for o in record.observations] == [0, 1] * 8
    again = observe(
        opened, program(tmp_path), "--prompt", "Another", "--name", "program",
        exit_code=1,
    )  # fmt: skip
    assert "was asked otherwise" in again


def test_probabilities_that_come_back_are_kept(opened, tmp_path):
    observe(opened, program(tmp_path, 'said["probabilities"] = {"mammal": 0.9}'))
    (record,) = read_observers(opened.folder)
    assert record.observations[0].shares == {"category": {"mammal": 0.9}}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("number == 3 and time.sleep(60)", "did not respond within 1 s and was ended"),
        ("number == 3 and os._exit(4)", "ended (exit code 4) before it responded"),
        ("number == 3 and os.kill(os.getpid(), 9)", "ended (SIGKILL)"),
        ('number == 3 and print("no idea", flush=True)', "expected one JSON object"),
        ("number == 3 and said.update(response='dog')", "insect, mammal, got 'dog'"),
        ("number == 3 and said.update(id='x')", "id is"),
        ("number == 3 and said.pop('response')", "or refusal says why not, got None"),
        ("number == 3 and said.update(refusal='')", "a refusal is in words, got ''"),
        (
            "number == 3 and said.update(probabilities={'mammal': 7})",
            "the probability of mammal lies in [0, 1], got 7",
        ),
        (
            "number == 3 and said.update(probabilities={'dog': 1})",
            "probabilities go with the values of one field",
        ),
        ("sys.exit('no model' if number == 3 else None) if number == 3 else 0",
         "it said: no model"),
    ],
)  # fmt: skip
def test_a_program_that_hangs_dies_or_says_rubbish_loses_nothing(
    opened, tmp_path, how, words
):
    command = program(tmp_path, how)
    said = observe(opened, command, "--timeout", "1", exit_code=1)
    assert words in said
    assert "3 of 8 responses are kept" in said
    assert read_observers(opened.folder) == ()
    (tmp_path / "log").unlink()
    work = ObserverShelf(set=opened).work_folder("program") / "responses.jsonl"
    with work.open("a") as journal:
        journal.write('{"half a li')
    # What was mended goes on where the other stopped, and both are recorded.
    said = observe(opened, program(tmp_path))
    assert "program responded to 8 trials" in said
    assert len((tmp_path / "log").read_text().splitlines()) == 5
    (record,) = read_observers(opened.folder)
    assert len(record.observer.facts["files_sha256"]) == 2
    assert responses(record) == ["mammal"] * 8


@pytest.mark.parametrize(
    ("more", "words", "code"),
    [
        (["--command", "/no/such/program"], "cannot be started", 1),
        (["--command", "'open"], "cannot be read: No closing quotation", 1),
        (["--command", "x", "--classifier", "demo"], "either --classifier or", 2),
        ([], "either --classifier or --command", 2),
        (["--command", "x", "--weights", "y"], "--weights goes with --classifier", 2),
        (["--classifier", "demo", "--prompt", "y"], "--prompt goes with --command", 2),
    ],
)
def test_what_cannot_be_asked_is_said(opened, more, words, code):
    result = CliRunner().invoke(stimuli, ["observe", str(opened.folder), *more])
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_the_example_of_the_docs_is_the_one_that_is_run():
    text = (EXAMPLE.parents[2] / "docs/stimuli.md").read_text("utf-8")
    shown = text.split("<!-- examples/observers/ask_brightness.py -->\n```python\n")[1]
    assert shown.split("```")[0] == EXAMPLE.read_text("utf-8")


def test_a_program_that_reads_nothing_is_ended_in_time():
    began = time.monotonic()
    # More than a pipe holds.
    request = {"id": "1", "prompt": "x" * 1_000_000}
    with (
        pytest.raises(ProgramError, match=r"did not respond within 0\.5 s"),
        Program(["sleep", "60"], 0.5) as program,
    ):
        program.ask(request)
    assert time.monotonic() - began < 20


def test_what_a_program_started_ends_with_it(tmp_path):
    left = tmp_path / "left"
    # Its child would write once it is over.
    words = ["sh", "-c", f"(sleep 3; echo > {left}) & exit 3"]
    with pytest.raises(ProgramError), Program(words, 0.5) as program:
        program.ask({"id": "1"})
    time.sleep(4)
    assert not left.exists()
