"""Every column of a bundle's tables: the writer's contract and its dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from hit_templates.questions import Field, Question

Type = Literal["text", "integer", "number", "boolean", "time", "json"]


@dataclass(frozen=True)
class DescribedColumn:
    """One column: its name, type, meaning and unit.

    Attributes:
        name: The header.
        type: Booleans are "true", "false" or empty; times are ISO 8601 in UTC;
            a list in a text column is separated by "|".
        description: For the data dictionary.
        unit: Empty where there is none.
    """

    name: str
    type: Type
    description: str
    unit: str = ""


_SESSION: Final = DescribedColumn("session", "text", "random id of the session")
_PARTICIPANT: Final = DescribedColumn(
    "participant", "text", "random id of the participant"
)
_TRIAL: Final = DescribedColumn("trial", "text", "id of the trial, see trials")

TABLES: Final[Mapping[str, tuple[DescribedColumn, ...]]] = MappingProxyType(
    {
        "classes": (
            DescribedColumn("class", "text", "id of the class"),
            DescribedColumn("name", "text", "the name people read"),
            DescribedColumn("gloss", "text", "a few words that say what is meant"),
        ),
        "stimuli": (
            DescribedColumn("stimulus", "text", "SHA-256 of the bytes shown"),
            DescribedColumn("source", "text", "source image, relative to the data set"),
            DescribedColumn(
                "source_sha256", "text", "SHA-256 of the source image's file"
            ),
            DescribedColumn(
                "label", "text", "class given by the data set; empty if unlabelled"
            ),
            DescribedColumn("width", "integer", "width of the image shown", "px"),
            DescribedColumn("height", "integer", "height of the image shown", "px"),
            DescribedColumn("method", "text", "how the stimulus was made"),
            DescribedColumn(
                "licence", "text", "under which the source image is used, if said"
            ),
            DescribedColumn("credit", "text", "whose source image it is, if said"),
            DescribedColumn(
                "predictions",
                "json",
                "per classifier: its five most probable classes, their probabilities "
                "and the margin of the first, of the bytes shown",
            ),
        ),
        "image_columns": (
            DescribedColumn(
                "source_sha256", "text", "SHA-256 of the source image's file"
            ),
            DescribedColumn(
                "column", "text", "a further column of the data set's labels.csv"
            ),
            DescribedColumn("value", "text", "what it says of the image"),
        ),
        "trials": (
            _TRIAL,
            DescribedColumn(
                "question", "text", "which question of the paradigm is asked"
            ),
            DescribedColumn("role", "text", "main, practice, catch or control"),
            DescribedColumn(
                "control", "text", "which catch or control; empty otherwise"
            ),
            DescribedColumn("condition", "text", "level of what the study varies"),
            DescribedColumn("classes", "text", "class ids asked about, separated by |"),
            DescribedColumn(
                "sources", "text", "SHA-256 of the source images, separated by |"
            ),
            DescribedColumn("slots", "json", "slot to stimulus"),
            DescribedColumn(
                "key", "json", "the right response; empty where there is none"
            ),
        ),
        "uses": (
            _TRIAL,
            DescribedColumn(
                "classifier", "text", "the classifier whose prediction is judged"
            ),
            DescribedColumn(
                "shows", "text", "why the image is put up, for example top1"
            ),
            DescribedColumn(
                "source_sha256", "text", "SHA-256 of the source image judged"
            ),
            DescribedColumn(
                "label", "text", "class given by the data set; empty if unlabelled"
            ),
            DescribedColumn("predicted", "text", "class ids predicted, best first, |"),
        ),
        "sessions": (
            _SESSION,
            _PARTICIPANT,
            DescribedColumn("recruiter", "text", "source of the participant"),
            DescribedColumn("environment", "text", "live, pilot or simulated"),
            DescribedColumn("is_simulated", "boolean", "whether a program took part"),
            DescribedColumn(
                "competence", "text", "of a simulated participant; else empty"
            ),
            DescribedColumn("condition", "text", "between-people condition"),
            DescribedColumn("block", "integer", "number of the block"),
            DescribedColumn(
                "block_number", "integer", "the participant's 1st, 2nd … block"
            ),
            DescribedColumn(
                "state", "text", "started, completed, withdrawn, expired or returned"
            ),
            DescribedColumn(
                "is_valid", "boolean", "passed the quality rules; empty: pending"
            ),
            DescribedColumn("exclusion_reason", "text", "why the session is not valid"),
            DescribedColumn("consented_at", "time", "when consent was given"),
            DescribedColumn(
                "started_at", "time", "when the first trial was handed out"
            ),
            DescribedColumn(
                "completed_at", "time", "when the last response was accepted"
            ),
            DescribedColumn(
                "duration_s",
                "number",
                "from started_at to completed_at; what simulated participants claim",
                "s",
            ),
            DescribedColumn("n_catch", "integer", "catch trials given"),
            DescribedColumn(
                "n_catch_right", "integer", "catch trials with a right response"
            ),
            DescribedColumn(
                "n_responses", "integer", "trials responded to, practice left out"
            ),
            DescribedColumn(
                "n_display_failures", "integer", "images that failed to show, same"
            ),
            DescribedColumn(
                "comprehension_tries", "integer", "tries at the comprehension check"
            ),
            DescribedColumn(
                "n_trials", "integer", "trials handed out, practice left out"
            ),
            DescribedColumn(
                "part_order",
                "text",
                "parts of the session in the order they came, separated by |; empty "
                "where a study has none",
            ),
            DescribedColumn(
                "screen",
                "text",
                "measured or skipped; empty where the study measures no screens",
            ),
            DescribedColumn(
                "px_per_mm", "number", "CSS pixels per millimetre, by a bank card"
            ),
            DescribedColumn(
                "distance_mm", "number", "eyes to screen, by the blind spot", "mm"
            ),
            DescribedColumn(
                "px_per_degree", "number", "CSS pixels of one degree, straight ahead"
            ),
            DescribedColumn(
                "device_pixel_ratio",
                "number",
                "device pixels per CSS pixel when the screen was measured",
            ),
        ),
        "responses": (
            DescribedColumn(
                "response", "text", "id of the response; rises with acceptance"
            ),
            _SESSION,
            _PARTICIPANT,
            _TRIAL,
            DescribedColumn("field", "text", "field of the paradigm's response"),
            DescribedColumn(
                "value", "text", "its value; empty where the image failed to show"
            ),
            DescribedColumn(
                "rt_ms", "number", "time from the image's onset to the choice", "ms"
            ),
            DescribedColumn("position", "integer", "place in the session, from 0"),
            DescribedColumn("received_at", "time", "when the server accepted it"),
            DescribedColumn(
                "acceptance_order",
                "integer",
                "rank among the trial's responses, from 1",
            ),
            DescribedColumn(
                "is_valid",
                "boolean",
                "the session is valid and the response breaks no rule; empty: pending",
            ),
            DescribedColumn(
                "is_counted",
                "boolean",
                "among the first n valid responses to a main trial, vote or not",
            ),
            DescribedColumn(
                "is_right", "boolean", "agrees with the key; empty without a key"
            ),
            DescribedColumn(
                "accepts", "boolean", "accepts the prediction; empty: no vote"
            ),
            DescribedColumn(
                "n_display_failures", "integer", "how often an image failed to show"
            ),
            DescribedColumn(
                "exclusion_reason",
                "text",
                "rules for single responses it breaks; session: its session is not "
                "valid; separated by ;",
            ),
            DescribedColumn(
                "wall_ms",
                "number",
                "from the trial's appearance to the response, looked at or not",
                "ms",
            ),
            DescribedColumn(
                "visible_ms", "number", "as much of it as the page was in sight", "ms"
            ),
            DescribedColumn(
                "all_shown_ms",
                "number",
                "from the trial's appearance until all images had been on screen",
                "ms",
            ),
            DescribedColumn(
                "exposure_frames",
                "integer",
                "for how many frames of the screen a picture shown for a moment stayed",
            ),
            DescribedColumn(
                "missed_frames",
                "integer",
                "how many frames that is too many or too few",
            ),
            DescribedColumn(
                "dropped_frames",
                "integer",
                "of picture and mask, frames in which the page could do nothing",
            ),
            DescribedColumn(
                "laid_out",
                "text",
                "the response as it lay on the page, where groups or classes were "
                "shuffled: the place chosen, or the values from first to last",
            ),
            DescribedColumn(
                "part", "text", "the part the trial stood in; empty without parts"
            ),
            DescribedColumn(
                "part_number", "integer", "the part's place in the session, from 1"
            ),
            DescribedColumn(
                "part_position", "integer", "place of the trial in its part, from 0"
            ),
        ),
        "survey": (
            _SESSION,
            _PARTICIPANT,
            DescribedColumn("field", "text", "name of the survey question"),
            DescribedColumn("value", "text", "what the participant chose or wrote"),
        ),
        "observations": (
            DescribedColumn(
                "observer", "text", "name of the classifier or program, see bundle.json"
            ),
            _TRIAL,
            DescribedColumn("repeat", "integer", "number of the try, from 0"),
            DescribedColumn("field", "text", "field of the paradigm's response"),
            DescribedColumn("value", "text", "its value; empty where it was refused"),
            DescribedColumn(
                "probability",
                "number",
                "what speaks for the value by the rule, over all values; empty if unknown",
            ),
            DescribedColumn("refusal", "text", "why it was refused; empty otherwise"),
        ),
        "audit": (
            _TRIAL,
            DescribedColumn(
                "accepts", "boolean", "the researcher accepts the prediction"
            ),
            DescribedColumn("at", "time", "when the researcher judged it"),
        ),
    }
)

EVENTS: Final = (
    DescribedColumn("response", "text", "id of the response the event belongs to"),
    DescribedColumn(
        "number", "integer", "order within the response, from 0; -1 for shown"
    ),
    DescribedColumn(
        "kind",
        "text",
        "what happened (decoded, onset, failed, hidden, visible, …); "
        "shown: how the trial was set out",
    ),
    DescribedColumn("at_ms", "number", "the page's own clock; null for shown", "ms"),
    DescribedColumn("slot", "text", "slot of the image concerned, or null"),
    DescribedColumn("details", "json", "numbers measured; for shown also class_order"),
)


DICTIONARY: Final = (
    DescribedColumn("file", "text", "a file of the bundle"),
    DescribedColumn("column", "text", "one of its columns, or of a line's keys"),
    DescribedColumn(
        "type", "text", "text, integer, number, boolean, time (ISO 8601), json"
    ),
    DescribedColumn("unit", "text", "unit; empty where there is none"),
    DescribedColumn("description", "text", "what it means"),
)


def dictionary_rows(
    suffix: str, questions: Mapping[str, Question]
) -> list[dict[str, str]]:
    """One row per column of every file: file, column, type, unit, description.

    What the column `value` of the responses holds is described field by field.

    Args:
        suffix: "csv" or "parquet".
        questions: As the bundle declares them.
    """
    files = {f"{name}.{suffix}": columns for name, columns in TABLES.items()}
    others = {"events.jsonl": EVENTS, "data_dictionary.csv": DICTIONARY}
    said = {f"responses.{suffix}, value": tuple(declared_columns(questions))}
    return [
        {
            "file": file,
            "column": column.name,
            "type": column.type,
            "unit": column.unit,
            "description": column.description,
        }
        for file, columns in {**files, **said, **others}.items()
        for column in columns
    ]


def declared_columns(questions: Mapping[str, Question]) -> Iterator[DescribedColumn]:
    """The fields that people filled in, as columns of their own."""
    for question in questions.values():
        for field in question.fields:
            yield DescribedColumn(
                field.name,
                _TYPES[field.type],
                f"question {question.name}: {_described(field)}",
                field.unit,
            )


_TYPES: Final[Mapping[str, Type]] = {
    "choice": "text",
    "text": "text",
    "number": "number",
    "json": "json",
}


def _described(field: Field) -> str:
    """What it means, its scale and its values with their words."""
    values = [
        f"{value} ({field.words[value]})" if field.words.get(value) else value
        for value in field.choices
    ]
    if field.numbers_classes:
        values = ["1, 2, …: one for each class of the trial", *values]
    several = "one for each class of the trial, {} from 0" if field.is_per_class else ""
    said = [field.description, several, field.measured_on, " | ".join(values)]
    return "; ".join(filter(None, said))
