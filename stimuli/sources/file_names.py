"""The images of a data set, found by the names that a person wrote in a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from stimuli.files.tables import same_form


class UnknownFileError(Exception):
    """A name that is no image's, in words that fit behind "line 3: "."""


@dataclass(frozen=True, kw_only=True)
class FileNames:
    """Names of files in a folder, as the disk spells them.

    Attributes:
        names: Paths inside the data set, POSIX separators.
        folder: Where further files may lie; None where there are no others.
        noun: What messages call one.
    """

    names: Collection[str]
    folder: Path | None = None
    noun: str = "file"

    @cached_property
    def _by_form(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.names):
            found.setdefault(same_form(name), []).append(name)
        return found

    @cached_property
    def _by_case(self) -> dict[str, str]:
        return {form.casefold(): names[0] for form, names in self._by_form.items()}

    def find(self, said: str) -> str:
        """The name of the file that is meant; equal letters in other bytes are equal.

        Raises:
            UnknownFileError: If there is none, or two names look the same.
        """
        if not said:
            raise UnknownFileError("no file name")
        path = PurePosixPath(said)
        if path.is_absolute() or ".." in path.parts:
            raise UnknownFileError(
                f"file {said!r} lies outside the data set's folder{self._advice(said)}"
            )
        plain = same_form(str(path))
        found = self._by_form.get(plain, [])
        if len(found) > 1:
            raise UnknownFileError(
                f"file {said!r} is the name of {len(found)} files that differ in their "
                "Unicode form alone; rename all but one"
            )
        if found:
            return found[0]
        if self.folder is not None and (self.folder / plain).is_file():
            return plain
        raise UnknownFileError(
            f"no {self.noun} {said!r} in the folder{self._advice(plain)}"
        )

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        """Names by what stands behind the last stroke, with and without its suffix."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            end = PurePosixPath(same_form(name).casefold())
            for part in {end.name, end.stem}:
                found.setdefault(part, []).append(name)
        return found

    def _advice(self, said: str) -> str:
        near = same_form(said).replace("\\", "/").casefold()
        ends = self._by_end.get(near.rpartition("/")[2], [])
        meant = self._by_case.get(near) or (ends[0] if len(ends) == 1 else None)
        return f"; did you mean {meant}?" if meant else ""
