"""From rows of the store to rows of a bundle's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.bundles.shuffled_places import laid_out
from hit_templates.base import Paradigm, Question
from stimuli.manifest import Trial
from study_server.services.blocks.parts import read_order
from study_server.services.participation.screens import ScreenSize

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AskedTrial:
    """What responses need of their trial.

    Attributes:
        id: The trial's id.
        role: main, practice, catch or control.
        fields: The fields of a response, in the paradigm's order.
        left_out: Those of them whose values are not passed on.
        question: As declared; None where nothing is known of it.
    """

    id: str
    role: str
    fields: tuple[str, ...]
    left_out: frozenset[str] = frozenset()
    question: Question | None = None


def asked_trial(
    row: Row, paradigm: Paradigm, *, has_free_text: bool = True
) -> AskedTrial:
    """The trial of a stored row; its fields of text are left out where asked."""
    trial = Trial(
        id=row["trial_id"],
        slots=row["slots"],
        question=row["question"],
        classes=tuple(row["classes"]),
        role=row["role"],
        sources=tuple(row["sources"]),
    )
    schema = paradigm.response_schema(trial)
    texts = {name for name, field in schema.items() if field.type == "text"}
    return AskedTrial(
        id=trial.id,
        role=trial.role,
        fields=tuple(schema),
        left_out=frozenset() if has_free_text else frozenset(texts),
        question=paradigm.questions.get(trial.question),
    )


def class_row(row: Row) -> Row:
    """A row of classes."""
    return {"class": row["class_id"], "name": row["name"], "gloss": row["gloss"]}


def stimulus_row(row: Row) -> Row:
    """A row of stimuli."""
    kept = "source", "source_sha256", "label", "width", "height", "method"
    return {
        "stimulus": row["stimulus_id"],
        **{name: row[name] for name in (*kept, "licence", "credit")},
        "predictions": row["predictions"],
    }


def image_column_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of image_columns: what the data set's table says of each source image."""
    seen: set[str] = set()
    for row in rows:
        source = row["source_sha256"]
        if source not in seen:
            seen.add(source)
            for name, text in sorted(row["image_columns"].items()):
                yield {"source_sha256": source, "column": name, "value": text}


def trial_row(row: Row) -> Row:
    """A row of trials."""
    kept = "question", "role", "control", "condition"
    return {
        "trial": row["trial_id"],
        **{name: row[name] for name in kept},
        "classes": "|".join(row["classes"]),
        "sources": "|".join(row["sources"]),
        "slots": row["slots"],
        "key": row["key"],
    }


def use_rows(row: Row) -> Iterator[Row]:
    """A row of uses per prediction that a trial judges."""
    for use in row["uses"]:
        yield {
            "trial": row["trial_id"],
            "classifier": use["classifier"],
            "shows": use["shows"],
            "source_sha256": use["source_sha256"],
            "label": use["label"],
            "predicted": "|".join(use["predicted"]),
        }


def session_row(row: Row, *, parts: Sequence[str] = ()) -> Row:
    """A row of sessions; `parts` are the names of the study's parts."""
    first = "session", "participant", "recruiter", "environment"
    middle = "competence", "condition", "block", "block_number", "state"
    counts = "n_catch", "n_catch_right", "n_responses", "n_display_failures"
    return {
        **{name: row[name] for name in first},
        "is_simulated": row["environment"] == "simulated",
        **{name: row[name] for name in middle},
        "is_valid": is_valid(row["validity"]),
        "exclusion_reason": row["reason"],
        "consented_at": row["consented_at"],
        "started_at": row["started_at"],
        "completed_at": row["completed_at"],
        "duration_s": _duration_s(row),
        **{name: int(row[name]) for name in counts},
        "comprehension_tries": row["n_comprehension_tries"],
        "n_trials": int(row["n_trials"]),
        "part_order": "|".join(parts[n] for n in read_order(row["part_order"])),
        **_screen(row),
    }


def _screen(row: Row) -> Row:
    """How large things were on the screen, where it was measured."""
    px_per_mm, distance_mm = row["screen_px_per_mm"], row["screen_distance_mm"]
    ratio, px_per_degree = row["screen_pixel_ratio"], None
    if distance_mm is not None:
        px_per_degree = ScreenSize(
            px_per_mm=px_per_mm, device_pixel_ratio=ratio, distance_mm=distance_mm
        ).px_per_degree
    return {
        "screen": row["screen"],
        "px_per_mm": px_per_mm,
        "distance_mm": distance_mm,
        "px_per_degree": px_per_degree,
        "device_pixel_ratio": ratio,
    }


def _duration_s(row: Row) -> float | None:
    started, completed = row["started_at"], row["completed_at"]
    if started is None or completed is None:
        return None
    if row["environment"] == "simulated":
        return round((row["sum_rt_ms"] or 0.0) / 1000, 6)
    return float((completed - started).total_seconds())


def is_valid(validity: str) -> bool | None:
    """True, False, or None while it is not decided."""
    return {"valid": True, "invalid": False}.get(validity)


def is_valid_response(row: Row) -> bool | None:
    """Whether the session is valid and the response breaks no rule of its own."""
    of_session = is_valid(row["validity"])
    return of_session and row["exclusion_reason"] is None


def _left_out(row: Row) -> str | None:
    """The rules the response breaks, and "session" where its session is invalid."""
    of_session = "session" if is_valid(row["validity"]) is False else None
    return ";".join(filter(None, (row["exclusion_reason"], of_session))) or None


@dataclass(frozen=True)
class ResponseRows:
    """Rows of responses, given the store's rows in the order of acceptance.

    Attributes:
        trials: Trials by the id of their row.
        responses_per_trial: n, how many valid responses to a main trial count.
        parts: Names of the study's parts.
    """

    trials: Mapping[int, AskedTrial]
    responses_per_trial: int
    parts: Sequence[str] = ()
    _n_seen: Counter[str] = field(default_factory=Counter)
    _n_counted: Counter[str] = field(default_factory=Counter)

    def rows(self, found: Iterable[Row]) -> Iterator[Row]:
        """One row per field; every field empty where the image failed to show."""
        for row in found:
            trial = self.trials[row["trial_id"]]
            self._n_seen[trial.id] += 1
            is_counted = self._counts(trial, row)
            payload = row["payload"]
            for name in trial.fields:
                is_gone = payload is None or name in trial.left_out
                value = None if is_gone else payload[name]
                yield self._row(row, trial, cell=(name, value, is_counted))

    def _counts(self, trial: AskedTrial, row: Row) -> bool:
        is_candidate = (
            trial.role == "main"
            and is_valid_response(row) is True
            and row["payload"] is not None
            and self._n_counted[trial.id] < self.responses_per_trial
        )
        self._n_counted[trial.id] += is_candidate
        return is_candidate

    def _row(self, row: Row, trial: AskedTrial, *, cell: tuple[str, Any, bool]) -> Row:
        name, value, is_counted = cell
        return {
            "response": row["response"],
            "session": row["session"],
            "participant": row["participant"],
            "trial": trial.id,
            "field": name,
            "value": value,
            "rt_ms": row["rt_ms"],
            "position": row["position"],
            "received_at": row["received_at"],
            "acceptance_order": self._n_seen[trial.id],
            "is_valid": is_valid_response(row),
            "is_counted": is_counted,
            "is_right": row["is_right"],
            "accepts": row["accepts"],
            "n_display_failures": row["n_display_failures"],
            "exclusion_reason": _left_out(row),
            "wall_ms": row["wall_ms"],
            "visible_ms": row["visible_ms"],
            "all_shown_ms": row["all_shown_ms"],
            "exposure_frames": row["exposure_frames"],
            "missed_frames": row["missed_frames"],
            "dropped_frames": row["dropped_frames"],
            "laid_out": _laid_out(row, trial.question) if not trial.left_out else None,
            **self._part(row),
        }

    def _part(self, row: Row) -> Row:
        """Where in the parts of its session a trial stood."""
        number = row["part"]
        if number is None:
            return {"part": None, "part_number": None, "part_position": None}
        return {
            "part": self.parts[number],
            "part_number": read_order(row["part_order"]).index(number) + 1,
            "part_position": row["part_position"],
        }


def _laid_out(row: Row, asked: Question | None) -> str | None:
    if asked is None:
        return None
    return laid_out(row["payload"] or {}, row["class_order"], asked=asked) or None


def shown_event(row: Row) -> Row:
    """How a trial was set out: the classes' order and the display's numbers."""
    details = {"class_order": row["class_order"], **only_numbers(row["context"])}
    return {
        "response": str(row["response"]),
        "number": -1,
        "kind": "shown",
        "at_ms": None,
        "slot": None,
        "details": details,
    }


def event_row(row: Row) -> Row:
    """A display event."""
    return {
        **row,
        "response": str(row["response"]),
        "details": only_numbers(row["details"]),
    }


def only_numbers(details: Mapping[str, Any] | None) -> dict[str, float | bool]:
    """What is a number or a truth value: text could name a browser or a person."""
    return {
        name: value
        for name, value in (details or {}).items()
        if isinstance(value, (bool, int, float))
    }
