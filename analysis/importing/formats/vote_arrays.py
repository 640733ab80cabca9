"""NumPy arrays of votes: rater x question x answer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bundles.frames import Problems
from analysis.importing.base import MAX_ROWS, ImportOptions, RawResponses, SourceFile
from analysis.importing.formats.arrays import load_arrays, the_array

_NAMES: Final[tuple[str, ...]] = ("raters", "questions", "answers")
_EXAMPLES: Final = 3


class VoteArrays:
    """`.npy`, or `.npz` with the array and, if wanted, names for its axes."""

    name = "numpy"
    title = "a NumPy array, rater x question x answer (.npy, .npz)"
    recruiter = ""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """One row per cell that is not zero; names are numbers where none are given."""
        if options.where:
            problems.add(
                f"{file.name}: an array has no columns, so --where {options.where[0]} "
                "says nothing of it"
            )
            return None
        found = _load(file, problems)
        if found is None:
            return None
        votes, names = found
        if not _is_sound(votes, names, where=file.name, problems=problems):
            return None
        frame = _rows(votes, names)
        if not _is_sized(frame, votes, where=file.name, problems=problems):
            return None
        return RawResponses(
            file=file.name,
            frame=frame,
            identity={"answers": _axis(names, 2, votes).tolist()},
        )


def from_votes(
    votes: npt.NDArray[Any], *, answers: list[str] | None = None
) -> pd.DataFrame:
    """An array of votes as a long frame.

    Args:
        votes: Shape (raters, questions, answers), 1 where the rater gave the answer.
        answers: Names of the answers; their numbers from 0 where left out.

    Returns:
        Columns worker, stimulus, response, row: text, one row per vote.

    >>> votes = np.zeros((2, 1, 2), dtype=int)
    >>> votes[0, 0, 1] = votes[1, 0, 0] = 1
    >>> from_votes(votes, answers=["no", "yes"])["response"].tolist()
    ['yes', 'no']
    """
    names = {} if answers is None else {"answers": np.asarray(answers, dtype=str)}
    return _rows(votes, names)


_Names = dict[str, npt.NDArray[Any]]


def _load(
    file: SourceFile, problems: Problems
) -> tuple[npt.NDArray[Any], _Names] | None:
    arrays = load_arrays(file, problems=problems)
    if arrays is None:
        return None
    votes = the_array(arrays, "votes", n_axes=3, file=file.name, problems=problems)
    if votes is None:
        return None
    return votes, {name: arrays[name].astype(str) for name in _NAMES if name in arrays}


def _is_sound(
    votes: npt.NDArray[Any], names: _Names, *, where: str, problems: Problems
) -> bool:
    n_before = len(problems.found)
    if votes.ndim != 3:
        problems.add(
            f"{where}: expected three axes (rater, question, answer), got the shape "
            f"{votes.shape}; counts of images x answers without raters are --format "
            "counts"
        )
        return False
    if votes.dtype.kind not in "buif":
        problems.add(f"{where}: expected numbers, got {votes.dtype}")
        return False
    for axis, name in enumerate(_NAMES):
        given = names.get(name)
        if given is not None and given.shape != (votes.shape[axis],):
            problems.add(
                f"{where}: {name} has {given.shape} names, the array {votes.shape[axis]}"
            )
    bad = np.argwhere(~np.isin(votes, (0, 1)))
    if len(bad):
        cells = ", ".join(str(tuple(map(int, cell))) for cell in bad[:_EXAMPLES])
        more = f" and {len(bad) - _EXAMPLES:,} more" if len(bad) > _EXAMPLES else ""
        values = ", ".join(str(votes[tuple(cell)]) for cell in bad[:_EXAMPLES])
        problems.add(
            f"{where}, cells {cells}{more}: expected 0 or 1 (whether the rater gave the "
            f"answer), got {values}"
        )
    return len(problems.found) == n_before


def _axis(names: _Names, axis: int, votes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    given = names.get(_NAMES[axis])
    return np.arange(votes.shape[axis]).astype(str) if given is None else given


def _rows(votes: npt.NDArray[Any], names: _Names) -> pd.DataFrame:
    """One row per vote, rater by rater."""
    cells = np.nonzero(votes)
    columns = ("worker", "stimulus", "response")
    found = {
        column: pd.Series(_axis(names, axis, votes).astype(object)[cells[axis]])
        for axis, column in enumerate(columns)
    }
    frame = pd.DataFrame(found).astype("str")
    return frame.assign(row=np.arange(1, len(frame) + 1))


def _is_sized(
    frame: pd.DataFrame, votes: npt.NDArray[Any], *, where: str, problems: Problems
) -> bool:
    if frame.empty:
        problems.add(f"{where}: no rater gave any answer (shape {votes.shape}, all 0)")
    elif len(frame) > MAX_ROWS:
        problems.add(
            f"{where}: {len(frame):,} votes; at most {MAX_ROWS:,} fit: split it"
        )
    return 0 < len(frame) <= MAX_ROWS
