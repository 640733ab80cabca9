"""A classifier from the user's own code: `function = "my_model.py:build"`.

The function takes no arguments and returns `(module, preprocessing)`:

* `module`: a `torch.nn.Module` that maps float32 `(n, 3, crop, crop)` to logits
  `(n, n_classes)`.
* `preprocessing`: a mapping with `mean` and `std` (three numbers each, for pixels
  in [0, 1]), or `transform`, a callable from uint8 `(n, 3, crop, crop)` to the
  module's input. Optional: `resize` (256), `crop` (224), `interpolation`
  ("bilinear"), and `classes`, a list of names or of (name, gloss).
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast, get_args

from torch import Tensor, nn

from stimuli.errors import ClassifierError, list_problems
from stimuli.images import Display, Interpolation
from stimuli.networks import Loaded, Normalise

_KEYS: Final = (
    "mean",
    "std",
    "transform",
    "resize",
    "crop",
    "interpolation",
    "classes",
)


def load_function(reference: str, folder: Path) -> Loaded:
    """What the user's function returns, checked.

    Args:
        reference: `file.py:function`, relative to `folder`.
        folder: Where the recipe lies.

    Raises:
        ClassifierError: If it raises, or returns something else than promised.
    """
    file, _, name = reference.rpartition(":")
    path = folder / file
    module = _import_file(path)
    build = getattr(module, name, None)
    if not callable(build):
        raise ClassifierError(
            f"{reference}: {file} has no function {name!r}; it has "
            f"{', '.join(_functions(module)) or 'none'}"
        )
    try:
        result = build()
    except Exception as error:
        raise ClassifierError(
            f"{reference}: raised {type(error).__name__}: {first_line(error)}"
        ) from error
    code_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return _read_result(result, reference, code_sha256=code_sha256)


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, or its class."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _import_file(path: Path) -> ModuleType:
    # A name of its own: two recipes may both have a my_model.py.
    name = f"secondlook_user_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ClassifierError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and the like look their module up while it is being imported.
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ClassifierError(
            f"{path}: importing it raised {type(error).__name__}: {first_line(error)}"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    ]


def _read_result(result: object, reference: str, *, code_sha256: str) -> Loaded:
    if not (isinstance(result, Sequence) and len(result) == 2):
        raise ClassifierError(
            f"{reference}: expected (module, preprocessing), got {_describe(result)}"
        )
    module, preprocessing = result
    problems: list[str] = []
    if not isinstance(module, nn.Module):
        problems.append(f"expected a torch.nn.Module first, got {_describe(module)}")
    if not isinstance(preprocessing, Mapping):
        problems.append(f"expected a mapping second, got {_describe(preprocessing)}")
        raise ClassifierError(list_problems(reference, problems))
    prepare = _read_prepare(preprocessing, problems)
    display = _read_display(preprocessing, problems)
    classes = _read_classes(preprocessing.get("classes"), problems)
    if problems or prepare is None:
        raise ClassifierError(list_problems(reference, problems))
    return Loaded(
        module=cast(nn.Module, module),
        prepare=prepare,
        display=display,
        classes=classes,
        origin=f"function {reference}",
        code_sha256=code_sha256,
    )


def _read_prepare(
    given: Mapping[str, Any], problems: list[str]
) -> Callable[[Tensor], Tensor] | None:
    unknown = sorted(str(key) for key in given if key not in _KEYS)
    if unknown:
        problems.append(f"unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
    transform = given.get("transform")
    if transform is not None:
        if callable(transform) and "mean" not in given and "std" not in given:
            return cast("Callable[[Tensor], Tensor]", transform)
        problems.append("transform must be a callable, without mean and std beside it")
        return None
    mean, std = (_read_three(given, key, problems) for key in ("mean", "std"))
    if std and min(std) <= 0:
        problems.append(f"std must be above 0, got {std}")
    return Normalise(mean, std) if mean and std else None


def _read_three(
    given: Mapping[str, Any], key: str, problems: list[str]
) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(number) for number in given[key])
    except KeyError:
        problems.append(f"{key} is missing (or give transform)")
        return None
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) != 3:
        problems.append(f"{key} must be three numbers, got {given[key]!r}")
        return None
    return numbers


def _read_display(given: Mapping[str, Any], problems: list[str]) -> Display:
    usual = Display()
    crop = given.get("crop", usual.crop)
    wide = max(usual.resize, crop) if isinstance(crop, int) else usual.resize
    resize = given.get("resize", wide)
    interpolation = given.get("interpolation", usual.interpolation)
    known = get_args(Interpolation)
    if interpolation not in known:
        problems.append(f"interpolation must be one of {known}, got {interpolation!r}")
    if not all(isinstance(size, int) and size > 0 for size in (resize, crop)):
        problems.append(f"resize and crop must be pixels, got {resize!r}, {crop!r}")
    elif crop > resize:
        problems.append(f"crop {crop} is larger than resize {resize}")
    return Display(resize=resize, crop=crop, interpolation=interpolation)


def _read_classes(
    given: object, problems: list[str]
) -> tuple[tuple[str, str], ...] | None:
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Sequence):
        problems.append(f"classes must be a list, got {_describe(given)}")
        return None
    pairs = [(c, "") if isinstance(c, str) else c for c in given]
    wrong = [pair for pair in pairs if not _is_pair(pair)]
    if wrong:
        problems.append(
            f"classes must be names, or (name, gloss) pairs, got {wrong[0]!r}"
        )
        return None
    return tuple((str(name), str(gloss)) for name, gloss in pairs)


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(each, str) for each in value)
    )


def _describe(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__
