"""NumPy's files, opened as what they are or refused in words."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analysis.bundles.frames import Problems
from analysis.importing.base import SourceFile

Arrays = dict[str, npt.NDArray[Any]]
_ARCHIVE: Final = b"PK"
# What NumPy's reader raises on files that are damaged or none of its own.
_READ_ERRORS: Final = (
    ValueError,
    OSError,
    EOFError,
    SyntaxError,
    TypeError,
    KeyError,
    MemoryError,
    NotImplementedError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_arrays(file: SourceFile, *, problems: Problems) -> Arrays | None:
    """The arrays of a `.npz` by name; that of a `.npy` under the empty name.

    None where the file is not there or cannot be read, which is a problem.
    """
    if not file.path.is_file():
        problems.add(f"{file.path} is not a file")
        return None
    try:
        # Opened here, as NumPy leaves a damaged archive open.
        with file.path.open("rb") as handle:
            if handle.read(len(_ARCHIVE)) != _ARCHIVE:
                return {"": np.load(file.path, mmap_mode="r", allow_pickle=False)}
            handle.seek(0)
            loaded = np.load(handle, allow_pickle=False)
            return {name: loaded[name] for name in loaded.files}
    except _READ_ERRORS as error:
        problems.add(f"{file.name} is not a NumPy file of numbers: {error}")
        return None


def the_array(
    arrays: Arrays, name: str, *, n_axes: int, file: str, problems: Problems
) -> npt.NDArray[Any] | None:
    """The one of that name, else the only one with so many axes."""
    if "" in arrays:
        return arrays[""]
    like = [key for key, part in arrays.items() if part.ndim == n_axes]
    chosen = name if name in arrays else like[0] if len(like) == 1 else None
    if chosen is None:
        there = ", ".join(f"{key} {part.shape}" for key, part in arrays.items())
        problems.add(
            f"{file}: no array named {name}, nor a single {n_axes}-D one: {there}"
        )
        return None
    return arrays[chosen]
