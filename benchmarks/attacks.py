"""IFGSM against foolbox and torchattacks, and against the gradients it needs.

Everyone gets the same channels-last network and batch, of the size at which a
gradient takes the least time per image.
"""

from __future__ import annotations

import importlib
import statistics
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import ModuleType

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.harness import Paired, Row, Skipped, time_pairs
from benchmarks.photographs import Photographs, load_photographs
from stimuli.classifiers.batching import calibrate_batch, wait_for
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.attacks import Ifgsm

N_FLIPPED = 48
STEP, N_STEPS, EPSILON = 0.001, 10, 0.01
NEVER_BAR, FLIP_BAR = 1.05, 1.15


def measure() -> list[Row]:
    """Both ways of stopping.

    Raises:
        Skipped: Without photographs or peers.
    """
    peers = [_import_peer(name) for name in ("foolbox", "torchattacks")]
    photographs = load_photographs(N_FLIPPED)
    size = calibrate_batch(
        lambda n: take_gradient(
            photographs.model, photographs.images[:n], photographs.labels[:n]
        ),
        candidates=(1, 2, 4, 8, 16, 32),
    )
    rows = measure_never(photographs, size, foolbox=peers[0], torchattacks=peers[1])
    return [*rows, *measure_flip(photographs, size)]


def measure_never(
    photographs: Photographs,
    size: int,
    *,
    foolbox: ModuleType,
    torchattacks: ModuleType,
) -> list[Row]:
    """All ten steps, against the faster of the two peers."""
    model = photographs.model
    images, labels = photographs.images[:size], photographs.labels[:size]
    attack = Ifgsm(
        step=STEP,
        max_steps=N_STEPS,
        epsilon=EPSILON,
        space="pixel",
        checks_eight_bit=False,
    )
    runs = {
        "foolbox": _foolbox(foolbox, model, images, labels=labels),
        "torchattacks": _torchattacks(torchattacks, model, images, labels=labels),
    }

    def ours() -> None:
        attack(model, images, labels=labels)
        wait_for(model.device)

    pairs = {name: time_pairs(ours, run, n_pairs=7) for name, run in runs.items()}
    fastest = min(pairs, key=lambda name: statistics.median(pairs[name].peer))
    row = _row("IFGSM never", pairs[fastest], peer=fastest, bar=NEVER_BAR, size=size)
    others = [
        _row(
            "IFGSM never, the slower peer", pairs[name], peer=name, bar=None, size=size
        )
        for name in pairs
        if name != fastest
    ]
    checked = replace(attack, checks_eight_bit=True)
    both = time_pairs(
        lambda: checked(model, images, labels=labels), runs[fastest], n_pairs=3
    )
    with_bytes = _row(
        "IFGSM never and the prediction on stored bytes",
        both,
        peer=fastest,
        bar=None,
        size=size,
    )
    return [row, *others, with_bytes]


def measure_flip(photographs: Photographs, size: int, *, n_pairs: int = 3) -> list[Row]:
    """Until the flip, against the bare evaluations that the flips need.

    An image that flips at step s is evaluated at s + 1 places: the last one shows
    the flip. The bar counts those, each at the cost of a bare gradient. The second
    row is the harder reading: the last one needs no gradient and is not counted.
    """
    model, images, labels = photographs.model, photographs.images, photographs.labels
    attack = Ifgsm(
        step=STEP,
        max_steps=N_STEPS,
        space="normalised",
        stop="flip",
        batch_size=size,
        checks_eight_bit=False,
    )
    result = attack(model, images, labels=labels)
    n_steps = int(result.steps_taken.sum())
    note = (
        f"{len(images)} photographs, normalised space, {n_steps} steps to flip, "
        f"{result.n_gradients} gradients taken"
    )
    rows = []
    limits = {n_steps + len(images): FLIP_BAR, n_steps: None}
    for n_needed, bar in limits.items():
        paired = time_pairs(
            lambda: attack(model, images, labels=labels),
            partial(_take_gradients, photographs, n_needed, size=size),
            n_pairs=n_pairs,
        )
        peer = f"{n_needed} bare gradients"
        name = "IFGSM flip" if bar else "IFGSM flip, last evaluations not counted"
        row = _row(name, paired, peer=peer, bar=bar, size=size)
        rows.append(replace(row, note=f"{row.note}; {note}"))
    return rows


def _take_gradients(photographs: Photographs, n: int, *, size: int) -> None:
    for start in range(0, n, size):
        at = torch.arange(start, min(start + size, n)) % len(photographs.images)
        take_gradient(photographs.model, photographs.images[at], photographs.labels[at])


def take_gradient(model: PixelModel, images: Tensor, labels: Tensor) -> None:
    """One bare gradient of the summed loss."""
    leaf = images.detach().requires_grad_()
    loss = functional.cross_entropy(model(leaf), labels, reduction="sum")
    torch.autograd.grad(loss, leaf)
    wait_for(model.device)


def _foolbox(
    foolbox: ModuleType, model: PixelModel, images: Tensor, *, labels: Tensor
) -> Callable[[], None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device=model.device)
    attack = foolbox.attacks.LinfBasicIterativeAttack(
        abs_stepsize=STEP, steps=N_STEPS, random_start=False
    )

    def run() -> None:
        # `run` is the attack alone; calling it also predicts before and after.
        attack.run(
            wrapped, images, foolbox.criteria.Misclassification(labels), epsilon=EPSILON
        )
        wait_for(model.device)

    return run


def _torchattacks(
    torchattacks: ModuleType, model: PixelModel, images: Tensor, *, labels: Tensor
) -> Callable[[], None]:
    attack = torchattacks.BIM(model, eps=EPSILON, alpha=STEP, steps=N_STEPS)

    def run() -> None:
        attack(images, labels)
        wait_for(model.device)

    return run


def _row(name: str, paired: Paired, *, peer: str, bar: float | None, size: int) -> Row:
    ours_s, peer_s = statistics.median(paired.ours), statistics.median(paired.peer)
    return Row(
        name=name,
        ours=f"{ours_s:.2f} s",
        peer=f"{peer_s:.2f} s {peer}",
        ratio=paired.ratio,
        bar=bar,
        note=f"{paired.note}; batch {size}, {torch.get_num_threads()} threads",
    )


def _import_peer(name: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise Skipped(
                f"{name} cannot be imported ({error}): pip install --no-deps "
                "-r requirements/peers.txt"
            ) from error
