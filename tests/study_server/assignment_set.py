"""A set of assignment trials: coloured shapes, framed by the recipe's own builder."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from stimuli.manifest import (
    ClassInfo,
    Stimulus,
    Trial,
    stimulus_to_json,
    trial_id,
    trial_to_json,
)
from stimuli.recipes.assignment import (
    CONDITIONS,
    Cast,
    ClassSupply,
    Condition,
    ImageGroup,
    TrialImage,
    build_trials,
    draw_items,
)
from stimuli.records.seeds import rng_for

NAMES = ("teapot", "crane", "mug", "table", "sign", "kettle")
COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b7950b", "#6c3483", "#566573")
SECRET_CLASS_WORDS = NAMES


@dataclass(frozen=True, kw_only=True)
class AssignmentSize:
    """What the set holds.

    Attributes:
        n_items: Each under every condition.
        conditions: Levels of what varies.
        n_catch: Targets that are among the images of their group, per condition.
        n_practice: The same, for practice; without a condition.
        success: Condition to the share that careful people find.
        median_s: Condition to the seconds that they take.
        is_told_apart: Whether criticisms stand apart.
        px: Width and height of an image.
    """

    n_items: int = 7
    conditions: tuple[Condition, ...] = CONDITIONS
    n_catch: int = 3
    n_practice: int = 2
    success: Mapping[str, float] = field(default_factory=dict)
    median_s: Mapping[str, float] = field(default_factory=dict)
    is_told_apart: bool = False
    px: int = 24


def write_assignment_set(folder: Path, size: AssignmentSize | None = None) -> Path:
    """A finished set in `folder`."""
    size = size or AssignmentSize()
    (folder / "images").mkdir(parents=True)
    writer = _Writer(folder, size.px)
    cast = Cast(
        supplies=tuple(_supply(writer, k, size) for k in range(len(NAMES))),
        left_out={},
        n_fallbacks={},
        n_targets_dropped=0,
    )
    items = draw_items(cast, size.n_items, rng=rng_for(1, "items"))
    main = build_trials(
        items,
        cast,
        rng_for=lambda *parts: rng_for(1, *parts),
        conditions=size.conditions,
        is_told_apart=size.is_told_apart,
    )
    trials = [_with_truth(trial, size) for trial in main]
    trials += _known(trials, size, source_of=writer.source_of)
    classes = [ClassInfo(id=str(k), name=name) for k, name in enumerate(NAMES)]
    summary = {
        "format_version": 1,
        "kind": "criticism",
        "shows": "assignment",
        "controls": {"among_them": min(1, size.n_catch), "practice": size.n_practice},
    }
    (folder / "recipe.toml").write_text('[recipe]\nkind = "criticism"\n')
    (folder / "classes.json").write_text(json.dumps([asdict(c) for c in classes]))
    (folder / "manifest.jsonl").write_text("\n".join(writer.lines) + "\n")
    lines = (trial_to_json(trial) for trial in trials)
    (folder / "trials.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


class _Writer:
    def __init__(self, folder: Path, px: int) -> None:
        self.folder = folder
        self.px = px
        self.lines: list[str] = []
        self.source_of: dict[str, str] = {}

    def exhibit(self, class_index: int) -> TrialImage:
        number = len(self.lines)
        png = _picture(class_index, number, px=self.px)
        name = hashlib.sha256(png).hexdigest()
        (self.folder / "images" / f"{name}.png").write_bytes(png)
        source = f"{class_index}/{number:04d}.png"
        stimulus = Stimulus(
            id=name,
            file=f"images/{name}.png",
            width=self.px,
            height=self.px,
            source=source,
            source_sha256=hashlib.sha256(source.encode()).hexdigest(),
            label=str(class_index),
            predictions=(),
            method="crop",
        )
        self.lines.append(stimulus_to_json(stimulus))
        self.source_of[name] = stimulus.source_sha256
        return TrialImage(
            stimulus=stimulus.id,
            source_sha256=stimulus.source_sha256,
            class_id=str(class_index),
        )


def _picture(class_index: int, number: int, *, px: int) -> bytes:
    """A shape of the class's colour on a ground of its own."""
    rng = np.random.default_rng(number)
    ground = tuple(int(v) for v in rng.integers(150, 240, 3))
    image = Image.new("RGB", (px, px), ground)
    draw = ImageDraw.Draw(image)
    low, high = sorted(rng.uniform(0.08, 0.92, 2))
    left, right = px * low * 0.6, px * max(high, low + 0.35)
    box = (left, left, min(right, px - 1), min(right, px - 1))
    colour = COLOURS[class_index]
    if class_index % 3 == 0:
        draw.ellipse(box, fill=colour)
    elif class_index % 3 == 1:
        draw.rectangle(box, fill=colour)
    else:
        draw.polygon([(box[0], box[3]), (box[2], box[3]), (box[2], box[1])], colour)
    # One pixel keeps every picture's bytes its own.
    image.putpixel((0, 0), (number % 256, number // 256, class_index))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _supply(writer: _Writer, class_index: int, size: AssignmentSize) -> ClassSupply:
    groups = {
        condition.name: ImageGroup(
            prototypes=tuple(
                writer.exhibit(class_index) for _ in range(condition.n_prototypes)
            ),
            criticisms=tuple(
                writer.exhibit(class_index) for _ in range(condition.n_criticisms)
            ),
        )
        for condition in size.conditions
    }
    n_targets = -(-size.n_items // len(NAMES))
    return ClassSupply(
        class_id=str(class_index),
        groups=groups,
        targets=tuple(writer.exhibit(class_index) for _ in range(n_targets)),
    )


def _with_truth(trial: Trial, size: AssignmentSize) -> Trial:
    planted = {"success": size.success, "median_s": size.median_s}
    known = {
        name: values[trial.condition]
        for name, values in planted.items()
        if trial.condition in values
    }
    return replace(trial, truth={**(trial.truth or {}), **known})


def _known(
    main: list[Trial], size: AssignmentSize, *, source_of: Mapping[str, str]
) -> list[Trial]:
    """Trials whose target is one of the images of its group."""
    among_them = partial(_among_them, source_of=source_of)
    made = []
    for condition in size.conditions:
        alike = [trial for trial in main if trial.condition == condition.name]
        made += [
            among_them(alike[n % len(alike)], image=n // len(alike) + 1, role="catch")
            for n in range(size.n_catch)
        ]
    made += [
        replace(among_them(main[n], image=6, role="practice"), condition="")
        for n in range(size.n_practice)
    ]
    return made


def _among_them(
    trial: Trial, *, image: int, role: str, source_of: Mapping[str, str]
) -> Trial:
    key = str((trial.key or {})["group"])
    slots = {**trial.slots, "target": trial.slots[f"group_{key}_{image}"]}
    return replace(
        trial,
        id=trial_id(slots, trial.question, classes=trial.classes),
        slots=slots,
        sources=tuple(sorted({source_of[name] for name in slots.values()})),
        role=role,  # type: ignore[arg-type] # one of the roles
        control="among_them",
        truth={"group": key},
    )
