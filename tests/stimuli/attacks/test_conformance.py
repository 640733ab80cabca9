"""What holds for every attack that is listed."""

from __future__ import annotations

import pkgutil
from pathlib import Path

import pytest
import torch

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods import attacks
from stimuli.methods.attacks import ATTACKS, Attack
from tests.stimuli.attacks.promises import PROMISES, attacked, generators, make_images
from tests.stimuli.tiny_networks import convolutional, eight_bit_images, predicted


@pytest.fixture(params=sorted(ATTACKS))
def attack(request) -> Attack:
    return ATTACKS[request.param]()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda check: check.__name__)
def test_every_attack(attack, promise):
    promise(attack)


def test_every_module_of_the_folder_is_listed():
    modules = {
        module.name
        for module in pkgutil.iter_modules(attacks.__path__)
        if not module.name.startswith("_")
    }
    assert modules == set(ATTACKS.own)


@pytest.mark.parametrize("name", sorted(ATTACKS.own))
def test_every_attack_of_ours_stands_in_the_documentation(name, repository: Path):
    text = (repository / "docs/stimuli.md").read_text("utf-8")
    assert f'`"{name}"`' in text, f'docs/stimuli.md says nothing of `"{name}"`'


def test_it_is_called_by_its_name(attack):
    assert ATTACKS[attack.name] is type(attack)


def test_its_options_can_be_recorded_and_given_again(attack):
    assert type(attack)(**attack.parameters()) == attack


def test_the_loss_rises(attack):
    result = attacked(attack, eight_bit_images(6))
    assert bool((result.final_losses > result.losses[:, 0]).all())


def test_another_network_is_attacked_otherwise(attack):
    images = make_images(3)
    results = [
        attacked(attack, images, model=model).images
        for model in (convolutional(0), convolutional(1))
    ]
    assert not torch.equal(results[0], results[1])


def test_it_works_where_gradients_are_switched_off(attack):
    images = make_images(2)
    expected = attacked(attack, images).images
    with torch.no_grad():
        assert torch.equal(attacked(attack, images).images, expected)


@pytest.mark.gpu
def test_it_gives_the_same_labels_on_a_gpu(attack):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model, images = convolutional(), eight_bit_images(16)
    labels = predicted(model, images)
    here = attack(model, images, labels=labels, generators=generators(16))
    there = attack(
        PixelModel.cuda(convolutional()),
        images,
        labels=labels,
        generators=generators(16),
    )
    assert there.images.device == images.device
    agree = here.steps_to_flip == there.steps_to_flip
    assert float(agree.float().mean()) > 0.9
