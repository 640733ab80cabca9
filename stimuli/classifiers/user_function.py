"""A classifier from the user's own code: `function = "my_model.py:build"`.

The function takes no arguments and returns `(network, preprocessing)`:

* `network`: a `torch.nn.Module` (plain, scripted or exported) that maps float32
  `(n, 3, crop, crop)` to logits `(n, n_classes)`, alone or as `.logits` of an object
  or mapping; or probabilities, which are found out and used as such. Or a function
  that only predicts: from the bytes shown, a NumPy array uint8 `(n, crop, crop, 3)`,
  to logits or probabilities `(n, n_classes)`.
* `preprocessing`: a mapping with `mean` and `std` (three numbers each, for pixels
  in [0, 1]), or `transform`, a callable from uint8 `(n, 3, crop, crop)` to the
  module's input; neither for a function. Optional: `resize` (256), `crop` (224),
  `interpolation` ("bilinear"), `classes`, a list of names or of (name, gloss),
  `gives` ("logits" or "probabilities", where it should not be found out) and
  `has_gradients = False` for a module that has none.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast, get_args

import torch
import torch.export
import torch.fx
from torch import Tensor, nn

from stimuli.classifiers.networks import LoadedNetwork, Normalise
from stimuli.classifiers.outputs import Form, Gives, Predicting
from stimuli.classifiers.user_imports import refuse_clashes
from stimuli.errors import ClassifierError, StimuliError, first_line, list_problems
from stimuli.files.text import TextFileError, read_content
from stimuli.sources.images import Display, Interpolation

# What anybody's code may raise and its author can mend; `sys.exit` is no exit here.
ANYTHING: Final = (Exception, SystemExit)
_KEYS: Final = (
    "mean",
    "std",
    "transform",
    "resize",
    "crop",
    "interpolation",
    "classes",
    "gives",
    "has_gradients",
)


def load_function(reference: str, folder: Path) -> LoadedNetwork:
    """What the user's function returns, checked.

    Args:
        reference: `file.py:function`, relative to `folder`.
        folder: Where the recipe lies.

    Raises:
        ClassifierError: If it raises, or returns something else than promised.
    """
    file, _, name = reference.rpartition(":")
    path = folder / file
    code_sha256 = hashlib.sha256(_code(path)).hexdigest()
    refuse_clashes(path)
    module = _import_file(path)
    build = getattr(module, name, None)
    if not callable(build):
        raise ClassifierError(
            f"{reference}: {file} has no function {name!r}; it has "
            f"{', '.join(_functions(module)) or 'none'}"
        )
    try:
        result = build()
    except ANYTHING as error:
        raise ClassifierError(
            f"{reference}: raised {type(error).__name__}: {first_line(error)}"
        ) from error
    return _read_result(result, reference, code_sha256=code_sha256)


def _code(path: Path) -> bytes:
    try:
        return read_content(path)
    except TextFileError as error:
        raise ClassifierError(str(error)) from error


@contextmanager
def naming_failures(origin: str, shape: tuple[int, ...]) -> Iterator[None]:
    """Whatever a classifier's own code raises in the block, in words.

    Args:
        origin: Where the classifier came from.
        shape: Of the batch it is given.

    Raises:
        ClassifierError: In place of anything but a lack of memory, which a smaller
            batch may mend, and of what is in words already.
    """
    try:
        yield
    except (torch.OutOfMemoryError, StimuliError):
        raise
    except ANYTHING as error:
        raise ClassifierError(
            f"{origin}: fails on a batch of shape {shape} with "
            f"{type(error).__name__}: {first_line(error)}{_advice(error)}"
        ) from error


def _advice(error: BaseException) -> str:
    """What to do about a `transform` made for files or for floats."""
    said = first_line(error)
    if "PIL Image" in said:
        return (
            "; transform is given the bytes shown (uint8, already scaled and cut), no "
            "file: leave Resize, CenterCrop and ToTensor out of it, or give mean and std "
            "in its place"
        )
    if "float tensor" in said:
        return (
            "; transform is given the bytes shown (uint8): turn them into floats from 0 "
            "to 1 first (ConvertImageDtype), or give mean and std in its place"
        )
    return ""


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
    # A compiled copy is told apart by second and size only: an edit could be missed.
    is_compiled_kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except ANYTHING as error:
        raise ClassifierError(
            f"{path}: importing it raised {type(error).__name__}: {first_line(error)}"
        ) from error
    finally:
        sys.dont_write_bytecode = is_compiled_kept
        sys.path.remove(str(path.parent))
    return module


def _functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    ]


def _read_result(result: object, reference: str, *, code_sha256: str) -> LoadedNetwork:
    if not (isinstance(result, Sequence) and len(result) == 2):
        raise ClassifierError(
            f"{reference}: expected (module, preprocessing), got {_describe(result)}"
        )
    network, preprocessing = result
    problems: list[str] = []
    found = _read_network(network, problems)
    if not isinstance(preprocessing, Mapping):
        problems.append(f"expected a mapping second, got {_describe(preprocessing)}")
        raise ClassifierError(list_problems(reference, problems))
    is_function = found is not None and found.form == "function"
    prepare = _read_prepare(preprocessing, problems, is_function=is_function)
    display = _read_display(preprocessing, problems)
    classes = _read_classes(preprocessing.get("classes"), problems)
    gives, has_gradients = _read_claims(preprocessing, problems)
    if problems or prepare is None or found is None:
        raise ClassifierError(list_problems(reference, problems))
    return LoadedNetwork(
        module=found.module,
        prepare=prepare,
        display=display,
        classes=classes,
        origin=f"function {reference}",
        code_sha256=code_sha256,
        form=found.form,
        gives=gives,
        has_gradients=has_gradients and not is_function,
    )


@dataclass(frozen=True)
class _Network:
    """A network in one of the forms that are taken."""

    module: nn.Module
    form: Form


def _read_network(given: object, problems: list[str]) -> _Network | None:
    """What comes first of what the user's function returns."""
    if isinstance(given, torch.export.ExportedProgram):
        return _Network(given.module(), "exported")
    if isinstance(given, torch.jit.ScriptModule):
        return _Network(given, "scripted")
    if isinstance(given, torch.fx.GraphModule) and _has_lost_eval(given):
        return _Network(given, "exported")
    if isinstance(given, nn.Module):
        return _Network(given, "module")
    if callable(given) and not isinstance(given, type):
        return _Network(Predicting(given), "function")
    hint = ""
    if hasattr(given, "predict_proba"):
        hint = (
            "; wrap it in a function of the bytes shown: lambda pixels: "
            "model.predict_proba(pixels.reshape(len(pixels), -1) / 255)"
        )
    problems.append(
        f"expected a torch.nn.Module or a function first, got {_describe(given)}{hint}"
    )
    return None


def _has_lost_eval(module: nn.Module) -> bool:
    """Whether it is what `ExportedProgram.module()` gives."""
    try:
        module.eval()
    except NotImplementedError:
        return True
    return False


def _read_claims(
    given: Mapping[str, Any], problems: list[str]
) -> tuple[Gives | None, bool]:
    """What the classifier is said to give, and whether it has gradients."""
    gives = given.get("gives")
    if gives not in (None, *get_args(Gives)):
        known = " or ".join(f'"{each}"' for each in get_args(Gives))
        problems.append(f"gives must be {known}, got {gives!r}")
        gives = None
    has_gradients = given.get("has_gradients", True)
    if not isinstance(has_gradients, bool):
        problems.append(f"has_gradients must be True or False, got {has_gradients!r}")
        has_gradients = True
    return gives, has_gradients


def _read_prepare(
    given: Mapping[str, Any], problems: list[str], *, is_function: bool
) -> Callable[[Tensor], Tensor] | None:
    unknown = sorted(str(key) for key in given if key not in _KEYS)
    if unknown:
        problems.append(f"unknown {', '.join(unknown)}; known are {', '.join(_KEYS)}")
    if is_function:
        clash = [key for key in ("mean", "std", "transform") if key in given]
        if clash:
            problems.append(
                f"{' and '.join(clash)} beside a function: it is given the bytes shown "
                "and prepares them itself"
            )
        return _unchanged
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


def _unchanged(batch: Tensor) -> Tensor:
    return batch


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
