"""Small stimulus sets for tests: real files, pictures of one colour each."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from stimuli.manifest import (
    ClassInfo,
    Stimulus,
    Trial,
    Use,
    stimulus_to_json,
    trial_id,
    trial_to_json,
)

N_CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class SetSize:
    """How many trials of each kind; `per_block` as a recipe states it."""

    n_main: int = 8
    n_catch: int = 4
    n_control: int = 0
    n_practice: int = 4
    per_block_yes: int = 1
    per_block_no: int = 1
    per_block_foil: int = 0
    trials_per_source: int = 1


def write_set(folder: Path, size: SetSize | None = None, *, tone: int = 0) -> Path:
    """A finished set in `folder`; another `tone` makes other pictures."""
    size = size or SetSize()
    folder.mkdir(parents=True)
    (folder / "images").mkdir()
    writer = _Writer(folder, tone=tone)
    trials = [*_main(writer, size), *_others(writer, size)]
    classes = [
        ClassInfo(id=str(index), name=f"thing {index}", gloss=f"a thing {index}")
        for index in range(N_CLASSES)
    ]
    per_block = {
        "known_yes": size.per_block_yes,
        "known_no": size.per_block_no,
        "random_foil": size.per_block_foil,
        "practice": size.n_practice,
    }
    summary = {"format_version": 1, "shows": "top1", "controls": per_block}
    (folder / "recipe.toml").write_text('[recipe]\nkind = "misclassified"\n')
    (folder / "classes.json").write_text(json.dumps([asdict(c) for c in classes]))
    (folder / "manifest.jsonl").write_text("\n".join(writer.lines) + "\n")
    (folder / "trials.jsonl").write_text(
        "\n".join(trial_to_json(trial) for trial in trials) + "\n"
    )
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


class _Writer:
    def __init__(self, folder: Path, *, tone: int) -> None:
        self.folder = folder
        self.tone = tone
        self.lines: list[str] = []

    def stimulus(self) -> Stimulus:
        number = len(self.lines)
        buffer = io.BytesIO()
        colour = (number % 256, number // 256, self.tone)
        Image.new("RGB", (4, 4), colour).save(buffer, "PNG")
        name = hashlib.sha256(buffer.getvalue()).hexdigest()
        (self.folder / "images" / f"{name}.png").write_bytes(buffer.getvalue())
        stimulus = Stimulus(
            id=name,
            file=f"images/{name}.png",
            width=4,
            height=4,
            source=f"photo_{number}.jpg",
            source_sha256=hashlib.sha256(f"{self.tone}/{number}".encode()).hexdigest(),
            label=str(number % N_CLASSES),
            predictions=(),
            method="crop",
        )
        self.lines.append(stimulus_to_json(stimulus))
        return stimulus


def _main(writer: _Writer, size: SetSize) -> list[Trial]:
    made = []
    stimulus = writer.stimulus()
    for number in range(size.n_main):
        if number and number % size.trials_per_source == 0:
            stimulus = writer.stimulus()
        class_id = str((number * 3 + number % size.trials_per_source) % N_CLASSES)
        use = Use(
            classifier="net",
            shows="top1",
            source_sha256=stimulus.source_sha256,
            label=stimulus.label,
            predicted=(class_id,),
        )
        present = [class_id] if number % 2 else []
        made.append(
            _trial(stimulus, class_id, role="main", uses=(use,), present=present)
        )
    return made


def _others(writer: _Writer, size: SetSize) -> list[Trial]:
    made = []
    for role, count in (("catch", size.n_catch), ("practice", size.n_practice)):
        for number in range(count):
            is_yes = number % 2 == 0
            made.append(
                _trial(
                    writer.stimulus(),
                    "1",
                    role=role,
                    control="known_yes" if is_yes else "known_no",
                    key={"relevant": "yes" if is_yes else "no"},
                    present=["1"] if is_yes else [],
                )
            )
    made += [
        _trial(writer.stimulus(), "2", role="control", control="random_foil")
        for _ in range(size.n_control)
    ]
    return made


def _trial(
    stimulus: Stimulus,
    class_id: str,
    *,
    role: str,
    control: str = "",
    key: dict[str, str] | None = None,
    uses: tuple[Use, ...] = (),
    present: list[str] | None = None,
) -> Trial:
    slots = {"target": stimulus.id}
    return Trial(
        id=trial_id(slots, "relevant", classes=[class_id]),
        slots=slots,
        question="relevant",
        classes=(class_id,),
        role=role,  # type: ignore[arg-type]
        control=control,
        key=key,
        sources=(stimulus.source_sha256,),
        uses=uses,
        truth={"present": present or []},
    )
