"""The CSV files of model-vs-human, read and written.

Columns subj, session, trial, rt (seconds), object_response, category, condition,
imagename; a response that did not come in time is "na" and counts as wrong.

Source:
    Geirhos et al. (2021), "Partial success in closing the gap between human and
    machine vision", and the raw data that its toolbox reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from analysis.bundles.csv_frames import write_csv
from analysis.bundles.frames import Problems
from analysis.bundles.reading import Bundle
from analysis.errors import AnalysisError
from analysis.importing.base import ImportOptions, RawResponses, SourceFile
from analysis.importing.formats.long_table import read_mapped
from hit_templates.questions import Question

COLUMNS: Final = (
    "subj",
    "session",
    "trial",
    "rt",
    "object_response",
    "category",
    "condition",
    "imagename",
)
_ROLES: Final = MappingProxyType(
    {
        "worker": "subj",
        "session": "session",
        "trial": "trial",
        "rt_s": "rt",
        "response": "object_response",
        "category": "category",
        "condition": "condition",
        "stimulus": "imagename",
    }
)
NO_RESPONSE: Final = "na"
# Trial, experiment, and the subject (or the network, "dnn").
_OF_A_TRIAL: Final = re.compile(r"\d+_[^_]+_(?:s\d+|dnn)_")
_OF_A_NETWORK: Final = re.compile(r"\d+_[^_]+_dnn_")
# What the toolbox calls people.
_OF_PEOPLE: Final = ("subject", "participant")


class ModelVsHuman:
    """One row per response, the true category beside it."""

    name = "model-vs-human"
    title = "model-vs-human's CSV: subj, session, trial, rt, object_response, …"
    recruiter = ""

    def read(
        self, file: SourceFile, options: ImportOptions, *, problems: Problems
    ) -> RawResponses | None:
        """The eight columns; the category is the key unless votes or grades are said.

        Names of images are shortened as the toolbox does, unless a column of names
        is mapped.
        """
        raw = read_mapped(file, _ROLES, options, problems=problems)
        if raw is None:
            return None
        frame = raw.frame
        networks, others = _who_may_be(frame)
        raw = replace(
            raw,
            unanswered=(NO_RESPONSE,),
            networks=networks,
            maybe_networks=others,
        )
        if not options.has_votes and not {"key", "is_right"} & set(frame.columns):
            frame = frame.assign(key=frame["category"])
        if "stimulus" in options.columns:
            return replace(raw, frame=frame)
        names = frame["stimulus"].str.strip()
        short = names.map(short_name).astype("str")
        return replace(
            raw,
            frame=frame.assign(stimulus=short),
            notes=(*raw.notes, *_shortened(file.name, names, short)),
        )


def _who_may_be(frame: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Subjects who are networks by their images' names, and those who may be."""
    subject = frame["worker"].str.strip()
    is_shown = frame["stimulus"].str.strip().str.match(_OF_A_NETWORK)
    networks = subject[is_shown.groupby(subject).transform("all")].unique()
    others = [
        name
        for name in subject.unique()
        if not str(name).casefold().startswith(_OF_PEOPLE)
    ]
    return tuple(map(str, networks)), tuple(map(str, others))


def short_name(image: str) -> str:
    """The stimulus that an image's name means: its last part, as the toolbox reads it.

    Names carry the trial, the experiment, the subject, the condition and the
    category before it, joined by "_"; names of ImageNet keep their two parts. A
    name that does not begin so is a stimulus as it stands.

    >>> short_name("0001_cl_s01_cr_oven_40_n04111531_14126.png")
    'n04111531_14126.png'
    >>> short_name("0001_s5n_s01_0_bird_00_bird3-bird2.png")
    'bird3-bird2.png'

    Source:
        `get_short_imagename` of bethgelab/model-vs-human.
    """
    if not _OF_A_TRIAL.match(image):
        return image
    parts = image.split("_")
    n_kept = 2 if len(parts) > 1 and parts[-2].startswith("n0") else 1
    return "_".join(parts[-n_kept:])


def _shortened(file: str, names: pd.Series, short: pd.Series) -> tuple[str, ...]:
    if (names == short).all():
        return ()
    example = names[names != short].iloc[0]
    return (
        f"{file}: {names.nunique():,} names of images are {short.nunique():,} stimuli, "
        f"shortened as the toolbox does ({example} is {short_name(example)}); "
        "--map stimulus=imagename keeps whole names",
    )


def to_model_vs_human(bundle: Bundle) -> pd.DataFrame:
    """Every response of people and observers to a main trial, in the eight columns.

    `subj` is our participant or the observer, `session` counts the participant's
    sessions from 1, `trial` is the place in the session, `rt` is in seconds (NaN where
    not measured, and for observers), `object_response` the response's value ("na"
    where nothing came, in time or at all), `category` the key where a trial has one,
    else the class asked about, `imagename` what the target slot showed. An observer's
    repeats are its sessions.

    Raises:
        AnalysisError: If responses have several fields, which the format lacks.

    >>> from analysis.bundles.example import example_bundle
    >>> table = to_model_vs_human(example_bundle())
    >>> table[["subj", "rt", "object_response", "imagename"]].head(2)
      subj   rt object_response imagename
    0  ann  1.0             yes        i1
    1  ann  1.1             yes        i2
    """
    trials = bundle.trials[bundle.trials["role"] == "main"].set_index("trial")
    found = bundle.responses[bundle.responses["trial"].isin(trials.index)]
    if found.duplicated("response").any():
        n_fields = int(found.groupby("response").size().max())
        raise AnalysisError(
            f"{bundle.name}: responses have {n_fields} fields; model-vs-human's table "
            "has one value per response"
        )
    number = bundle.sessions.set_index("session")["block_number"]
    between = bundle.sessions.set_index("session")["condition"]
    condition = found["trial"].map(trials["condition"]).astype(object)
    table = found.assign(
        subj=found["participant"],
        session=found["session"].map(number).astype("Int64"),
        place=found["position"],
        rt=found["rt_ms"] / 1000,
        condition=condition.mask(
            condition == "", found["session"].map(between).astype(object)
        ),
    )
    order = ["subj", "session", "trial"]
    people = _eight(table, bundle, trials).sort_values(order, kind="stable")
    observers = _eight(_of_observers(bundle, trials), bundle, trials)
    parts = [part for part in (people, observers) if len(part)] or [people]
    return pd.concat(parts, ignore_index=True)


def _of_observers(bundle: Bundle, trials: pd.DataFrame) -> pd.DataFrame:
    """Columns trial, value, subj, session, place, rt, condition; no time."""
    rows = bundle.observations[bundle.observations["trial"].isin(trials.index)]
    if rows.duplicated(["observer", "trial", "repeat"]).any():
        raise AnalysisError(
            f"{bundle.name}: observers' responses have several fields; model-vs-human's "
            "table has one value per response"
        )
    repeat = rows["repeat"].astype("Int64")
    return pd.DataFrame(
        {
            "trial": rows["trial"],
            "value": rows["value"].fillna(""),
            "subj": rows["observer"],
            "session": repeat - repeat.min() + 1 if len(rows) else repeat,
            "place": rows.groupby(["observer", "repeat"]).cumcount(),
            "rt": np.nan,
            "condition": rows["trial"].map(trials["condition"]).astype(object),
        }
    )


def _eight(rows: pd.DataFrame, bundle: Bundle, trials: pd.DataFrame) -> pd.DataFrame:
    """The eight columns of rows that say who, when and what."""
    nothing = {"", *(v for q in bundle.questions.values() for v in _unanswered(q))}
    value = rows["value"].astype(object)
    return pd.DataFrame(
        {
            "subj": rows["subj"],
            "session": rows["session"],
            "trial": rows["place"],
            "rt": rows["rt"].astype(float),
            "object_response": value.mask(value.isin(nothing), NO_RESPONSE),
            "category": rows["trial"].map(_categories(bundle, trials)),
            "condition": rows["condition"],
            "imagename": rows["trial"].map(trials["slots"].map(_first_slot)),
        }
    )


def _unanswered(question: Question) -> Iterator[str]:
    for each in question.fields:
        yield from each.unanswered


def write_model_vs_human(
    bundle: Bundle, *, out: Path, has_raw_cells: bool = False
) -> list[Path]:
    """Write the table: one file, or one per subject and session into a folder.

    Args:
        bundle: The study.
        out: `FILE.csv`, or a folder for `STUDY_SUBJECT_session_N.csv` each, as
            the toolbox keeps its raw data.
        has_raw_cells: Whether text may stay as it is, though a spreadsheet may
            run it.

    Raises:
        AnalysisError: If there is something in the way, or nothing to write.
    """
    table = to_model_vs_human(bundle)
    if table.empty:
        raise AnalysisError(f"{bundle.name} has no response to write")
    try:
        if out.suffix == ".csv":
            out.parent.mkdir(parents=True, exist_ok=True)
            return [_write(table, out, is_raw=has_raw_cells)]
        out.mkdir(parents=True, exist_ok=True)
        return [
            _write(part, out / name, is_raw=has_raw_cells)
            for name, part in _parts(bundle, table)
        ]
    except OSError as error:
        raise AnalysisError(f"cannot write to {out}: {error.strerror}") from error


def _parts(bundle: Bundle, table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    taken: set[str] = set()
    for (subject, session), part in table.groupby(["subj", "session"], sort=True):
        plain = re.sub(r"[^A-Za-z0-9-]", "-", str(subject))
        # Names that differ elsewhere, or in case, would be one file.
        names = (plain, *(f"{plain}-{n}" for n in range(2, len(table) + 2)))
        files = (f"{bundle.name}_{each}_session_{session}.csv" for each in names)
        file = next(each for each in files if each.casefold() not in taken)
        taken.add(file.casefold())
        yield file, part


def _write(table: pd.DataFrame, path: Path, *, is_raw: bool) -> Path:
    shown = table.assign(rt=table["rt"].map(_seconds))
    write_csv(shown, path, is_raw=is_raw, columns=list(COLUMNS), line_end="\n")
    return path


def _seconds(rt: float) -> str:
    return "NaN" if np.isnan(rt) else f"{rt:.6f}".rstrip("0").rstrip(".")


def _categories(bundle: Bundle, trials: pd.DataFrame) -> pd.Series:
    """The key's value, else the names of the classes asked about."""

    def named(row: pd.Series) -> str:
        if row["key"]:
            values = list(json.loads(row["key"]).values())
            if len(values) == 1:
                return str(values[0])
        ids = str(row["classes"]).split("|")
        return "|".join(bundle.class_names.get(each, each) for each in ids)

    return trials[["key", "classes"]].apply(named, axis=1)


def _first_slot(slots: str) -> str:
    filled = json.loads(slots)
    return str(filled.get("target", next(iter(filled.values()), "")))
