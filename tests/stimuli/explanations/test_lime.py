"""LIME against the `lime` package, and against models whose weights are known."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from lime.lime_base import LimeBase  # type: ignore[import-untyped]
from lime.lime_image import (  # type: ignore[import-untyped]
    LimeImageExplainer,
)
from torch import Tensor, nn

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations import ExplanationError, Lime
from stimuli.methods.explanations._surrogate import draw_bits, fit, sample_weights
from stimuli.methods.explanations.lime import calibrate_forward, to_pixels
from stimuli.methods.segmentation import Quickshift, Slic
from tests.stimuli.tiny_networks import convolutional, eight_bit_images

N_SAMPLES = 200
QUARTERS = np.kron(np.arange(4).reshape(2, 2), np.ones((4, 4))).astype(np.int32)


class Corner(nn.Module):
    """Class 1 has probability: the mean light of the top left quarter."""

    def forward(self, images: Tensor) -> Tensor:
        light = images[:, :, :4, :4].mean((1, 2, 3)).clamp(1e-6, 1 - 1e-6)
        return torch.stack([(1 - light).log(), light.log()], dim=1)


def by_the_package(model: PixelModel, image: Tensor, *, seed: int):
    """The package's explanation, its samples, and its superpixels."""
    pixels = image.permute(1, 2, 0).double().numpy()

    def classify(batch: list[np.ndarray]) -> np.ndarray:
        images = torch.from_numpy(np.stack(batch)).float().permute(0, 3, 1, 2)
        with torch.inference_mode():
            shares: np.ndarray = model(images).softmax(1).numpy()
        return shares

    explainer = LimeImageExplainer(random_state=seed)
    with contextlib.redirect_stderr(io.StringIO()):
        explanation = explainer.explain_instance(
            pixels, classify, top_labels=3, num_samples=N_SAMPLES
        )
    replayed = np.random.RandomState(seed)
    replayed.randint(0, 1000)  # the segmentation's seed comes first
    d = int(explanation.segments.max()) + 1
    bits = replayed.randint(0, 2, N_SAMPLES * d).reshape(N_SAMPLES, d)
    bits[0] = 1
    return explanation, bits.astype(np.uint8)


def photograph(side: int = 64) -> Tensor:
    """Noisy blocks of colour, which quickshift cuts into a dozen superpixels."""
    rng = np.random.default_rng(3)
    blocks = np.kron(rng.random((3, 4, 4)), np.ones((side // 4, side // 4)))
    noisy = blocks + rng.normal(0, 0.02, blocks.shape)
    return torch.from_numpy(np.rint(noisy.clip(0, 1) * 255) / 255).float()


@pytest.mark.parametrize("batch_size", [7, 64])
def test_weights_and_order_equal_the_package(batch_size):
    model, image = convolutional(), photograph()
    theirs, bits = by_the_package(model, image, seed=5)
    labels = [int(label) for label in theirs.top_labels]
    result = Lime(n_samples=N_SAMPLES, batch_size=batch_size)(
        model,
        image[None],
        labels=[labels],
        image_ids=["a"],
        seed=0,
        samples=[bits],
    )
    ours = result.explanations[0]
    np.testing.assert_array_equal(ours.segments, theirs.segments)
    assert ours.n_superpixels > 8, "a test needs something to order"
    for label in labels:
        expected = dict(theirs.local_exp[label])
        weights = ours.weights[ours.place_of(label)]
        np.testing.assert_allclose(
            weights, [expected[place] for place in range(len(weights))], atol=1e-5
        )
        assert list(ours.order(label)) == [p for p, _ in theirs.local_exp[label]]
        np.testing.assert_allclose(
            ours.intercepts[ours.place_of(label)], theirs.intercept[label], atol=1e-5
        )
    # The package keeps the score of the label it fits last, the most probable.
    np.testing.assert_allclose(ours.r_squared[0], theirs.score, atol=1e-5)


@pytest.mark.parametrize("n_selected", [1, 4, 6, 7, 15])
def test_selection_equals_the_package(n_selected):
    rng = np.random.default_rng(n_selected)
    bits = draw_bits(0, "a", n_samples=300, n_superpixels=20)
    outcomes = rng.random((300, 3)) + bits @ rng.normal(0, 0.2, (20, 3))
    kernel = partial(lambda d, w: np.sqrt(np.exp(-(d**2) / w**2)), w=0.25)
    distances = 1 - np.sqrt(bits.mean(axis=1))
    ours = fit(
        bits,
        outcomes,
        near=sample_weights(bits, sigma=0.25, kernel="lime"),
        n_selected=n_selected,
    )
    for label in range(3):
        intercept, pairs, score, local = LimeBase(kernel).explain_instance_with_data(
            bits, outcomes, distances, label, n_selected
        )
        expected = np.zeros(20)
        expected[[place for place, _ in pairs]] = [weight for _, weight in pairs]
        np.testing.assert_allclose(ours.weights[label], expected, atol=1e-9)
        assert ours.intercepts[label] == pytest.approx(intercept)
        assert ours.r_squared[label] == pytest.approx(score)
        assert ours.local_predictions[label] == pytest.approx(local[0])


def test_a_sample_is_weighted_by_the_share_it_shows():
    # Four of sixteen shown: the cosine is sqrt(4 / 16) = 1/2, the distance 1/2.
    # Package: exp(-(1/4) / (2 / 16)) = exp(-2); the paper's formula: exp(-4).
    bits = np.array([[1] * 16, [1] * 4 + [0] * 12, [0] * 16], dtype=np.uint8)
    as_package = sample_weights(bits, sigma=0.25, kernel="lime")
    as_paper = sample_weights(bits, sigma=0.25, kernel="paper")
    # Nothing shown: distance 1, exp(-8) and exp(-16).
    np.testing.assert_allclose(as_package, np.exp([0, -2, -8]))
    np.testing.assert_allclose(as_paper, np.exp([0, -4, -16]))


def test_only_the_quarter_that_matters_gets_weight():
    # White image, black fill: the probability is 1 or 0 as the first quarter is
    # shown or not, a linear function of one bit. The ridge shrinks its weight by
    # 1 / (variance sum + 1), which is about 1 % here.
    image = torch.ones((1, 3, 8, 8))
    result = Lime(fill=0.0, batch_size=32, k=4)(
        PixelModel(Corner().eval()),
        image,
        labels=[(1,)],
        image_ids=["white"],
        seed=1,
        segments=[QUARTERS],
    )
    one = result.explanations[0]
    assert one.weights[0, 0] == pytest.approx(1, abs=0.02)
    assert np.abs(one.weights[0, 1:]).max() < 0.01
    assert one.r_squared[0] > 0.99
    assert one.probabilities[0] == pytest.approx(1, abs=1e-5)
    assert one.top(1, 4)[0] == 0
    assert one.maps[0, :4, :4].min() == pytest.approx(one.weights[0, 0])


def explained_quarters(segments):
    """`Corner` on a white image whose first quarter alone matters."""
    (one,) = Lime(fill=0.0, batch_size=32, n_samples=100)(
        PixelModel(Corner().eval()),
        torch.ones((1, 3, 8, 8)),
        labels=[(1,)],
        image_ids=["white"],
        seed=1,
        segments=[segments],
    ).explanations
    return one


@pytest.mark.parametrize(
    "segments",
    [
        QUARTERS + 1,
        QUARTERS * 7 + 3,
        QUARTERS.astype(float),
        QUARTERS.astype(np.uint8),
        torch.from_numpy(QUARTERS + 1),
    ],
    ids=["from 1", "gaps", "whole floats", "bytes", "a tensor"],
)
def test_given_superpixels_may_be_numbered_in_any_rising_way(segments):
    expected = explained_quarters(QUARTERS)
    found = explained_quarters(segments)
    np.testing.assert_array_equal(found.segments, QUARTERS)
    np.testing.assert_array_equal(found.weights, expected.weights)
    np.testing.assert_array_equal(found.maps, expected.maps)


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        (QUARTERS - 1, "must be 0 or more, got -1"),
        (QUARTERS + 0.5, "must be whole numbers, got float64"),
        (np.full((8, 8), np.nan), "must be whole numbers"),
        (QUARTERS[:4], r"must be (height, width) = (8, 8) as the image is, got (4, 8)"),
        (QUARTERS[None], "got (1, 8, 8)"),
        (QUARTERS.astype(str), "must be whole numbers, got <U"),
    ],
)
def test_given_superpixels_that_do_not_fit_are_refused_by_image(segments, words):
    with pytest.raises(ExplanationError) as caught:
        explained_quarters(segments)
    assert "white: segments" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (np.ones((5, 3)), "samples have 3 columns, but the image has 4 superpixels"),
        (np.full((5, 4), 0.5), "must be 0 and 1"),
        (np.zeros((5, 4)), "must have ones in the first row"),
        (np.ones(4), r"must be (n_samples, d) with two rows at least, got (4,)"),
    ],
)
def test_given_samples_that_do_not_fit_are_refused_by_image(bits, words):
    with pytest.raises(ExplanationError) as caught:
        Lime(fill=0.0, batch_size=32)(
            PixelModel(Corner().eval()),
            torch.ones((1, 3, 8, 8)),
            labels=[(1,)],
            image_ids=["white"],
            seed=1,
            segments=[QUARTERS],
            samples=[bits],
        )
    assert words in str(caught.value)
    assert "white: samples" in str(caught.value)


def test_superpixels_for_another_number_of_images_are_refused():
    with pytest.raises(ExplanationError, match="1 images, but 2 segments"):
        Lime(batch_size=32)(
            PixelModel(Corner().eval()),
            torch.ones((1, 3, 8, 8)),
            labels=[(1,)],
            image_ids=["white"],
            seed=1,
            segments=[QUARTERS, QUARTERS],
        )


def test_selecting_leaves_the_other_weights_at_zero():
    lime = Lime(n_samples=100, k=7, top="select", batch_size=32)
    lime = replace(lime, segmenter=Slic(n_segments=20))
    one = lime(
        convolutional(), photograph()[None], labels=[(0,)], image_ids=["a"], seed=0
    ).explanations[0]
    assert one.n_superpixels > 10
    assert np.count_nonzero(one.weights) == 7
    assert len(one.order(0)) == 7


def test_the_mean_colour_and_a_constant_are_hidden_colours():
    # Grey 0.2 in the first quarter hides as itself under the mean: no change, so
    # nothing to explain. Black does change it.
    image = torch.full((1, 3, 8, 8), 0.2)

    def weights(fill):
        result = Lime(fill=fill, batch_size=32)(
            PixelModel(Corner().eval()),
            image,
            labels=[(1,)],
            image_ids=["grey"],
            seed=1,
            segments=[QUARTERS],
        )
        return result.explanations[0].weights[0]

    assert np.abs(weights(None)).max() < 1e-6
    assert weights((0, 0, 0))[0] == pytest.approx(0.2, abs=0.01)
    assert weights((1.0, 0.2, 0.2))[0] < -0.2


def test_random_numbers_depend_on_seed_and_image_alone():
    bits = draw_bits(1, "cat.jpg", n_samples=50, n_superpixels=12)
    assert bits[0].tolist() == [1] * 12
    assert 0.4 < bits[1:].mean() < 0.6
    again = draw_bits(1, "cat.jpg", n_samples=80, n_superpixels=12)
    np.testing.assert_array_equal(bits, again[:50])
    for other in (("dog.jpg", 1), ("cat.jpg", 2)):
        drawn = draw_bits(other[1], other[0], n_samples=50, n_superpixels=12)
        assert 0.3 < (drawn[1:] != bits[1:]).mean() < 0.7


def test_stability_is_one_where_every_seed_finds_the_same():
    lime = Lime(n_samples=200, batch_size=64, k=1, n_stability_seeds=3, fill=0.0)
    result = lime(
        PixelModel(Corner().eval()),
        torch.ones((1, 3, 8, 8)),
        labels=[(1, 0)],
        image_ids=["white"],
        seed=1,
        segments=[QUARTERS],
    )
    one = result.explanations[0]
    assert one.stability is not None
    # Class 1 needs the first quarter under every seed; class 0's top is noise.
    assert one.stability[0] == 1
    assert one.facts["stability"] == list(one.stability)


def test_an_image_with_one_superpixel_is_left_out_with_a_message():
    images = torch.cat([torch.full((1, 3, 24, 24), 0.5), eight_bit_images(1)])
    lime = Lime(n_samples=50, batch_size=16, segmenter=Slic(n_segments=6))
    result = lime(
        convolutional(),
        images,
        labels=[(0,), (0,)],
        image_ids=["plain.png", "b.png"],
        seed=0,
        segments=[
            np.zeros((24, 24), np.int32),
            Slic(n_segments=6)(to_pixels(images[1])),
        ],
    )
    assert [one.image_id for one in result.explanations] == ["b.png"]
    assert "plain.png: segmentation found one superpixel" in result.failed["plain.png"]


def test_bfloat16_finds_nearly_the_same_weights():
    def weights(dtype):
        lime = Lime(n_samples=300, batch_size=50, dtype=dtype)
        image = eight_bit_images(1, side=8)
        found = lime(
            PixelModel(Corner().eval()),
            image,
            labels=[(1,)],
            image_ids=["a"],
            seed=0,
            segments=[np.arange(64, dtype=np.int32).reshape(8, 8) // 16],
        )
        return found.explanations[0].weights

    difference = np.abs(weights("float32") - weights("bfloat16")).max()
    assert 0 < difference < 0.01


def test_a_transform_that_is_not_pointwise_sees_whole_images():
    def halve(images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images, 2).repeat_interleave(2, 2)

    plain, pooled = (
        Lime(n_samples=64, batch_size=16)(
            PixelModel(Corner().eval(), transform=transform),
            torch.ones((1, 3, 8, 8)),
            labels=[(1,)],
            image_ids=["a"],
            seed=0,
            segments=[QUARTERS],
        ).explanations[0]
        for transform in (lambda images: images, halve)
    )
    assert plain.n_superpixels == pooled.n_superpixels == 4


def test_options_without_meaning_are_refused():
    with pytest.raises(ExplanationError) as refusal:
        Lime(n_samples=1, sigma=0, top="best", batch_size=0)  # type: ignore[arg-type]
    message = str(refusal.value)
    assert "n_samples must be at least 2, got 1" in message
    assert "sigma must be above 0, got 0" in message
    assert "top must be one of select, show, got 'best'" in message
    assert "batch_size must be above 0" in message


def test_the_calibrated_batch_is_one_that_was_tried():
    assert calibrate_forward(convolutional(), (24, 24), dtype=torch.float32) in {
        2**power for power in range(10)
    }


def test_options_are_recorded():
    recorded = Lime(segmenter=Quickshift(ratio=0.3)).parameters()
    assert recorded["top"] == "show"
    assert recorded["segmentation"] == "quickshift"
    assert recorded["segmenter"]["ratio"] == 0.3
