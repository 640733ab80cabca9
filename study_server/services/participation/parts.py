"""A session's way through its parts: where somebody is, and the break before the next."""

from __future__ import annotations

from dataclasses import dataclass

from study_server.services.blocks.parts import read_order
from study_server.services.study_files.parts import PartSection
from study_server.services.study_files.sections import StudyFile
from study_server.store.tables import Session


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A break between two parts.

    Attributes:
        texts: What is read in it, Markdown; may be empty.
        seconds: How long it lasts at least.
    """

    texts: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, kw_only=True)
class PartPlace:
    """Where in its parts a session is.

    Attributes:
        place: How many parts are done.
        order: The parts of this session in the order they come, as written in the
            study file.
        numbers: Their numbers there.
    """

    place: int
    order: tuple[PartSection, ...]
    numbers: tuple[int, ...]

    @property
    def part(self) -> PartSection | None:
        """The part somebody is in; None where a study has none."""
        return self.order[self.place] if self.order else None

    @property
    def number(self) -> int | None:
        """Its number in the study file."""
        return self.numbers[self.place] if self.order else None

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after this part."""
        return self.place + 1 >= len(self.order)

    @property
    def pause(self) -> Pause | None:
        """The break before this part; the first part has none."""
        if not self.order or self.place == 0:
            return None
        before, here = self.order[self.place - 1], self.order[self.place]
        asked = [
            part
            for part, at in ((before, "after"), (here, "before"))
            if part.has_break and part.break_at == at
        ]
        if not asked:
            return None
        return Pause(
            texts=tuple(part.break_text for part in asked if part.break_text.strip()),
            seconds=max(part.break_seconds for part in asked),
        )


def place_of(file: StudyFile, session: Session) -> PartPlace:
    """Where a session is in its parts."""
    numbers = read_order(session.part_order)
    return PartPlace(
        place=session.part_place if numbers else 0,
        order=tuple(file.design.parts[number] for number in numbers),
        numbers=numbers,
    )
