"""Bundles of simulated studies, written as the contract of the export says."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.special import ndtr

from analysis.bundles.schema import TABLES

CLASSES = [(str(index), f"class {index}", f"gloss {index}") for index in range(12)]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the simulated study is like."""

    n_images: int = 150
    error: float = 0.4
    classifiers: tuple[str, ...] = ("net-a",)
    shows: str = "top1"
    ask: str | None = None
    kind: str = "misclassified"
    include_correct: float = 0.1
    n: int = 5
    k: int = 4
    block: int = 20
    environment: str = "simulated"
    invalid_share: float = 0.12
    conditions: tuple[str, ...] = ("",)
    n_audited: int = 0
    n_dropped: int = 0
    n_people_max: int | None = None
    has_images: bool = True
    image_px: int = 48
    accept_mean: float = 0.3
    bias: float = 0.5
    file_format: str = "csv"
    amendments: tuple[dict[str, str], ...] = ()


@dataclass
class _Tables:
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in TABLES}
    )
    acceptability: dict[str, float] = field(default_factory=dict)
    n_sessions: int = 0
    n_responses: int = 0
    order: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)


def write_bundle(folder: Path, plan: Plan, *, rng: np.random.Generator) -> Path:
    """Write a whole study; returns the folder."""
    folder.mkdir(parents=True)
    tables = _Tables()
    for each in CLASSES:
        tables.add(
            "classes", **dict(zip(("class", "name", "gloss"), each, strict=True))
        )
    summary = _put_up(tables, plan, rng=rng)
    _controls(tables)
    _people(tables, plan, rng=rng)
    _audit(tables, plan, rng=rng)
    if plan.has_images:
        _pictures(folder, tables, plan, rng=rng)
    for name, rows in tables.rows.items():
        write_table(folder, name, rows, file_format=plan.file_format)
    (folder / "study.toml").write_text(_study_toml(plan))
    write_head(folder, _head(tables, plan, summary))
    return folder


def _study_toml(plan: Plan) -> str:
    return f'[study]\nname = "sim"\npilot = {plan.n}\n'


def write_table(
    folder: Path, name: str, rows: Sequence[dict[str, Any]], *, file_format: str = "csv"
) -> None:
    columns = [
        column
        for column, of in TABLES[name].columns.items()
        if not of.may_be_missing or any(column in row for row in rows)
    ]
    if file_format == "parquet":
        _write_parquet(folder / f"{name}.parquet", rows, columns)
        return
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)  # noqa: TID251 - a file as others write it
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in columns])


def write_head(folder: Path, head: dict[str, Any]) -> None:
    """`bundle.json` with the hashes of what lies in the folder now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    head["files"] = {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in files
        if path.name != "bundle.json"
    }
    (folder / "bundle.json").write_text(json.dumps(head), "utf-8")


def rehash(folder: Path) -> None:
    """Make the hashes agree again after a test changed a file on purpose."""
    write_head(folder, json.loads((folder / "bundle.json").read_text("utf-8")))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(value)


def _write_parquet(
    path: Path, rows: Sequence[dict[str, Any]], columns: list[str]
) -> None:
    import pandas as pd

    types = TABLES[path.stem].columns
    frame = pd.DataFrame(list(rows), columns=columns)
    for name, column in types.items():
        if name not in frame:
            continue
        if column.type == "time":
            frame[name] = pd.to_datetime(frame[name], utc=True)
        elif column.type == "boolean":
            frame[name] = frame[name].astype("boolean")
        elif column.type == "integer":
            frame[name] = frame[name].astype("Int64")
    frame.to_parquet(path, index=False)


def _sha(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def _put_up(tables: _Tables, plan: Plan, *, rng: np.random.Generator) -> dict[str, Any]:
    """Images, what each classifier says, and the trials; returns the summary."""
    labels = rng.integers(0, len(CLASSES), plan.n_images)
    wrong = {name: rng.random(plan.n_images) < plan.error for name in plan.classifiers}
    guesses = rng.integers(1, len(CLASSES), plan.n_images)
    top5_wrong = rng.random(plan.n_images) < 0.4
    counts = []
    for position, name in enumerate(plan.classifiers):
        differs = (
            rng.random(plan.n_images) < 0.3 if position else np.zeros(1, dtype=bool)
        )
        shift = np.where(differs, 1, 0)
        is_wrong = wrong[name]
        for image in range(plan.n_images):
            offset = (guesses[image] + shift[image % len(shift)]) % len(CLASSES) or 1
            first = (labels[image] + (offset if is_wrong[image] else 0)) % len(CLASSES)
            _judge(tables, plan, image, name, labels[image], first, top5_wrong[image])
        right = np.flatnonzero(~is_wrong)
        counts.append(
            {
                "name": name,
                "weights_sha256": _sha(name),
                "n_seen": plan.n_images,
                "n_top1_right": len(right),
                "n_top1_wrong": int(is_wrong.sum()),
                "n_top5_right": plan.n_images - int((is_wrong & top5_wrong).sum()),
                "n_top5_wrong": int((is_wrong & top5_wrong).sum()),
                "by_label": {
                    CLASSES[label][0]: {
                        "n_seen": int((labels == label).sum()),
                        "n_top1_wrong": int((is_wrong & (labels == label)).sum()),
                        "n_top5_wrong": int(
                            (is_wrong & top5_wrong & (labels == label)).sum()
                        ),
                    }
                    for label in np.unique(labels)
                },
            }
        )
    _accept(tables, plan, rng=rng)
    return {
        "format_version": 1,
        "kind": plan.kind,
        "shows": plan.shows,
        "ask": plan.ask,
        "seed": 0,
        "classifiers": counts,
        "execution": {"device": "cpu", "dtype": "float32"},
    }


def _judge(
    tables: _Tables,
    plan: Plan,
    image: int,
    name: str,
    label: int,
    first: int,
    is_top5_wrong: bool,
) -> None:
    """The uses and the trial of one image and classifier."""
    is_wrong = first != label
    rest = [index for index in range(len(CLASSES)) if index not in (first, label)]
    five = [first, *rest[:4]] if is_top5_wrong else [first, label, *rest[:3]]
    shown = [first] if plan.shows == "top1" else five
    if plan.kind == "predictions":
        shows = ["prediction"]
    elif is_wrong and (is_top5_wrong or plan.shows != "top5-of-top5-errors"):
        shows = _error_shows(plan.shows, is_top5_wrong=is_top5_wrong)
    else:
        is_included = (image * 7919) % 1000 < 1000 * plan.include_correct
        is_top5 = plan.shows == "top5-of-top5-errors"
        correct = "correct-top5" if is_top5 else "correct-top1"
        shows = [correct] if is_included else []
        if not is_wrong:
            shown = [label] if plan.shows == "top1" else [label, *rest[:4]]
    if not shows:
        return
    trial = _sha("trial", image, sorted(shown))[:32]
    stimulus, source = _sha("stimulus", image), _sha("source", image)
    if not any(row["trial"] == trial for row in tables.rows["trials"][-300:]):
        _trial(tables, trial, stimulus, source, shown, plan)
    if not any(row["stimulus"] == stimulus for row in tables.rows["stimuli"][-300:]):
        tables.add("stimuli", **_stimulus(stimulus, image, source, label, plan))
    for each in shows:
        tables.add(
            "uses",
            trial=trial,
            classifier=name,
            shows=each,
            source_sha256=source,
            label="" if plan.kind == "predictions" else str(label),
            predicted="|".join(map(str, shown)),
        )


def _error_shows(shows: str, *, is_top5_wrong: bool) -> list[str]:
    if shows == "top5-of-top1-errors" and is_top5_wrong:
        return [shows, "top5-of-top5-errors"]
    return [shows]


def _trial(
    tables: _Tables,
    trial: str,
    stimulus: str,
    source: str,
    shown: list[int],
    plan: Plan,
) -> None:
    question = "relevant" if plan.shows == "top1" else plan.ask or "any"
    tables.add(
        "trials",
        trial=trial,
        question=question,
        role="main",
        control="",
        condition="",
        classes="|".join(sorted(map(str, shown))),
        sources=source,
        slots=json.dumps({"target": stimulus}),
        key=None,
    )


def _stimulus(
    stimulus: str, image: int, source: str, label: int, plan: Plan
) -> dict[str, Any]:
    return {
        "stimulus": stimulus,
        "source": f"images/{image}.png",
        "source_sha256": source,
        "label": "" if plan.kind == "predictions" else str(label),
        "width": 224,
        "height": 224,
        "method": "crop",
        "predictions": "[]",
    }


def _accept(tables: _Tables, plan: Plan, *, rng: np.random.Generator) -> None:
    right = {
        row["trial"]
        for row in tables.rows["uses"]
        if row["shows"].startswith("correct-")
    }
    for row in tables.rows["trials"]:
        mean = 2.2 if row["trial"] in right else plan.accept_mean
        tables.acceptability[row["trial"]] = float(rng.normal(mean, 1.1))


def _controls(tables: _Tables) -> None:
    kinds = (
        ("known_yes", "catch", "yes", 2.4),
        ("known_no", "catch", "no", -2.4),
        ("hard_foil", "control", None, -0.9),
        ("random_foil", "control", None, -2.0),
    )
    for control, role, key, acceptability in kinds:
        for number in range(12):
            trial = _sha(control, number)[:32]
            tables.add(
                "trials",
                trial=trial,
                question="relevant",
                role=role,
                control=control,
                condition="",
                classes="0",
                sources=_sha("source", control, number),
                slots=json.dumps({"target": _sha("stimulus", control, number)}),
                key=None if key is None else json.dumps({"relevant": key}),
            )
            tables.acceptability[trial] = acceptability


def _people(tables: _Tables, plan: Plan, *, rng: np.random.Generator) -> None:
    main = [row["trial"] for row in tables.rows["trials"] if row["role"] == "main"]
    main = main[: len(main) - plan.n_dropped] if plan.n_dropped else main
    pools = {
        control: [r["trial"] for r in tables.rows["trials"] if r["control"] == control]
        for control in ("known_yes", "known_no", "hard_foil", "random_foil")
    }
    for _ in range(plan.n):
        order = rng.permutation(len(main))
        for start in range(0, len(main), plan.block):
            block = [main[index] for index in order[start : start + plan.block]]
            for control in pools.values():
                block += list(rng.choice(control, 2, replace=False))
            while rng.random() < plan.invalid_share:
                _session(tables, plan, block, is_valid=False, rng=rng)
            _session(tables, plan, block, is_valid=True, rng=rng)


def _session(
    tables: _Tables,
    plan: Plan,
    block: list[str],
    *,
    is_valid: bool,
    rng: np.random.Generator,
) -> None:
    tables.n_sessions += 1
    number = tables.n_sessions
    bias = rng.normal(0, plan.bias)
    state = "completed" if is_valid else str(rng.choice(["completed", "withdrawn"]))
    done = block if state == "completed" else block[: len(block) // 2]
    session, participant = f"s{number:05d}", f"p{_sha('person', number)[:10]}"
    for position, trial in enumerate(rng.permutation(done)):
        latent = tables.acceptability[str(trial)] + bias
        accepts = bool(rng.random() < (ndtr(latent) if is_valid else 0.5))
        _response(
            tables,
            str(trial),
            accepts,
            plan=plan,
            is_valid=is_valid,
            ids={"session": session, "participant": participant, "position": position},
        )
    verdict = is_valid if state == "completed" else False
    tables.add(
        "sessions",
        session=session,
        participant=participant,
        recruiter="simulated" if plan.environment == "simulated" else "lab",
        environment=plan.environment,
        is_simulated=plan.environment == "simulated",
        competence="careful" if plan.environment == "simulated" else "",
        condition=plan.conditions[number % len(plan.conditions)],
        block=number,
        block_number=1,
        state=state,
        is_valid=verdict,
        exclusion_reason="" if verdict else "catch accuracy below 0.8",
        consented_at="2030-01-01T10:00:00+00:00",
        started_at="2030-01-01T10:01:00+00:00",
        completed_at="2030-01-01T10:05:00+00:00" if state == "completed" else None,
        duration_s=240.0 if state == "completed" else None,
        n_catch=4,
        n_catch_right=4 if verdict else 1,
        n_responses=len(done),
        n_display_failures=0,
        comprehension_tries=1,
    )


def _response(
    tables: _Tables,
    trial: str,
    accepts: bool,
    *,
    plan: Plan,
    is_valid: bool,
    ids: dict[str, Any],
) -> None:
    tables.n_responses += 1
    row = next(row for row in _index(tables, trial))
    rank = tables.order[trial] = tables.order.get(trial, 0) + 1
    may_count = is_valid and row["role"] == "main"
    is_counted = may_count and tables.counted.get(trial, 0) < plan.n
    tables.counted[trial] = tables.counted.get(trial, 0) + is_counted
    key = json.loads(row["key"])["relevant"] if row["key"] else None
    for name, value in _fields(row, accepts):
        tables.add(
            "responses",
            response=str(tables.n_responses),
            **ids,
            trial=trial,
            field=name,
            value=value,
            rt_ms=1500.5,
            received_at="2030-01-01T10:02:00.000000+00:00",
            acceptance_order=rank,
            is_valid=is_valid,
            is_counted=is_counted,
            is_right=None if key is None else (key == "yes") == accepts,
            accepts=accepts,
            n_display_failures=0,
        )


def _index(tables: _Tables, trial: str) -> list[dict[str, Any]]:
    if not hasattr(tables, "by_trial"):
        tables.by_trial = {row["trial"]: row for row in tables.rows["trials"]}  # type: ignore[attr-defined]
    return [tables.by_trial[trial]]  # type: ignore[attr-defined]


def _fields(row: dict[str, Any], accepts: bool) -> list[tuple[str, str]]:
    if row["question"] != "each":
        return [("relevant", "yes" if accepts else "no")]
    n_classes = len(row["classes"].split("|"))
    first = "yes" if accepts else "no"
    return [
        (f"relevant_{index}", first if index == 0 else "no")
        for index in range(n_classes)
    ]


def _audit(tables: _Tables, plan: Plan, *, rng: np.random.Generator) -> None:
    main = [row["trial"] for row in tables.rows["trials"] if row["role"] == "main"]
    for trial in rng.choice(main, min(plan.n_audited, len(main)), replace=False):
        accepts = bool(tables.acceptability[str(trial)] > 0)
        tables.add(
            "audit", trial=str(trial), accepts=accepts, at="2030-01-02T00:00:00+00:00"
        )


def _pictures(
    folder: Path, tables: _Tables, plan: Plan, *, rng: np.random.Generator
) -> None:
    (folder / "images").mkdir()
    for row in tables.rows["stimuli"]:
        small = rng.integers(40, 230, (6, 6, 3)).astype(np.uint8)
        image = Image.fromarray(small).resize((plan.image_px, plan.image_px))
        image.save(folder / "images" / f"{row['stimulus']}.png")


def _head(tables: _Tables, plan: Plan, summary: dict[str, Any]) -> dict[str, Any]:
    sessions = tables.rows["sessions"]
    states = [row["state"] for row in sessions]
    n = len(sessions)
    return {
        "schema_version": 1,
        "study": {
            "name": "sim-study",
            "title": "Is this class relevant for the image?",
            "paradigm": "relevance",
            "state": "closed",
            "toml_sha256": hashlib.sha256(_study_toml(plan).encode()).hexdigest(),
            "set_sha256": _sha("set"),
            "frozen_at": "2030-01-01T09:00:00+00:00",
            "frozen_sha256": _sha("frozen"),
            "amendments": list(plan.amendments),
        },
        "environment": plan.environment,
        "is_simulated": plan.environment == "simulated",
        "exported_at": "2030-01-03T00:00:00+00:00",
        "design": {
            "responses_per_trial": plan.n,
            "trials_per_block": plan.block,
            "max_blocks_per_participant": 1,
            "composition": "fresh",
            "agreement": plan.k,
        },
        "quality": {},
        "shows": plan.shows,
        "ask": plan.ask,
        "stimuli": summary,
        "flow": {
            "arrived": n + 9,
            "consented": n + 4,
            "failed_comprehension": 2,
            "started": n,
            "withdrawn": states.count("withdrawn"),
            "expired": 0,
            "completed": states.count("completed"),
            "valid": sum(bool(row["is_valid"]) for row in sessions),
        },
        "versions": {"secondlook": "0.1.0"},
    }
