from __future__ import annotations

from pathlib import Path

import pytest

from stimuli.recipe_file import read_recipe
from stimuli.recipes import RECIPES
from study_server.services.study_files.file import parse_study_file
from study_server.services.study_files.init import (
    NETWORKS,
    InitError,
    ReplicationWishes,
    find_replications,
    write_replication,
)

NAMES = (
    "stock-cisse/adversarial-attention",
    "stock-cisse/adversarial-whole",
    "stock-cisse/bias",
    "stock-cisse/criticism",
    "stock-cisse/relevance-top1",
    "stock-cisse/relevance-top5",
)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "imagenet/n01440764"
    folder.mkdir(parents=True)
    (folder / "a.JPEG").write_bytes(b"x")
    return folder.parent


def _wishes(images: Path, **more: object) -> ReplicationWishes:
    return ReplicationWishes(
        images=images,
        ethics_body="Board of the University",
        protocol_number="2026-17",
        **more,  # type: ignore[arg-type]
    )


def _recipe(path: Path):
    return read_recipe(path, {kind: model for kind, (model, _) in RECIPES.items()})


def test_every_published_study_is_there():
    assert find_replications() == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recruiter", ["mturk", "lab-personal", "prolific"])
def test_both_files_pass_the_checkers(name, recruiter, images, tmp_path):
    wishes = _wishes(images, recruiter=recruiter, completion_code="C0DE99")
    recipe, study = write_replication(name, tmp_path / "new", wishes)
    _recipe(recipe)
    file = parse_study_file(study)
    assert file.study.name == name.replace("/", "-")
    assert "simulated" in file.recruiter


def test_the_first_study_has_the_papers_settings(images, tmp_path):
    wishes = _wishes(images)
    recipe, study = write_replication("stock-cisse/relevance-top1", tmp_path, wishes)
    assert [c.torchvision for c in _recipe(recipe).classifiers] == list(NETWORKS)
    assert NETWORKS == ("resnet101", "resnet18", "densenet121", "densenet161")
    assert {c.weights for c in _recipe(recipe).classifiers} == {"IMAGENET1K_V1"}
    file = parse_study_file(study)
    assert (file.design.responses_per_trial, file.analysis.agreement) == (5, 4)
    assert file.recruiter["mturk"].model_dump()["masters"] is True
    assert (
        file.texts["question_relevant"] == "Is class {class} relevant for this image?"
    )


def test_the_top5_study_shows_five_classes_of_top1_errors(images, tmp_path):
    name = "stock-cisse/relevance-top5"
    recipe, _ = write_replication(name, tmp_path, _wishes(images))
    parameters = _recipe(recipe).parameters.model_dump()
    assert (parameters["shows"], parameters["ask"]) == ("top5-of-top1-errors", "any")


@pytest.mark.parametrize("display", ["whole", "attention"])
def test_the_second_study_has_the_papers_settings(display, images, tmp_path):
    name = f"stock-cisse/adversarial-{display}"
    recipe, study = write_replication(name, tmp_path, _wishes(images))
    parameters = _recipe(recipe).parameters.model_dump()
    assert parameters["displays"] == [display]
    assert len(parameters["classes"]) == 20
    attack = parameters["attack"]
    assert (attack["step"], attack["max_steps"], attack["norm"]) == (0.001, 10, "linf")
    explanation = parameters["explanation"]
    assert explanation["n_samples"] == 1000
    assert (explanation["sigma"], explanation["k"]) == (0.25, 8)
    excluded = parse_study_file(study).exclude
    if display == "attention":
        assert excluded.studies == ("stock-cisse-adversarial-whole",)
        assert excluded.days == 3
    else:
        assert excluded.studies == ()


def test_the_third_study_has_the_papers_settings(images, tmp_path):
    name = "stock-cisse/criticism"
    recipe, study = write_replication(name, tmp_path, _wishes(images))
    parameters = _recipe(recipe).parameters.model_dump()
    assert len(parameters["conditions"]) == 7
    assert parameters["mmd_critic"]["gamma"] == 1e-5
    assert parameters["probability"]["min_prototype"] == 0.9
    assert parameters["probability"]["max_criticism"] == 0.1
    file = parse_study_file(study)
    assert tuple(file.quality.model_dump()["response_seconds"]) == (20, 180)
    assert file.design.devices == ("desktop",)
    # 46 items by 5 people: 230 a condition, 1,610 in all; the paper kept 1,600.
    assert parameters["n_items"] * file.design.responses_per_trial == 230


def test_pictures_of_people_need_an_approval(images, tmp_path):
    wishes = ReplicationWishes(images=images)
    with pytest.raises(InitError, match="--ethics-body and --protocol-number"):
        write_replication("stock-cisse/bias", tmp_path / "new", wishes)
    assert not (tmp_path / "new").exists()


def test_what_is_missing_is_named(images, tmp_path):
    with pytest.raises(InitError, match="no published study 'stock-cisse/none'"):
        write_replication("stock-cisse/none", tmp_path, _wishes(images))
    gone = ReplicationWishes(images=tmp_path / "gone")
    with pytest.raises(InitError, match="a folder per WordNet id"):
        write_replication("stock-cisse/relevance-top1", tmp_path, gone)
    two = _wishes(images, classifiers=("resnet18", "resnet101"))
    with pytest.raises(InitError, match="about one classifier, got 2"):
        write_replication("stock-cisse/criticism", tmp_path, two)


def test_files_are_replaced_only_when_asked(images, tmp_path):
    (tmp_path / "study.toml").write_text("mine")
    name = "stock-cisse/criticism"
    with pytest.raises(InitError, match="--force replaces it"):
        write_replication(name, tmp_path, _wishes(images))
    assert (tmp_path / "study.toml").read_text() == "mine"
    assert not (tmp_path / "recipe.toml").exists()
    write_replication(name, tmp_path, _wishes(images), force=True)
    assert "stock-cisse-criticism" in (tmp_path / "study.toml").read_text()
