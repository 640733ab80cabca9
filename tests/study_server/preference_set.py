"""A set of pictures to choose between, drawn: nothing downloaded."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

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

WORTH = {"plain": 0.0, "robust": 1.2, "stylised": 0.5}
_COLOURS = ("tomato", "teal", "goldenrod", "slateblue")


def write_preference_set(
    folder: Path,
    *,
    question: str = "preferred",
    worth: Mapping[str, float] | None = None,
    n_shown: int = 2,
    n_sources: int = 4,
    has_target: bool = False,
    n_catch: int = 0,
    tie: float = 0.0,
) -> Path:
    """A finished set: for each source a trial of every `n_shown` of the methods.

    Args:
        folder: Where it is written.
        question: Of the trials.
        worth: Method to what simulated people think of it, in log odds.
        n_shown: Options of a trial.
        n_sources: Photographs that the methods picture.
        has_target: Whether the photograph stands above.
        n_catch: Catch trials, of a drawn picture beside an empty one.
        tie: How readily simulated people see no difference.
    """
    names = sorted(worth or WORTH)
    drawn: dict[str, Stimulus] = {}
    trials = [
        _trial(folder, drawn, tuple(shown), source=source, question=question,
               has_target=has_target,
               truth={"worth": dict(worth or WORTH), "tie": tie})
        for source in range(n_sources)
        for shown in combinations(names, n_shown)
    ]  # fmt: skip
    trials += _catches(folder, drawn, n_catch)
    infos = [
        asdict(ClassInfo(id=n, name=f"{n} way")) for n in (*names, "drawn", "empty")
    ]
    _lines(folder / "manifest.jsonl", map(stimulus_to_json, drawn.values()))
    _lines(folder / "trials.jsonl", map(trial_to_json, trials))
    (folder / "classes.json").write_text(json.dumps(infos), "utf-8")
    (folder / "recipe.toml").write_text('[recipe]\nkind = "by hand"\n', "utf-8")
    summary = {
        "format_version": 1,
        "kind": "by hand",
        "shows": "options",
        "classifiers": [],
        "is_finished": True,
        "controls": {"obvious": 1} if n_catch else {},
        "seed": 0,
    }
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")
    return folder


def _trial(
    folder: Path,
    drawn: dict[str, Stimulus],
    shown: Sequence[str],
    *,
    source: int,
    question: str,
    has_target: bool,
    truth: Mapping[str, Any],
    role: Role = "main",
    key: Mapping[str, str] | None = None,
) -> Trial:
    slots = {
        f"option{number}": _draw(folder, drawn, name, source=source)
        for number, name in enumerate(shown, start=1)
    }
    if has_target:
        slots["target"] = _draw(folder, drawn, "photograph", source=source)
    return Trial(
        id=trial_id(slots, question, classes=shown),
        slots=slots,
        question=question,
        classes=tuple(shown),
        role=role,
        control="obvious" if role == "catch" else "",
        sources=(_sha(f"source {source}"),),
        key=key,
        truth=None if key else truth,
    )


def _catches(folder: Path, drawn: dict[str, Stimulus], n: int) -> Iterator[Trial]:
    for number in range(n):
        yield _trial(
            folder, drawn, ("drawn", "empty"), source=1000 + number,
            question="preferred", has_target=False, truth={}, role="catch",
            key={"best": "1"},
        )  # fmt: skip


def _draw(folder: Path, drawn: dict[str, Stimulus], name: str, *, source: int) -> str:
    number = sum(map(ord, name))
    picture = Image.new("RGB", (224, 224), (60 + 7 * source % 150, number % 200, 160))
    pen = ImageDraw.Draw(picture)
    if name != "empty":
        left, top = 20 + number % 60, 30 + 11 * source % 60
        colour = _COLOURS[number % len(_COLOURS)]
        pen.ellipse((left, top, left + 110, top + 120), fill=colour)
        pen.rectangle((100, 150, 200, 170 + source % 40), fill="ivory")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "images" / f"{digest}.png").write_bytes(buffer.getvalue())
    drawn[digest] = Stimulus(
        id=digest,
        file=f"images/{digest}.png",
        width=224,
        height=224,
        source=f"photos/{source}.jpg",
        source_sha256=_sha(f"source {source}"),
        label=None,
        predictions=(),
        method=name,
    )
    return digest


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
