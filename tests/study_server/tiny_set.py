"""A stimulus set of plain coloured squares, made in milliseconds."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from stimuli.manifest import (
    Prediction,
    Stimulus,
    Trial,
    Use,
    stimulus_to_json,
    trial_id,
    trial_to_json,
)

CLASSES = ("0", "1", "2")
NAMES = {"0": "red thing", "1": "green thing", "2": "blue thing"}


@dataclass
class TinySet:
    """Grows a set trial by trial; every trial has an image of its own.

    Main trials ask about class "1" of an image labelled "0"; the truth of every
    second one holds "1" as well, so that careful people accept half of them.
    """

    stimuli: list[Stimulus] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)

    def add(self, role: str, *, is_yes: bool, control: str = "") -> None:
        stimulus = self._stimulus()
        slots = {"target": stimulus.id}
        asked = ("1",)
        is_main = role == "main"
        self.trials.append(
            Trial(
                id=trial_id(slots, "relevant", classes=asked),
                slots=slots,
                question="relevant",
                classes=asked,
                role=role,  # type: ignore[arg-type] # one of the roles
                control=control,
                sources=(stimulus.source_sha256,),
                key=None
                if is_main or role == "control"
                else {"relevant": "yes" if is_yes else "no"},
                uses=(
                    Use(
                        classifier="tiny",
                        shows="top1",
                        source_sha256=stimulus.source_sha256,
                        label="0",
                        predicted=asked,
                    ),
                )
                if is_main
                else (),
                truth={"present": ["0", "1"] if is_yes else ["0"]},
            )
        )

    def write(self, folder: Path, *, per_block: dict[str, int]) -> Path:
        (folder / "images").mkdir(parents=True)
        for name, png in self.images.items():
            (folder / "images" / f"{name}.png").write_bytes(png)
        _lines(folder / "manifest.jsonl", map(stimulus_to_json, self.stimuli))
        _lines(folder / "trials.jsonl", map(trial_to_json, self.trials))
        classes = [
            {"id": c, "name": NAMES[c], "gloss": "", "examples": []} for c in CLASSES
        ]
        (folder / "classes.json").write_text(json.dumps(classes), "utf-8")
        (folder / "recipe.toml").write_text('[recipe]\nkind = "misclassified"\n')
        (folder / "summary.json").write_text(json.dumps(self._summary(per_block)))
        return folder

    def _stimulus(self) -> Stimulus:
        number = len(self.stimuli)
        colour = (number % 256, (number * 7) % 256, number // 256)
        buffer = io.BytesIO()
        Image.new("RGB", (24, 16), colour).save(buffer, "PNG")
        png = buffer.getvalue()
        name = hashlib.sha256(png).hexdigest()
        self.images[name] = png
        source = f"0/{number:04d}.png"
        stimulus = Stimulus(
            id=name,
            file=f"images/{name}.png",
            width=24,
            height=16,
            source=source,
            source_sha256=hashlib.sha256(source.encode()).hexdigest(),
            label="0",
            predictions=(
                Prediction(
                    classifier="tiny",
                    weights_sha256="ab" * 32,
                    classes=CLASSES,
                    probabilities=(0.2, 0.7, 0.1),
                    margin=1.25,
                ),
            ),
            method="crop",
        )
        self.stimuli.append(stimulus)
        return stimulus

    def _summary(self, per_block: dict[str, int]) -> dict[str, object]:
        n_main = sum(trial.role == "main" for trial in self.trials)
        return {
            "format_version": 1,
            "kind": "misclassified",
            "shows": "top1",
            "ask": None,
            "is_finished": True,
            "classifiers": [
                {
                    "name": "tiny",
                    "weights_sha256": "ab" * 32,
                    "n_seen": 4 * n_main,
                    "n_top1_right": 3 * n_main,
                    "n_top1_wrong": n_main,
                    "n_top5_right": 4 * n_main,
                    "n_top5_wrong": 0,
                }
            ],
            "trials": {"main": n_main},
            "controls": per_block,
        }


def write_tiny_set(
    folder: Path, *, n_main: int = 12, n_catch: int = 10, n_practice: int = 4
) -> Path:
    """A finished set: half of the trials of each role are right with "yes"."""
    tiny = TinySet()
    for number in range(n_main):
        tiny.add("main", is_yes=number % 2 == 0)
    for _ in range(n_catch):
        tiny.add("catch", is_yes=True, control="known_yes")
        tiny.add("catch", is_yes=False, control="known_no")
    for number in range(n_practice):
        tiny.add("practice", is_yes=number % 2 == 0)
    per_block = {"known_yes": 1, "known_no": 1, "practice": n_practice}
    return tiny.write(folder, per_block=per_block)


def _lines(path: Path, lines: object) -> None:
    text = "".join(f"{line}\n" for line in lines)  # type: ignore[attr-defined] # any iterable
    path.write_text(text, "utf-8")
