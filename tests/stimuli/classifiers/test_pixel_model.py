"""A recipe's classifier as a function of pixels in [0, 1]."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from stimuli.classifiers.loading import Classifier
from stimuli.classifiers.networks import Normalise
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.errors import ClassifierError
from stimuli.methods.explanations import Lime
from stimuli.methods.segmentation import Slic
from stimuli.sources.images import Display


def classifier(prepare) -> Classifier:
    network = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(12, 3)).eval()
    return Classifier(
        name="toy",
        origin="a toy",
        module=network.requires_grad_(False),
        prepare=prepare,
        display=Display(resize=8, crop=8),
        classes=None,
        n_classes=3,
        weights_sha256="",
        code_sha256="",
        device=torch.device("cpu"),
    )


def from_bytes_only(batch: Tensor) -> Tensor:
    return batch.float().div_(255).sub_(0.5)


def from_bytes_or_unit_floats(batch: Tensor) -> Tensor:
    return (batch if batch.is_floating_point() else batch.float() / 255) - 0.5


def without_gradient(batch: Tensor) -> Tensor:
    return torch.from_numpy(batch.detach().numpy().astype("float32")) / 255


@pytest.mark.parametrize(
    "prepare",
    [
        Normalise((0.4, 0.5, 0.6), (0.2, 0.3, 0.4)),
        from_bytes_only,
        from_bytes_or_unit_floats,
    ],
)
def test_bytes_over_255_give_the_logits_of_the_bytes(prepare):
    toy = classifier(prepare)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8, generator=generator)
    images = (pixels.float() / 255).requires_grad_()
    logits = PixelModel.of(toy)(images)
    expected = toy.logits(pixels.permute(0, 2, 3, 1).numpy())
    torch.testing.assert_close(logits.detach(), torch.from_numpy(expected))
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert bool(gradient.any())


def test_normalisation_leaves_no_rounding_behind():
    toy = classifier(Normalise((0.4, 0.5, 0.6), (0.2, 0.3, 0.4)))
    model = PixelModel.of(toy)
    assert model.std == (0.2, 0.3, 0.4)
    pixels = torch.arange(192, dtype=torch.uint8).view(1, 3, 8, 8)
    assert torch.equal(model.prepare(pixels.float() / 255), toy.prepare(pixels))


def test_a_transform_without_gradient_is_refused():
    with pytest.raises(ClassifierError, match=r"a toy: its transform cannot be diff"):
        PixelModel.of(classifier(without_gradient))


def test_the_reason_a_transform_fails_on_floats_is_told():
    def picky(batch: Tensor) -> Tensor:
        if batch.is_floating_point():
            raise TypeError("bytes wanted")
        return batch.float()

    with pytest.raises(ClassifierError, match=r"fails with TypeError: bytes wanted"):
        PixelModel.of(classifier(picky))


def test_what_fails_under_an_explanation_alone_is_told_in_words():
    class OneByOne(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            if len(images) > 1:
                raise RuntimeError("one at a time")
            return images.mean((2, 3))

    model = PixelModel(OneByOne().eval(), origin="a toy")
    lime = Lime(n_samples=4, batch_size=4, segmenter=Slic(n_segments=4))
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ClassifierError, match=r"a toy: fails on .* one at a time"):
        lime(model, images, labels=[(0,)], image_ids=["a"], seed=0)


def test_a_twin_leaves_the_network_alone():
    model = PixelModel.of(classifier(Normalise((0.5,) * 3, (0.5,) * 3)))
    twin = model.twin(dtype=torch.bfloat16)
    assert {p.dtype for p in twin.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
