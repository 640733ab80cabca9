"""What holds for every attack that is listed."""

from __future__ import annotations

import copy
import pkgutil

import pytest
import torch

from stimuli import attacks
from stimuli.attacks import ATTACKS, Attack
from stimuli.pixel_model import PixelModel
from tests.stimuli.tiny_networks import convolutional, eight_bit_images, predicted


@pytest.fixture(params=sorted(ATTACKS))
def attack(request) -> Attack:
    return ATTACKS[request.param]()


def test_every_module_of_the_folder_is_listed():
    modules = {
        module.name
        for module in pkgutil.iter_modules(attacks.__path__)
        if not module.name.startswith("_")
    }
    assert modules == set(ATTACKS)


def test_it_is_called_by_its_name(attack):
    assert ATTACKS[attack.name] is type(attack)


def test_its_options_can_be_recorded_and_given_again(attack):
    assert type(attack)(**attack.parameters()) == attack


def test_shapes_ranges_and_dtypes_are_kept(attack):
    model, images = convolutional(), eight_bit_images(3)
    before = images.clone()
    result = attack(model, images, labels=predicted(model, images))
    assert result.images.shape == images.shape
    assert result.images.dtype == images.dtype
    assert 0 <= result.images.min() <= result.images.max() <= 1
    assert torch.equal(images, before), "the caller's images were changed"
    n_steps = result.max_steps + 1
    assert result.labels.shape == result.losses.shape == (3, n_steps)
    assert result.labels.dtype == torch.int64
    assert bool(torch.isfinite(result.losses).all())
    assert bool((result.steps_to_flip <= n_steps).all())


def test_the_loss_rises(attack):
    model, images = convolutional(), eight_bit_images(6)
    result = attack(model, images, labels=predicted(model, images))
    assert bool((result.final_losses > result.losses[:, 0]).all())


def test_what_it_reports_is_what_the_network_says(attack):
    model, images = convolutional(), eight_bit_images(6)
    result = attack(model, images, labels=predicted(model, images))
    assert torch.equal(result.final_labels, predicted(model, result.images))
    assert result.eight_bit is not None
    decoded = result.eight_bit.pixels.float() / 255
    assert torch.equal(result.eight_bit.labels, predicted(model, decoded))


def test_the_same_input_gives_the_same_output(attack):
    model, images = convolutional(), eight_bit_images(3)
    labels = predicted(model, images)
    first = attack(model, images, labels=labels)
    again = attack(model, images, labels=labels)
    assert torch.equal(first.images, again.images)


def test_the_network_is_left_as_it_was(attack):
    model, images = convolutional(), eight_bit_images(3)
    called: list[int] = []
    hook = model.module.register_forward_hook(lambda *_: called.append(1))
    before = copy.deepcopy(model.module.state_dict())
    hooks = [dict(part._forward_hooks) for part in model.modules()]
    attack(model, images, labels=predicted(model, images))
    assert called, "the hook of the caller still works"
    assert [dict(part._forward_hooks) for part in model.modules()] == hooks
    hook.remove()
    assert not any(part.training for part in model.modules())
    for name, tensor in model.module.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(p.grad is None for p in model.parameters())


def test_another_network_is_attacked_otherwise(attack):
    images = eight_bit_images(3)
    results = [
        attack(model, images, labels=predicted(model, images)).images
        for model in (convolutional(0), convolutional(1))
    ]
    assert not torch.equal(results[0], results[1])


def test_it_works_where_gradients_are_switched_off(attack):
    model, images = convolutional(), eight_bit_images(2)
    labels = predicted(model, images)
    expected = attack(model, images, labels=labels).images
    with torch.no_grad():
        assert torch.equal(attack(model, images, labels=labels).images, expected)


@pytest.mark.gpu
def test_it_gives_the_same_labels_on_a_gpu(attack):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model, images = convolutional(), eight_bit_images(16)
    labels = predicted(model, images)
    here = attack(model, images, labels=labels)
    there = attack(PixelModel.cuda(convolutional()), images, labels=labels)
    assert there.images.device == images.device
    agree = here.steps_to_flip == there.steps_to_flip
    assert float(agree.float().mean()) > 0.9
