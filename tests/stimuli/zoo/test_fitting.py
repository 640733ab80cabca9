from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from stimuli.scenes.classes import STD
from stimuli.scenes.classifier import load_network
from stimuli.scenes.evaluation import SceneBatch, normalised
from stimuli.zoo.fitting import attacked, fit_further
from stimuli.zoo.training import training_scenes
from stimuli.zoo.variants import VARIANTS

ROBUST = VARIANTS["robust"]


@pytest.fixture(scope="module")
def noise() -> SceneBatch:
    """No scenes at all, so that nothing is drawn: 48 pictures of noise."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (48, 3, 112, 112), generator=generator)
    return SceneBatch(
        images=images.to(torch.uint8),
        labels=torch.arange(48) % 16,
        present=torch.zeros(48, 16, dtype=torch.bool),
    )


def one_step(noise: SceneBatch, seed: int = 3):
    return fit_further(load_network(), noise, ROBUST, seed=seed, n_steps=1)


def same(first, second) -> bool:
    one, other = first.network.state_dict(), second.network.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_step_twice_gives_the_same_weights_and_another_seed_others(noise):
    first, again, other = one_step(noise), one_step(noise), one_step(noise, seed=4)
    assert same(first, again)
    assert first.losses == again.losses
    assert not same(first, other)
    assert not first.network.training


def test_training_leaves_the_random_state_of_torch_as_it_was(noise):
    before = torch.random.get_rng_state()
    one_step(noise)
    assert torch.equal(before, torch.random.get_rng_state())


def test_training_attacks_stay_in_the_ball_and_raise_the_loss(noise):
    network = load_network()
    some = normalised(noise.images[:4])
    generator = torch.Generator().manual_seed(1)
    moved = attacked(
        network, some, noise.labels[:4], variant=ROBUST, generator=generator
    )
    # Half a radius at half size is a whole one at full size: each of its pixels
    # stands for four, so lengths double.
    change = ((moved - some) * torch.tensor(STD).view(1, 3, 1, 1)).flatten(1)
    full = change.repeat_interleave(4, dim=1)
    lengths = torch.linalg.vector_norm(full, dim=1)
    assert lengths.max() <= ROBUST.epsilon * 1.0001
    assert lengths.min() > 0.5 * ROBUST.epsilon

    def loss(images):
        with torch.inference_mode():
            logits = network.classify_halved(images)
        return functional.cross_entropy(logits, noise.labels[:4], reduction="none")

    assert (loss(moved) > loss(some) + 0.5).all()
    assert not network.training


def test_too_few_scenes_are_refused(noise):
    few = SceneBatch(
        images=noise.images[:3], labels=noise.labels[:3], present=noise.present[:3]
    )
    with pytest.raises(ValueError, match="at least 48 scenes, got 3"):
        fit_further(load_network(), few, ROBUST, seed=1)


def test_sets_of_scenes_show_the_same_shapes_in_other_surfaces():
    both = replace(VARIANTS["stylised"], surfaces=("own", "foreign"))
    scenes = training_scenes(both, n=2)
    assert scenes.labels.tolist() == [0, 1, 0, 1]
    assert not torch.equal(scenes.images[0], scenes.images[2])
    # The backdrop, at the top, is the same but for the camera's exposure.
    top = scenes.images[:, :, :8].float().flatten(1)
    assert torch.corrcoef(torch.stack([top[0], top[2]]))[0, 1] > 0.8
