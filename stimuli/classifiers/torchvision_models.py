"""torchvision's classifiers by name, with its own weights or a local state dict."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast
from urllib.error import URLError

import torch
import torchvision
from torch import Tensor, nn

from stimuli.classifiers.networks import LoadedNetwork, Normalise
from stimuli.errors import ClassifierError
from stimuli.sources.images import Display, Interpolation

_WRAPPERS: Final = ("state_dict", "model_state_dict", "model")


def load_torchvision(name: str, *, weights: str, file: Path | None) -> LoadedNetwork:
    """A classifier of torchvision.

    Args:
        name: Its name in torchvision.
        weights: A weights enum such as "IMAGENET1K_V1"; ignored with `file`.
        file: A state dict, fp16 or fp32, plain or wrapped.

    Raises:
        ClassifierError: If name, weights or file do not fit together.
    """
    enum = _find_enum(name)
    chosen = _reference_weights(enum) if file else _pick_weights(enum, weights, name)
    transforms = chosen.transforms()
    display = Display(
        resize=int(transforms.resize_size[0]),
        crop=int(transforms.crop_size[0]),
        interpolation=cast(Interpolation, transforms.interpolation.value),
    )
    module = _from_file(name, file) if file else _download(name, chosen)
    categories = chosen.meta["categories"]
    is_original = _n_outputs(module) == len(categories)
    return LoadedNetwork(
        module=module,
        prepare=Normalise(tuple(transforms.mean), tuple(transforms.std)),
        display=display,
        classes=tuple((c, "") for c in categories) if is_original else None,
        origin=f"{name} with {file or weights}",
    )


def _find_enum(name: str) -> Any:  # noqa: ANN401 - torchvision has no type here
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        near = ", ".join(get_close_matches(name, known, n=3)) or ", ".join(known)
        raise ClassifierError(
            f"classifier.torchvision: no classifier {name!r} in torchvision "
            f"{torchvision.__version__}; there are {near}"
        )
    return torchvision.models.get_model_weights(name)


def _pick_weights(enum: Any, weights: str, name: str) -> Any:  # noqa: ANN401
    known = [member.name for member in enum]
    if weights not in (*known, "DEFAULT"):
        raise ClassifierError(
            f"classifier.weights: {name} has no weights {weights!r} and there is no "
            f"such file; torchvision knows {', '.join(known)}, DEFAULT"
        )
    return enum[weights]


def _reference_weights(enum: Any) -> Any:  # noqa: ANN401
    """Whose preprocessing a local file is taken to want: the first published."""
    return next(iter(enum))


def _download(name: str, weights: Any) -> nn.Module:  # noqa: ANN401
    try:
        return cast(nn.Module, torchvision.models.get_model(name, weights=weights))
    except (URLError, OSError, RuntimeError) as error:
        raise ClassifierError(
            f"cannot get the weights {weights} of {name}: {error}; download "
            f"{weights.url} by other means and give the file as classifier.weights"
        ) from error


def _from_file(name: str, file: Path) -> nn.Module:
    state = read_state_dict(file)
    module = _build(name, None)
    expected = {key: tuple(v.shape) for key, v in module.state_dict().items()}
    n_classes = _other_n_classes(expected, state, module=module)
    if n_classes is not None:
        module = _build(name, n_classes)
        expected = {key: tuple(v.shape) for key, v in module.state_dict().items()}
    problems = _mismatches(expected, state)
    if problems:
        raise ClassifierError(
            f"{file} does not fit {name}: {'; '.join(problems)}; is it the state "
            "dict of another architecture?"
        )
    module.load_state_dict(state, strict=False)
    return module


def _build(name: str, n_classes: int | None) -> nn.Module:
    options: dict[str, Any] = {} if n_classes is None else {"num_classes": n_classes}
    # These two add auxiliary heads and warn about their initialisation.
    if name in ("inception_v3", "googlenet"):
        options |= {"init_weights": False, "aux_logits": True}
    return cast(nn.Module, torchvision.models.get_model(name, weights=None, **options))


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, as float32 where they are floating point.

    Args:
        file: Written by `torch.save`; plain, or wrapped as `state_dict`, and
            with or without `module.` before every name.

    Raises:
        ClassifierError: If it is not a checkpoint of tensors.
    """
    if program := _exported_program(file):
        raise ClassifierError(
            f"{file} holds {program}, not a state dict; save that of the module it was "
            "made of with torch.save(model.state_dict(), ...)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # Bytes that are no checkpoint lead its reader anywhere.
        raise ClassifierError(
            f"{file} is not a PyTorch checkpoint of tensors alone, or is damaged "
            f"({type(error).__name__}), and is not opened; save it again with "
            "torch.save(model.state_dict(), ...)"
        ) from error
    state = _unwrap(raw)
    if not state:
        raise ClassifierError(
            f"{file} holds no tensors: expected a state dict, got {type(raw).__name__}"
        )
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


def _exported_program(file: Path) -> str | None:
    """What a file holds in place of weights, by the names in its archive."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return None
    if "constants.pkl" in names:
        return "a TorchScript program (torch.jit)"
    if any(name.startswith("models/") for name in names):
        return "a program of torch.export"
    return None


def _unwrap(raw: object) -> dict[str, Tensor]:
    for key in _WRAPPERS:
        if isinstance(raw, Mapping) and isinstance(raw.get(key), Mapping):
            raw = raw[key]
    if not isinstance(raw, Mapping):
        return {}
    state = {str(k): v for k, v in raw.items() if isinstance(v, Tensor)}
    if state and all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): v for key, v in state.items()}
    return state


def _other_n_classes(
    expected: Mapping[str, tuple[int, ...]],
    state: Mapping[str, Tensor],
    *,
    module: nn.Module,
) -> int | None:
    """The number of outputs, if that alone tells the checkpoint from the original."""
    usual = _n_outputs(module)
    leading = {
        tensor.shape[0]
        for key, tensor in state.items()
        if expected.get(key, ())[:1] == (usual,)
        and tensor.ndim
        and tuple(tensor.shape)[1:] == expected[key][1:]
    }
    return leading.pop() if len(leading) == 1 and leading != {usual} else None


def _n_outputs(module: nn.Module) -> int:
    """Outputs of the last layer that has weights."""
    last = [m for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    return last.out_features if isinstance(last, nn.Linear) else last.out_channels


def _mismatches(
    expected: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor]
) -> list[str]:
    # Old checkpoints lack the counters that newer batch norms keep.
    missing = [
        k for k in expected if k not in state and not k.endswith("num_batches_tracked")
    ]
    extra = [k for k in state if k not in expected]
    wrong = [
        f"{k} is {tuple(v.shape)} instead of {expected[k]}"
        for k, v in state.items()
        if k in expected and tuple(v.shape) != expected[k]
    ]
    found = [("missing", missing), ("unexpected", extra), ("of another shape", wrong)]
    return [
        f"{len(names)} {word} ({', '.join(names[:3])}{', ...' if names[3:] else ''})"
        for word, names in found
        if names
    ]
