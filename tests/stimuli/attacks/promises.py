"""What every attack promises, each as a check that names what it found broken.

Checks look at results from outside and share no code with what keeps the promises.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import Attack, AttackResult
from tests.stimuli.tiny_networks import convolutional, eight_bit_images, predicted

# Float32 on the edge of a ball.
ROUNDING = 1e-5


def make_images(n: int = 4) -> Tensor:
    """Smooth images with a black and a white corner, where bounds bite."""
    images = eight_bit_images(n)
    images[:, :, :6, :6] = 0
    images[:, :, -6:, -6:] = 1
    return images


def generators(n: int, seed: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(1000 * seed + row) for row in range(n)]


def attacked(
    attack: Attack,
    images: Tensor,
    *,
    model: PixelModel | None = None,
    seed: int = 0,
) -> AttackResult:
    network = convolutional() if model is None else model
    return attack(
        network,
        images,
        labels=predicted(network, images),
        generators=generators(len(images), seed),
    )


def variants(attack: Attack) -> Iterator[Attack]:
    """As it is, and with every norm and a tight ball where it has such options."""
    yield attack
    names = {f.name for f in fields(attack)}
    if {"norm", "epsilon"} <= names:
        for norm, epsilon in (("linf", 0.01), ("l2", 0.1), ("l2", 1.0)):
            options: dict[str, Any] = {"norm": norm, "epsilon": epsilon}
            if "step" in names:
                options["step"] = epsilon / 2
            yield replace(attack, **options)


def sizes(change: Tensor, norm: str) -> Tensor:
    flat = change.double().flatten(1)
    return flat.abs().amax(1) if norm == "linf" else flat.square().sum(1).sqrt()


def keeps_its_bounds(attack: Attack) -> None:
    for each in variants(attack):
        images = attacked(each, make_images()).images
        low, high = float(images.min()), float(images.max())
        assert low >= 0, f"left [0, 1]: {low}"
        assert high <= 1, f"left [0, 1]: {high}"


def keeps_its_ball(attack: Attack) -> None:
    images = make_images()
    for each in variants(attack):
        ball = each.ball
        if ball.epsilon is None:
            continue
        found = sizes(attacked(each, images).images - images, ball.norm)
        within = found <= ball.epsilon * (1 + ROUNDING) + ROUNDING / 10
        assert bool(within.all()), f"left the ball of {ball}: {found.tolist()}"


def keeps_its_ball_in_bytes(attack: Attack) -> None:
    images = make_images()
    for each in variants(attack):
        ball = each.ball
        if ball.epsilon is None:
            continue
        stored = attacked(each, images).eight_bit
        assert stored is not None
        found = sizes(stored.pixels.double() / 255 - images.double(), ball.norm)
        within = found <= ball.epsilon + 1e-6
        assert bool(within.all()), f"bytes left the ball of {ball}: {found.tolist()}"


def reports_the_real_norms(attack: Attack) -> None:
    images = make_images()
    for each in variants(attack):
        result = attacked(each, images)
        stored = result.eight_bit
        assert stored is not None
        change = result.images - images
        in_bytes = stored.pixels.double() / 255 - images.double()
        for what, reported, real in (
            ("linf", result.linf_norms, sizes(change, "linf")),
            ("l2", result.l2_norms, sizes(change, "l2")),
            ("linf of the bytes", stored.linf_norms, sizes(in_bytes, "linf")),
            ("l2 of the bytes", stored.l2_norms, sizes(in_bytes, "l2")),
        ):
            is_real = torch.allclose(reported.double(), real, rtol=1e-4, atol=1e-6)
            said = f"{reported.tolist()}, but it is {real.tolist()}"
            assert is_real, f"reported a wrong norm ({what}): {said}"


def reports_what_the_network_says(attack: Attack) -> None:
    model, images = convolutional(), make_images(6)
    result = attacked(attack, images, model=model)
    said = predicted(model, result.images)
    assert torch.equal(result.labels[:, 0], predicted(model, images)), "step 0"
    assert torch.equal(result.final_labels, said), "reported another prediction"
    assert result.eight_bit is not None
    decoded = result.eight_bit.pixels.float() / 255
    said = predicted(model, decoded)
    assert torch.equal(result.eight_bit.labels, said), "reported another of the bytes"


def keeps_shapes_and_dtypes(attack: Attack) -> None:
    images = make_images(3)
    result = attacked(attack, images)
    assert result.images.shape == images.shape, "returned another shape"
    assert result.images.dtype == images.dtype, "returned another type"
    n_steps = result.max_steps + 1
    assert result.labels.shape == result.losses.shape == (3, n_steps)
    assert result.labels.dtype == torch.int64
    is_seen = result.labels >= 0
    assert bool(torch.isfinite(result.losses[is_seen]).all())
    assert bool((result.steps_to_flip <= n_steps).all())


def leaves_the_images_alone(attack: Attack) -> None:
    images = make_images(3)
    before = images.clone()
    attacked(attack, images)
    assert torch.equal(images, before), "changed the caller's images"


def leaves_the_network_alone(attack: Attack) -> None:
    model, images = convolutional(), make_images(3)
    called: list[int] = []
    hook = model.module.register_forward_hook(lambda *_: called.append(1))
    before, weights = _look(model), copy.deepcopy(model.state_dict())
    attacked(attack, images, model=model)
    after = _look(model)
    assert called, "took the caller's hook off"
    for what in before:
        assert after[what] == before[what], f"changed {what} of the network"
    hook.remove()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, weights[name]), f"changed the weights: {name}"


def _look(model: nn.Module) -> dict[str, list[object]]:
    parts = list(model.modules())
    return {
        "the mode": [part.training for part in parts],
        "the hooks": [
            (
                dict(part._forward_hooks),
                dict(part._forward_pre_hooks),
                dict(part._backward_hooks),
                dict(part._backward_pre_hooks),
            )
            for part in parts
        ],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "gradients": [p.grad is None for p in model.parameters()],
    }


def gives_the_same_again(attack: Attack) -> None:
    images = make_images(3)
    first = attacked(attack, images).images
    # Making a network draws from the global generator, so that its state differs.
    again = attacked(attack, images).images
    assert torch.equal(first, again), "gave another result for the same input"


def draws_from_its_generators_alone(attack: Attack) -> None:
    model, images = convolutional(), make_images(3)
    before = torch.get_rng_state()
    first = attacked(attack, images, model=model, seed=0).images
    other = attacked(attack, images, model=model, seed=1).images
    assert torch.equal(torch.get_rng_state(), before), "drew from the global generator"
    if attack.is_random:
        assert not torch.equal(first, other), "ignored its generators"
    else:
        assert torch.equal(first, other), "drew, though it does not say so"


def treats_an_image_alike_in_any_batch(attack: Attack) -> None:
    model, images = convolutional(), make_images(4)
    together = attacked(attack, images, model=model).images
    alone = attack(
        model,
        images[2:3],
        labels=predicted(model, images[2:3]),
        generators=generators(4)[2:3],
    ).images
    # A gradient near zero may round to the other sign, here and there.
    differing = ((alone - together[2:3]).abs() > ROUNDING).float().mean()
    assert float(differing) < 0.01, f"depends on the batch in {float(differing):.1%}"


PROMISES: Sequence[Callable[[Attack], None]] = (
    keeps_its_bounds,
    keeps_its_ball,
    keeps_its_ball_in_bytes,
    reports_the_real_norms,
    reports_what_the_network_says,
    keeps_shapes_and_dtypes,
    leaves_the_images_alone,
    leaves_the_network_alone,
    gives_the_same_again,
    draws_from_its_generators_alone,
    treats_an_image_alike_in_any_batch,
)
