"""What holds for every explanation that is listed."""

from __future__ import annotations

import copy
import dataclasses
import pkgutil
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods import explanations
from stimuli.methods.explanations import (
    EXPLANATIONS,
    Explained,
    Explainer,
    ExplanationError,
)
from stimuli.methods.segmentation import Slic
from tests.stimuli.tiny_networks import Cramped, convolutional, eight_bit_images

# Small where an explanation has such an option: the tests call it often.
SMALL = {"n_samples": 60, "segmenter": Slic(n_segments=12), "batch_size": 16}


@pytest.fixture(params=sorted(EXPLANATIONS))
def explainer(request) -> Explainer:
    kind: Any = EXPLANATIONS[request.param]
    known = {field.name for field in dataclasses.fields(kind)}
    made: Explainer = kind(**{k: v for k, v in SMALL.items() if k in known})
    return made


def explain(
    explainer: Explainer, model: PixelModel, images: Tensor, *, seed: int = 0
) -> Explained[Any]:
    return explainer(
        model,
        images,
        labels=[(0, 3)] * len(images),
        image_ids=[f"{number}.png" for number in range(len(images))],
        seed=seed,
    )


def test_every_module_of_the_folder_is_listed():
    modules = {
        module.name
        for module in pkgutil.iter_modules(explanations.__path__)
        if not module.name.startswith("_")
    }
    assert modules == set(EXPLANATIONS.own)


def test_it_is_called_by_its_name(explainer):
    assert EXPLANATIONS[explainer.name] is type(explainer)


def test_shapes_ranges_and_dtypes(explainer):
    images = eight_bit_images(3)
    before = images.clone()
    result = explain(explainer, convolutional(), images)
    assert not result.failed
    assert [one.image_id for one in result.explanations] == ["0.png", "1.png", "2.png"]
    for one in result.explanations:
        assert one.method == explainer.name
        assert one.labels == (0, 3)
        assert one.maps.shape == (2, 24, 24)
        assert one.maps.dtype == np.float32
        assert np.isfinite(one.maps).all()
        assert one.maps.any()
    assert torch.equal(images, before), "the caller's images were changed"


def test_the_same_seed_gives_the_same_map(explainer):
    model, images = convolutional(), eight_bit_images(2)
    first, again = (explain(explainer, model, images, seed=7) for _ in range(2))
    for one, other in zip(first.explanations, again.explanations, strict=True):
        np.testing.assert_array_equal(one.maps, other.maps)


def test_a_map_does_not_depend_on_the_other_images(explainer):
    model, images = convolutional(), eight_bit_images(3)
    together = explain(explainer, model, images).explanations[0]
    alone = explain(explainer, model, images[:1]).explanations[0]
    np.testing.assert_allclose(together.maps, alone.maps, atol=1e-6)


def test_the_map_changes_when_the_weights_are_shuffled(explainer):
    images, model, shuffled = eight_bit_images(2), convolutional(), convolutional()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in shuffled.parameters():
            order = torch.randperm(tensor.numel(), generator=generator)
            tensor.copy_(tensor.flatten()[order].view_as(tensor))
    one = explain(explainer, model, images).explanations[0].maps
    other = explain(explainer, shuffled, images).explanations[0].maps
    likeness = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert likeness < 0.9


def test_the_network_is_left_as_it_was(explainer):
    model, images = convolutional(), eight_bit_images(2)
    hook = model.module.register_forward_hook(lambda *_: None)
    before = copy.deepcopy(model.module.state_dict())
    strides = [p.stride() for p in model.parameters()]
    hooks = [dict(part._forward_hooks) for part in model.modules()]
    explain(explainer, model, images)
    assert [dict(part._forward_hooks) for part in model.modules()] == hooks
    hook.remove()
    assert not any(part.training for part in model.modules())
    assert [p.stride() for p in model.parameters()] == strides
    for name, tensor in model.module.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_full_device_halves_the_batch_and_goes_on(explainer):
    model, images = convolutional(), eight_bit_images(4)
    whole = explain(explainer, model, images)
    explainer = dataclasses.replace(explainer, batch_size=8)
    cramped = PixelModel(
        Cramped(model.module, limit=3).eval(),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )
    result = explain(explainer, cramped, images)
    assert (result.halved_to, result.batch_size) == ((4, 2), 2)
    for one, other in zip(result.explanations, whole.explanations, strict=True):
        np.testing.assert_allclose(one.maps, other.maps, atol=1e-5)


def test_a_network_that_is_not_finite_fails_by_image(explainer):
    class Bad(torch.nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            total = images.sum((1, 2, 3))
            return torch.stack([total, total.sqrt() * torch.nan] * 2, dim=1)

    result = explain(explainer, PixelModel(Bad().eval()), eight_bit_images(2))
    assert not result.explanations
    assert set(result.failed) == {"0.png", "1.png"}
    assert "0.png" in result.failed["0.png"]


def test_input_that_does_not_fit_is_refused_at_once(explainer):
    with pytest.raises(ExplanationError) as refusal:
        explainer(
            convolutional().train(),
            eight_bit_images(2) * 255,
            labels=[(0,), ()],
            image_ids=["a", "a"],
            seed=0,
        )
    message = str(refusal.value)
    assert "must lie in [0, 1]" in message
    assert "a: no class to explain" in message
    assert "image_ids must differ" in message
    assert "call eval()" in message


def test_a_class_that_was_not_explained_is_named(explainer):
    one = explain(explainer, convolutional(), eight_bit_images(1)).explanations[0]
    assert one.place_of(3) == 1
    with pytest.raises(ExplanationError, match=r"class 4 was not explained, only 0, 3"):
        one.place_of(4)


@pytest.mark.gpu
def test_it_gives_nearly_the_same_map_on_a_gpu(explainer):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    images = eight_bit_images(2)
    here = explain(explainer, convolutional(), images).explanations
    there = explain(explainer, PixelModel.cuda(convolutional()), images).explanations
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one.maps, other.maps, atol=1e-4)
