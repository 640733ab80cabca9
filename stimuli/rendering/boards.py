"""One picture of a trial that shows several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from stimuli.files.images import open_image
from stimuli.manifest import ClassInfo, Stimulus, Trial

_TILE: Final = 104
_GAP: Final = 6
_NAME: Final = 120
_TARGET: Final = 208
_FRAME: Final = 150
_BAR: Final = 4
COLOURS: Final[Mapping[str, str]] = {
    "prototype": "#1d4ed8",
    "criticism": "#c2410c",
}


@dataclass(frozen=True, kw_only=True)
class BoardPainter:
    """Draws trials of several pictures for a contact sheet.

    Attributes:
        stimuli: Id to record.
        classes: Class id to what it is called.
        find: Stimulus id to its file.
    """

    stimuli: Mapping[str, Stimulus]
    classes: Mapping[str, ClassInfo]
    find: Callable[[str], Path]

    def paint(self, trial: Trial) -> Image.Image:
        """Groups in rows with the target beside them, or frames in order."""
        if any(name.startswith("group_") for name in trial.slots):
            return self._paint_groups(trial)
        return self._paint_frames(trial)

    def _paint_groups(self, trial: Trial) -> Image.Image:
        truth = trial.truth or {}
        rows = _rows(trial)
        n_columns = max(map(len, rows), default=0)
        step = _TILE + _GAP
        width = _NAME + n_columns * step + 2 * _GAP + _TARGET
        board = Image.new("RGB", (width, len(rows) * step), "white")
        draw = ImageDraw.Draw(board)
        font = ImageFont.load_default(16)
        for number, ids in enumerate(rows):
            class_id = truth.get("groups", trial.classes)[number]
            is_right = str(truth.get("group")) == str(number + 1)
            name = f"{number + 1} {self.classes[class_id].name}"
            words = "\n".join([*name.split(" ", 2), "(right)" if is_right else ""])
            draw.text((0, number * step), words, fill="#111827", font=font)
            for place, stimulus_id in enumerate(ids):
                corner = (_NAME + place * step, number * step)
                self._tile(board, stimulus_id, corner=corner, side=_TILE)
                self._mark(draw, trial, stimulus_id, corner=corner)
        left = width - _TARGET
        draw.text((left, 0), "target", fill="#111827", font=font)
        self._tile(board, trial.slots["target"], corner=(left, 24), side=_TARGET)
        for line, (role, colour) in enumerate(COLOURS.items()):
            top = 24 + _TARGET + 2 * _GAP + 22 * line
            draw.rectangle((left, top + 6, left + 23, top + 6 + _BAR), colour)
            draw.text((left + 32, top), role, fill=colour, font=font)
        return board

    def _paint_frames(self, trial: Trial) -> Image.Image:
        names = sorted(trial.slots, key=_place)
        step = _FRAME + _GAP
        board = Image.new("RGB", (len(names) * step - _GAP, _FRAME), "white")
        for place, name in enumerate(names):
            corner = (place * step, 0)
            self._tile(board, trial.slots[name], corner=corner, side=_FRAME)
        return board

    def _tile(
        self,
        board: Image.Image,
        stimulus_id: str,
        *,
        corner: tuple[int, int],
        side: int,
    ) -> None:
        with open_image(self.find(stimulus_id)) as picture:
            board.paste(picture.convert("RGB").resize((side, side)), corner)

    def _mark(
        self,
        draw: ImageDraw.ImageDraw,
        trial: Trial,
        stimulus_id: str,
        *,
        corner: tuple[int, int],
    ) -> None:
        """A bar under the picture says what it was selected as."""
        selected = self.stimuli[stimulus_id].facts.get("selected", {})
        role = selected.get(trial.condition, {}).get("selected_as")
        if role in COLOURS:
            left, top = corner[0], corner[1] + _TILE - _BAR
            box = (left, top, left + _TILE - 1, top + _BAR - 1)
            draw.rectangle(box, COLOURS[role])


def _place(slot: str) -> tuple[int, str]:
    """Frames by their number; sides by their name, the left one first."""
    number = slot.rpartition("_")[2]
    return (int(number) if number.isdigit() else 0, slot)


def _rows(trial: Trial) -> list[Sequence[str]]:
    rows: dict[int, dict[int, str]] = {}
    for name, stimulus_id in trial.slots.items():
        if name.startswith("group_"):
            _, group, place = name.split("_")
            rows.setdefault(int(group), {})[int(place)] = stimulus_id
    return [[rows[g][i] for i in sorted(rows[g])] for g in sorted(rows)]
