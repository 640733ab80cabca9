from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from stimuli.classifiers.features import extract_features
from stimuli.classifiers.loading import load_classifiers
from stimuli.cli import stimuli
from stimuli.manifest import StimulusSet, StimulusSetError
from stimuli.observations import OBSERVATIONS, ObserverRecord, read_observers
from stimuli.observing.keeping import WORK, ObserverPlan, ObserverShelf
from stimuli.observing.rules import ObservingError
from stimuli.recipes import read_any_recipe
from stimuli.sources.images import decode_png
from tests.stimuli import toy
from tests.study_server.preference_set import write_preference_set

CATEGORIES = '[categories]\ninsect = ["ant", 1]\nmammal = ["cat", "dog", "fox", "gnu"]'


def make_set(folder: Path, *, n: int = 4, levels: str = "") -> StimulusSet:
    for i in range(n):
        toy.paint(folder / f"photos/ant/{i}.png", 0, 3, confidence=180 + i)
        # Labelled as cats, for the classifier they are ants.
        toy.paint(
            folder / f"photos/cat/{i}.png", 1 if i == 0 else 2, 5, confidence=200 + i
        )
    recipe = toy.write_recipe(
        folder,
        recipe='kind = "categorise"\nn_practice = 1',
        controls="",
        more=f"{CATEGORIES}\n{levels}",
    )
    return toy.build(recipe, folder / "set").set


def observe(
    folder: Path, *more: str, function: str = "build", exit_code: int = 0
) -> str:
    given = ["observe", str(folder / "set"), "--device", "cpu", *more]
    if "--classifier" not in more:
        given += ["--classifier", f"{folder / 'toy.py'}:{function}"]
    result = CliRunner().invoke(stimuli, given)
    assert result.exit_code == exit_code, result.output
    return result.output


def responses(record: ObserverRecord) -> dict[str, str]:
    return {o.trial: (o.response or {})["category"] for o in record.observations}


def test_a_classifier_responds_to_every_trial_with_what_it_sees(tmp_path):
    opened = make_set(tmp_path)
    before = opened.sha256()
    output = observe(tmp_path, "--name", "reader")
    assert "reader responded to 8 trials" in output
    (record,) = read_observers(opened.folder)
    trials = {trial.id: trial for trial in opened.trials()}
    assert list(trials) == [each.trial for each in record.observations]
    said: dict[str, list[str]] = {}
    for trial, response in responses(record).items():
        said.setdefault((trials[trial].key or {})["category"], []).append(response)
    assert said["insect"] == ["insect"] * 4
    assert sorted(said["mammal"]) == ["insect", "mammal", "mammal", "mammal"]
    facts = record.observer.facts
    assert facts["rule"] == "mean"
    assert (facts["device"], facts["dtype"]) == ("cpu", "float32")
    assert len(facts["weights_sha256"]) == 64
    first = record.observations[0]
    assert len(first.outputs["top"]) == 5
    total = sum(p for _, p in first.outputs["top"]) + first.outputs["rest"]
    assert total == pytest.approx(1, abs=1e-5)
    # People's set is what it was.
    assert StimulusSet.open(opened.folder).sha256() == before


def test_several_observers_lie_beside_each_other_and_the_same_one_is_not_asked_again(
    tmp_path,
):
    opened = make_set(tmp_path)
    observe(tmp_path, "--name", "b", "--keep", "0")
    observe(tmp_path, "--name", "a", function="build_swapped")
    assert "already; nothing to do" in observe(tmp_path, "--name", "b", "--keep", "0")
    a, b = read_observers(opened.folder)
    assert (a.observer.name, b.observer.name) == ("a", "b")
    assert responses(a) != responses(b)
    assert len(b.observations[0].outputs["top"]) == 10
    assert b.observations[0].outputs["rest"] == 0
    said = observe(tmp_path, "--name", "a", exit_code=1)
    assert "is another one, or was asked otherwise" in said
    observe(tmp_path, "--name", "a", "--fresh")
    a, b = read_observers(opened.folder)
    assert responses(a) == responses(b)
    assert sorted(p.name for p in opened.folder.iterdir() if p.name[0] == ".") == [
        ".origin.json"
    ]


def test_another_function_of_the_same_file_is_another_observer(tmp_path):
    make_set(tmp_path)
    model = tmp_path / "toy.py"
    model.write_text(model.read_text() + "\n\ndef build_too():\n    return build()\n")
    observe(tmp_path)
    said = observe(tmp_path, function="build_too", exit_code=1)
    assert "is another one, or was asked otherwise" in said


def test_processes_give_the_same_bytes_as_threads(tmp_path):
    opened = make_set(tmp_path, n=12)
    observe(tmp_path, "--name", "one", "--threads", "2", "--batch-size", "4")
    threads = (opened.folder / OBSERVATIONS).read_bytes()
    observe(tmp_path, "--name", "one", "--workers", "2", "--batch-size", "4", "--fresh")
    assert (opened.folder / OBSERVATIONS).read_bytes() == threads


# Dies at the 28th batch of four pictures, while the file "armed" is there.
DYING = """
import os
import pathlib
import signal

N_CALLS = [0]


class Dying(Reader):
    def forward(self, images):
        N_CALLS[0] += len(images) == 4
        if N_CALLS[0] == 28 and pathlib.Path(__file__).with_name("armed").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(images)


def build_dying():
    module, preprocessing = build()
    module.__class__ = Dying
    return module, preprocessing
"""


def test_a_killed_run_goes_on_and_finished_shards_are_not_run_again(tmp_path):
    opened = make_set(tmp_path, n=60)
    model = tmp_path / "toy.py"
    model.write_text(model.read_text() + DYING)
    observe(tmp_path, "--name", "whole", "--batch-size", "4", function="build_dying")
    whole = responses(read_observers(opened.folder)[0])
    (opened.folder / OBSERVATIONS).unlink()
    (tmp_path / "armed").touch()
    code = "from stimuli.cli import stimuli; stimuli()"
    given = ["--classifier", f"{model}:build_dying", "--name", "killed"]
    cut = ["--device", "cpu", "--threads", "1", "--batch-size", "4"]
    process = subprocess.run(  # noqa: S603 - our own interpreter and files
        [sys.executable, "-c", code, "observe", str(opened.folder), *given, *cut],
        capture_output=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert not (opened.folder / OBSERVATIONS).exists()
    # Shards of 64 pictures, one done; what it holds is taken as it is.
    first = ObserverShelf(set=opened).work_folder("killed") / "seen-00000.json"
    planted = json.loads(first.read_text())
    planted[0]["observations"][0]["response"] = {"category": "planted"}
    first.write_text(json.dumps(planted))
    (tmp_path / "armed").unlink()
    observe(tmp_path, "--name", "killed", *cut[2:], function="build_dying")
    (record,) = read_observers(opened.folder)
    found = responses(record)
    trial = planted[0]["observations"][0]["trial"]
    assert found.pop(trial) == "planted"
    whole.pop(trial)
    assert found == whole


def test_unfinished_work_of_another_kind_is_not_gone_on_with(tmp_path):
    opened = make_set(tmp_path)
    shelf = ObserverShelf(set=opened)
    shelf.begin(ObserverPlan(name="c", parts={"set": "1", "asked": {}}))
    assert shelf.work_folder("c").parent.name == WORK
    with pytest.raises(ObservingError, match="how it is asked changed since"):
        shelf.begin(ObserverPlan(name="c", parts={"set": "1", "asked": {"k": 1}}))


def test_a_classifier_of_other_classes_is_refused_in_words(tmp_path):
    make_set(tmp_path)
    said = observe(tmp_path, function="build_binary", exit_code=1)
    assert "the trials ask for output 6, the classifier has 2" in said
    model = tmp_path / "toy.py"
    model.write_text(
        model.read_text()
        + "\ndef build_turned():\n    module, given = build()\n"
        + "    return module, {**given, 'classes': given['classes'][::-1]}\n"
    )
    said = observe(tmp_path, function="build_turned", exit_code=1)
    assert "class 0 is 'ant' in the set and 'jay' for the classifier" in said


def test_a_picture_that_is_gone_is_named(tmp_path):
    opened = make_set(tmp_path)
    path = next((opened.folder / "images").iterdir())
    path.write_bytes(b"no picture")
    assert path.name in observe(tmp_path, exit_code=1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--name", " x"], "an observer's name has 1 to 80 printable characters"),
        (["--batch-size", "many"], "--batch-size is a number from 1, or calibrate"),
        (["--classifier", "resnet18"], "a torchvision name needs --weights"),
    ],
)
def test_what_cannot_be_asked_is_said(tmp_path, more, words):
    make_set(tmp_path)
    assert words in observe(tmp_path, *more, exit_code=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace('"response":{', '"response":null,"x":{', 1), "line 2"),
        (lambda t: t + t.splitlines()[1] + "\n", "responded to trial"),
        (lambda t: t.replace('"category":{', '"category":{"q":7,', 1), "[0, 1]"),
        (lambda t: t.replace('"kind":"classifier"', '"kind":"oracle"'), "'oracle'"),
        (lambda t: t.split("\n", 1)[1], "nothing is said of the observer"),
    ],
)
def test_observations_that_were_spoiled_are_named_by_line(tmp_path, change, words):
    opened = make_set(tmp_path)
    observe(tmp_path)
    path = opened.folder / OBSERVATIONS
    path.write_text(change(path.read_text()))
    with pytest.raises(StimulusSetError, match=re.escape(words)):
        read_observers(opened.folder)


def test_a_set_built_anew_forgets_who_observed_the_old_one(tmp_path):
    opened = make_set(tmp_path)
    observe(tmp_path)
    toy.build(tmp_path / "recipe.toml", opened.folder, is_fresh=True)
    assert read_observers(opened.folder) == ()


def test_the_odd_one_follows_from_features_of_the_pictures_shown(tmp_path):
    folder = write_preference_set(
        tmp_path / "set", question="odd-one-out", n_shown=3, has_target=True
    )
    toy.paint(tmp_path / "photos/ant/0.png", 0, 3, confidence=180)
    recipe = read_any_recipe(
        toy.write_recipe(tmp_path, classifier="[classifier]\ndemo = true")
    )
    assert "responded to 4 trials" in observe(tmp_path, "--classifier", "demo")
    (record,) = read_observers(folder)
    assert record.observer.facts["rule"] == "odd-one"
    opened = StimulusSet.open(folder)
    (demo,) = load_classifiers(recipe, device=torch.device("cpu"))
    for trial, found in zip(opened.trials(), record.observations, strict=True):
        pictures = [
            decode_png(opened.image_path(trial.slots[f"option{n}"]).read_bytes())
            for n in (1, 2, 3)
        ]
        rows = extract_features(demo, [np.stack(pictures)]).astype(float)
        alike = (rows @ rows.T) / np.outer(*[np.linalg.norm(rows, axis=1)] * 2)
        pairs = {"1": alike[1, 2], "2": alike[0, 2], "3": alike[0, 1]}
        assert (found.response or {})["odd"] == max(pairs, key=pairs.__getitem__)
