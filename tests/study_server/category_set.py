"""A set of category trials on drawn pictures, for tests: nothing downloaded."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image, ImageDraw

from stimuli.manifest import (
    ClassInfo,
    Role,
    Stimulus,
    Trial,
    stimulus_to_json,
    trial_id,
    trial_to_json,
)

FOUR = ("bear", "boat", "clock", "truck")
SIXTEEN = (
    "airplane",
    "bear",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "car",
    "cat",
    "chair",
    "clock",
    "dog",
    "elephant",
    "keyboard",
    "knife",
    "oven",
    "truck",
)


def write_category_set(
    folder: Path,
    names: Sequence[str] = FOUR,
    *,
    n_main: int = 4,
    n_practice: int = 0,
) -> Path:
    """A finished set whose right category goes round the names; ids are the names."""
    main: list[Role] = ["main"]
    practice: list[Role] = ["practice"]
    roles = main * n_main + practice * n_practice
    stimuli = [_draw(folder, number) for number in range(len(roles))]
    trials = [
        _trial(stimulus, names, role=role, right=names[number % len(names)])
        for number, (stimulus, role) in enumerate(zip(stimuli, roles, strict=True))
    ]
    _lines(folder / "manifest.jsonl", map(stimulus_to_json, stimuli))
    _lines(folder / "trials.jsonl", map(trial_to_json, trials))
    infos = [asdict(ClassInfo(id=n, name=n, examples=(stimuli[0].id,))) for n in names]
    (folder / "classes.json").write_text(json.dumps(infos), "utf-8")
    (folder / "recipe.toml").write_text('[recipe]\nkind = "by hand"\n', "utf-8")
    summary = {
        "format_version": 1,
        "kind": "by hand",
        "shows": "category",
        "is_finished": True,
        "controls": {},
        "seed": 0,
    }
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    return folder


def _lines(path: Path, lines: object) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")  # type: ignore[attr-defined] # an iterable of lines


def _trial(
    stimulus: Stimulus, names: Sequence[str], *, role: Role, right: str
) -> Trial:
    slots, classes = {"target": stimulus.id}, tuple(sorted(names))
    return Trial(
        id=trial_id(slots, "category", classes=classes),
        slots=slots,
        question="category",
        classes=classes,
        role=role,
        sources=(stimulus.source_sha256,),
        key={"category": right},
        truth={"category": right},
    )


def _draw(folder: Path, number: int) -> Stimulus:
    picture = Image.new("RGB", (224, 224), (40 + 5 * number % 200, 120, 160))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((20 + number, 40, 160 + number, 190), fill=(220, 180, 30 + number))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    (images / f"{digest}.png").write_bytes(buffer.getvalue())
    return Stimulus(
        id=digest,
        file=f"images/{digest}.png",
        width=224,
        height=224,
        source=f"photos/{number}.jpg",
        source_sha256=hashlib.sha256(f"source {number}".encode()).hexdigest(),
        label=None,
        predictions=(),
        method="crop",
    )
