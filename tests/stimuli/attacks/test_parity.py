"""The same predictions and steps as foolbox and torchattacks."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.classifiers.torchvision_models import read_state_dict
from stimuli.methods.attacks import Ifgsm
from stimuli.sources.images import Display, careful_reading, read_picture
from tests.stimuli.peers import import_peer
from tests.stimuli.tiny_networks import convolutional, eight_bit_images, predicted

STEP, N_STEPS, EPSILON = 0.004, 10, 0.03


def steps_of(peer, model: PixelModel, images: Tensor, labels: Tensor) -> list[int]:
    """Steps to flip of a peer, found by running it with 1, 2, ... steps."""
    flipped = torch.full_like(labels, N_STEPS + 1)
    for n_steps in range(N_STEPS, 0, -1):
        now = predicted(model, peer(n_steps, images, labels))
        flipped[now != labels] = n_steps
    found: list[int] = flipped.tolist()
    return found


def by_foolbox(model: PixelModel, *, step: float, epsilon: float):
    foolbox = import_peer("foolbox")

    def run(n_steps: int, images: Tensor, labels: Tensor) -> Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
            attack = foolbox.attacks.LinfBasicIterativeAttack(
                abs_stepsize=step, steps=n_steps, random_start=False
            )
            moved: Tensor = attack(wrapped, images, labels, epsilons=epsilon)[0]
        return moved

    return run


def by_torchattacks(model: PixelModel, *, step: float, epsilon: float):
    torchattacks = import_peer("torchattacks")

    def run(n_steps: int, images: Tensor, labels: Tensor) -> Tensor:
        attack = torchattacks.BIM(model, eps=epsilon, alpha=step, steps=n_steps)
        moved: Tensor = attack(images, labels)
        return moved

    return run


PEERS = [(by_foolbox, "sum"), (by_torchattacks, "mean")]


@pytest.mark.parametrize(("peer", "reduction"), PEERS)
def test_predictions_and_steps_equal_the_peers(peer, reduction):
    model, images = convolutional(), eight_bit_images(32)
    labels = predicted(model, images)
    run = peer(model, step=STEP, epsilon=EPSILON)
    ours = Ifgsm(
        step=STEP,
        max_steps=N_STEPS,
        epsilon=EPSILON,
        space="pixel",
        reduction=reduction,
    )(model, images, labels=labels)
    theirs = run(N_STEPS, images, labels)
    assert torch.equal(ours.final_labels, predicted(model, theirs))
    steps = steps_of(run, model, images, labels)
    assert len(set(steps)) > 3, "a test needs images that flip at different steps"
    assert ours.steps_to_flip.tolist() == steps
    # A value may round to the other side of the ball's edge, and no more.
    torch.testing.assert_close(ours.images, theirs, atol=1e-6, rtol=0)


@pytest.mark.real_data
@pytest.mark.parametrize(("peer", "reduction"), PEERS)
def test_photographs_flip_as_they_do_for_the_peers(real_data, peer, reduction):
    model = _squeezenet(real_data)
    images, labels = _photographs(real_data, model, n=6)
    ours = Ifgsm(epsilon=0.01, space="pixel", reduction=reduction, max_steps=4)
    result = ours(model, images, labels=labels)
    theirs = peer(model, step=0.001, epsilon=0.01)(4, images, labels)
    assert torch.equal(result.final_labels, predicted(model, theirs))
    differing = ((result.images - theirs).abs() > 1e-6).float().mean()
    assert float(differing) < 0.001


def _squeezenet(real_data: Path) -> PixelModel:
    network = torchvision.models.squeezenet1_1(weights=None)
    network.load_state_dict(read_state_dict(real_data / "weights/squeezenet1_1.pth"))
    network.eval().requires_grad_(False)
    return PixelModel(network, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def _photographs(
    real_data: Path, model: PixelModel, *, n: int
) -> tuple[Tensor, Tensor]:
    with (real_data / "photos" / "labels.csv").open() as handle:
        rows = list(csv.DictReader(handle))[:: 1000 // (3 * n)]
    with careful_reading():
        files = [real_data / "photos" / row["file"] for row in rows]
        pixels = np.stack([read_picture(file, Display()).pixels for file in files])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    labels = torch.tensor([int(row["label"]) for row in rows])
    is_right = predicted(model, images) == labels
    # The layout changes how convolutions round, so everyone gets the same one.
    chosen = images[is_right][:n].contiguous(memory_format=torch.channels_last)
    return chosen, labels[is_right][:n]
