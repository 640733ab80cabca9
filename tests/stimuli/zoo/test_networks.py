"""The networks shipped, and what their records say of them."""

import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from stimuli.errors import RecipeError, StimuliError
from stimuli.probing.classifiers import load_probed
from stimuli.scenes.classes import IMAGE_SIZE
from stimuli.scenes.classifier import NETWORKS, load_network
from stimuli.scenes.cli import train
from stimuli.scenes.evaluation import SceneBatch, collect, normalised
from stimuli.scenes.training import VALIDATION_SEED
from stimuli.zoo.fitting import fit_further
from stimuli.zoo.measuring import Decisions, Stress, attack_hard, count_right
from stimuli.zoo.training import STRESS, find_variant, measure, training_scenes
from stimuli.zoo.variants import SEED, VARIANTS

SHIPPED = [name for name in VARIANTS if NETWORKS[name].exists()]


def record(name: str) -> dict[str, Any]:
    text = NETWORKS[name].with_suffix(".json").read_text("utf-8")
    said: dict[str, Any] = json.loads(text)
    return said


@pytest.mark.parametrize("name", SHIPPED)
def test_a_record_belongs_to_its_weights_and_says_what_made_them(name):
    said, path = record(name), NETWORKS[name]
    assert said["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_size < 2e6
    training = said["training"]
    assert training["name"] == name
    assert {"norm", "epsilon", "seed", "scene_seed", "starts_from"} <= set(training)
    assert said["attack"]["norm"] == "l2"
    assert 0 < said["robust_accuracy"] <= said["accuracy"] + 0.1
    assert {"accuracy", "shape_bias"} <= set(said["surface_swapped"])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_network_is_found_by_its_name(name):
    found = load_probed(None, names=["demo", f"demo:{name}"], weights=[])
    standard, other = found.classifiers
    assert (standard.name, other.name) == ("demo", f"demo-{name}")
    assert standard.weights_sha256 != other.weights_sha256


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(RecipeError, match="demo:velvet"):
        load_probed(None, names=["demo:velvet"], weights=[])
    with pytest.raises(StimuliError, match="there are standard, robust, stylised"):
        find_variant("velvet")
    done = CliRunner().invoke(train, ["--variant", "velvet", "--out", "x.pt"])
    assert done.exit_code == 2


def test_help_needs_no_torch():
    code = (
        "import sys\nfrom stimuli.scenes.cli import train\n"
        "try: train(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0


def test_shape_bias_is_a_share_of_the_decisions_for_either():
    # 30 for the shape, 10 for the surface, 60 for neither.
    assert Decisions(n=100, n_shape=30, n_surface=10).shape_bias == 0.75


def test_hard_attacks_stay_in_the_ball_and_fool_more_than_none():
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(60, 200, (2, 3, 224, 224), generator=generator)
    network = load_network()
    with torch.inference_mode():
        labels = network(normalised(images.to(torch.uint8))).argmax(1)
    scenes = SceneBatch(
        images=images.to(torch.uint8), labels=labels, present=torch.zeros(2, 16) > 0
    )
    stress = Stress(epsilon=3.0, n_steps=3, n_restarts=2)
    seen = []
    moved = attack_hard(
        network,
        scenes,
        stress=stress,
        progress=lambda stage, done, n: seen.append((stage, done, n)),
    )
    change = (moved - scenes.images / 255).flatten(1).norm(dim=1)
    assert (change <= 3.0 * 1.0001).all()
    assert count_right(network, scenes.images / 255, labels) == 2
    assert count_right(network, moved, labels) == 0
    assert seen[-1] == ("attacking", 4, 4)


@pytest.mark.slow
@pytest.mark.skipif("robust" not in SHIPPED, reason="robust is not shipped")
def test_robust_keeps_what_its_record_says_and_hides_no_gradients():
    scenes = collect(
        48, seed=VALIDATION_SEED, split="validation", size=IMAGE_SIZE, workers=2
    )
    standard, robust = load_network(), load_network(NETWORKS["robust"])
    clean = scenes.images.float() / 255
    white_box = attack_hard(robust, scenes, stress=STRESS)
    n_right = count_right(robust, clean, scenes.labels)
    n_white_box = count_right(robust, white_box, scenes.labels)
    assert n_white_box / len(clean) == pytest.approx(
        record("robust")["robust_accuracy"], abs=0.05
    )
    against_standard = attack_hard(standard, scenes, stress=STRESS)
    n_standard = count_right(standard, against_standard, scenes.labels)
    assert n_standard < 0.15 * count_right(standard, clean, scenes.labels)
    # Gradients that are masked fool less than those of another network.
    assert count_right(robust, against_standard, scenes.labels) >= n_white_box
    assert n_white_box < n_right


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_few_steps_of_retraining_are_the_same_bit_for_bit(name):
    variant = VARIANTS[name]
    scenes = training_scenes(variant, n=96)
    one, again = (
        fit_further(load_network(), scenes, variant, seed=SEED, n_steps=3)
        for _ in range(2)
    )
    pairs = zip(
        one.network.state_dict().values(),
        again.network.state_dict().values(),
        strict=True,
    )
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_network_does_as_its_record_says(name):
    said = record(name)
    found = measure(load_network(NETWORKS[name])).describe()
    for key in ("accuracy", "robust_accuracy"):
        assert found[key] == pytest.approx(said[key], abs=0.05)
