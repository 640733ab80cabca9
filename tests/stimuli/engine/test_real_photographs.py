"""The whole way on real photographs and a real classifier."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from stimuli.engine.checking import check_set
from stimuli.engine.running.cores import one_core_each
from stimuli.files.images import open_image
from stimuli.manifest import StimulusSet
from tests.stimuli import toy

pytestmark = pytest.mark.real_data


def write_recipe(
    folder: Path, photos: Path, weights: Path, *, recipe: str = ""
) -> Path:
    path = folder / "recipe.toml"
    path.write_text(
        f"""
        [recipe]
        kind = "misclassified"
        {recipe}
        [controls]
        known_yes = 3
        known_no = 3
        [dataset]
        path = "{photos}"
        [classifier]
        torchvision = "squeezenet1_1"
        weights = "{weights}"
        """
    )
    return path


def some_photos(folder: Path, photos: Path, *, every: int) -> Path:
    """A part of the photographs, linked, with its own labels.csv."""
    with (photos / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))[::every]
    part = folder / "photos"
    part.mkdir()
    for row in rows:
        (part / row["file"]).symlink_to(photos / row["file"])
    with (part / "labels.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(  # noqa: TID251 - a file as others write it
            handle, fieldnames=["file", "label"], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)
    return part


def plain_errors(part: Path, weights: Path) -> set[str]:
    """Misclassified files by torchvision's own preprocessing, one at a time."""
    network = torchvision.models.squeezenet1_1()
    state = torch.load(weights, weights_only=True)
    network.load_state_dict({key: value.float() for key, value in state.items()})
    network.eval()
    preprocess = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1.transforms()
    wrong = set()
    with one_core_each(), (part / "labels.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            with open_image(part / row["file"]) as image, torch.inference_mode():
                logits = network(preprocess(image.convert("RGB"))[None])
            if int(logits.argmax()) != int(row["label"]):
                wrong.add(row["file"])
    return wrong


def main_sources(stimuli: StimulusSet) -> set[str]:
    sources = {s.id: s.source for s in stimuli.stimuli()}
    return {
        sources[t.slots["target"]]
        for t in stimuli.trials()
        if any(use.shows == "top1" for use in t.uses)
    }


def test_sixty_photographs_give_the_errors_torchvision_gives(real_data, tmp_path):
    weights = real_data / "weights" / "squeezenet1_1.pth"
    part = some_photos(tmp_path, real_data / "photos", every=17)
    built = toy.build(write_recipe(tmp_path, part, weights), tmp_path / "set")
    wrong = plain_errors(part, weights)
    assert built.summary["dataset"]["n_images"] == 59
    assert main_sources(built.set) == wrong
    assert built.summary["classifiers"][0]["n_top1_wrong"] == len(wrong)
    checked = check_set(tmp_path / "set")
    assert checked.problems == []
    for stimulus in built.set.stimuli():
        with open_image(built.set.image_path(stimulus.id)) as shown:
            assert np.asarray(shown).shape == (224, 224, 3)


@pytest.mark.slow
def test_a_thousand_photographs_are_built_checked_and_complete(real_data, tmp_path):
    weights = real_data / "weights" / "squeezenet1_1.pth"
    recipe = write_recipe(
        tmp_path, real_data / "photos", weights, recipe="include_correct = 0.05"
    )
    built = toy.build(recipe, tmp_path / "set")
    (counted,) = built.summary["classifiers"]
    assert counted["n_seen"] == 1000
    # The photographs' own description: about 61 % and 83 % right.
    assert 0.36 < counted["n_top1_wrong"] / 1000 < 0.42
    assert 0.15 < counted["n_top5_wrong"] / 1000 < 0.20
    n_included = round(0.05 * counted["n_top1_right"])
    assert built.summary["trials"]["main"] == counted["n_top1_wrong"] + n_included
    assert main_sources(built.set) == plain_errors(real_data / "photos", weights)
    assert check_set(tmp_path / "set").problems == []
