"""Reading a study's bundle: checked as a whole, then typed frames.

The bundle is everything a report is made of; its columns are described in its
own `data_dictionary.csv`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.bundles.counting import is_counted, is_repeated
from analysis.bundles.declarations import (
    ReexaminedImages,
    declared_questions,
    re_examined,
)
from analysis.bundles.frames import Problems, read_tables, table_of, taken
from analysis.bundles.schema import READABLE_VERSIONS
from analysis.errors import AnalysisError
from hit_templates.questions import DeclarationError, Question
from stimuli.files.paths import PathOutsideError, inside, is_plain_id
from stimuli.files.text import (
    MAX_TABLE_BYTES,
    TextFileError,
    read_json,
    read_toml,
)

_MOST_PROBLEMS: Final = 40


class BundleError(AnalysisError):
    """A bundle that cannot be analysed, with every problem found."""


@dataclass(frozen=True, kw_only=True)
class ClassifierCounts:
    """How often one classifier was right, over every image it saw.

    Attributes:
        name: The classifier.
        n_seen: Labelled images it saw.
        n_top1_wrong: Images whose first prediction is not the label.
        n_top5_wrong: Images whose first five predictions leave the label out.
        by_label: The same three counts for every label; empty where nobody knows.
    """

    name: str
    n_seen: int
    n_top1_wrong: int
    n_top5_wrong: int
    by_label: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AcceptedLabels:
    """What may be right about each image, by a file that is no part of the study.

    Attributes:
        name: The file's name.
        sets: Source image (its hash) to the classes accepted; empty where none is.
    """

    name: str
    sets: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One study's responses and all that is needed to make sense of them.

    Attributes:
        folder: Where it lies.
        head: `bundle.json`.
        classes: Columns class, name, gloss.
        stimuli: One row per image shown.
        trials: One row per trial.
        uses: One row per prediction a trial judges.
        sessions: One row per participant and block.
        responses: One row per response and field.
        survey: Exit survey, long.
        audit: The researcher's own judgments: trial, accepts, at.
        counts: Of responses whose people nobody knows, which are in no other table:
            trial, value, n.
        image_columns: What the images' table says of them beside the label:
            source_sha256, column, value.
        observations: What classifiers and programs responded to the same trials:
            observer, trial, repeat, field, value, probability, refusal. They are in no
            other table.
    """

    folder: Path
    head: Mapping[str, Any]
    classes: pd.DataFrame
    stimuli: pd.DataFrame
    trials: pd.DataFrame
    uses: pd.DataFrame
    sessions: pd.DataFrame
    responses: pd.DataFrame
    survey: pd.DataFrame
    audit: pd.DataFrame
    counts: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["trial", "value", "n"])
    )
    image_columns: pd.DataFrame = field(
        default_factory=lambda: table_of("image_columns", [])
    )
    observations: pd.DataFrame = field(
        default_factory=lambda: table_of("observations", [])
    )

    @property
    def name(self) -> str:
        """The study's name."""
        return str(self.head["study"]["name"])

    @property
    def title(self) -> str:
        """The study's title."""
        return str(self.head["study"]["title"])

    @property
    def n(self) -> int:
        """Valid responses a trial needs."""
        return int(self.head["design"]["responses_per_trial"])

    @property
    def k(self) -> int:
        """Yes votes a prediction needs to be accepted."""
        return int(self.head["design"]["agreement"])

    @property
    def is_simulated(self) -> bool:
        """Whether any of the responses come from programs."""
        return bool(self.head["is_simulated"]) or bool(
            self.sessions["is_simulated"].any()
        )

    @property
    def set_warnings(self) -> tuple[str, ...]:
        """What the build of the stimulus set warned of, in words."""
        found = self.head["stimuli"].get("warnings")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def is_imported(self) -> bool:
        """Whether the responses were collected elsewhere."""
        return bool(self.head["environment"] == "imported")

    @property
    def is_frozen(self) -> bool:
        """Whether the study was frozen before its responses came in."""
        return bool(self.head["study"].get("frozen_at"))

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """What was expected, as written down in the frozen study file."""
        return tuple(str(each) for each in self.head.get("hypotheses") or ())

    @property
    def cluster(self) -> tuple[str, ...]:
        """Columns that say which images belong together; empty where none is named.

        `analysis.bundles.clusters` has the clusters themselves.
        """
        return tuple(str(each) for each in self.head.get("cluster") or ())

    @property
    def accepted_labels(self) -> AcceptedLabels | None:
        """What may be right about each image, where a file was given that says so."""
        found = self.head.get("accepted_labels")
        return found if isinstance(found, AcceptedLabels) else None

    def with_accepted_labels(self, found: AcceptedLabels) -> Bundle:
        """The same study, with what may be right about each image."""
        return replace(self, head={**self.head, "accepted_labels": found})

    @property
    def equivalence_margin(self) -> float | None:
        """Difference of shares too small to matter, as the study file states it."""
        stated = (self.study_file.get("analysis") or {}).get("equivalence_margin")
        if isinstance(stated, int | float) and 0 < stated < 1:
            return float(stated)
        return None

    @property
    def is_preregistered(self) -> bool:
        """Whether hypotheses were frozen with the study."""
        return self.is_frozen and bool(self.hypotheses)

    @property
    def is_pilot(self) -> bool:
        """Whether it is a pilot, which never counts."""
        return bool(self.head["environment"] == "pilot")

    @property
    def is_sandbox(self) -> bool:
        """Whether it was collected in a market's sandbox, which never counts."""
        return bool(self.head["environment"] == "sandbox")

    @property
    def has_raters(self) -> bool:
        """Whether it is known who gave which response."""
        return bool((self.head.get("imported") or {}).get("has_raters", True))

    @cached_property
    def classifiers(self) -> tuple[ClassifierCounts, ...]:
        """The classifiers of the stimulus set, in the recipe's order."""
        return tuple(
            ClassifierCounts(
                name=str(entry["name"]),
                n_seen=int(entry["n_seen"]),
                n_top1_wrong=int(entry.get("n_top1_wrong") or 0),
                n_top5_wrong=int(entry.get("n_top5_wrong") or 0),
                by_label=entry.get("by_label") or {},
            )
            for entry in self.head["stimuli"]["classifiers"]
        )

    @property
    def observers(self) -> tuple[Mapping[str, Any], ...]:
        """Who is in `observations`: name, kind, rule and what else is known of each."""
        return tuple(self.head.get("observers") or ())

    @property
    def levels(self) -> Mapping[str, Any] | None:
        """Which number each condition stands for: name, scale, unit, of; None if none."""
        found = self.head.get("levels")
        return found if isinstance(found, dict) else None

    @cached_property
    def class_names(self) -> Mapping[str, str]:
        """Class id to the name people read."""
        return dict(zip(self.classes["class"], self.classes["name"], strict=True))

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """What the trials ask, by the question's name, in the words people read.

        Raises:
            BundleError: If the declaration in `bundle.json` cannot be read.
        """
        try:
            return declared_questions(
                self.head,
                study_file=self.study_file,
                trials=self.trials,
                responses=self.responses,
            )
        except DeclarationError as error:
            raise BundleError(f"{self.folder / 'bundle.json'}: {error}") from error

    def asks(self, is_so: Callable[[Question], bool]) -> pd.Series:
        """Whether each trial's question is like that; index of `trials`.

        Args:
            is_so: Told the question, as declared.
        """
        names = [name for name, each in self.questions.items() if is_so(each)]
        return self.trials["question"].isin(names)

    def unanswered(self, rows: pd.DataFrame) -> pd.Series:
        """Which values stand for no response in time, as their fields say.

        Args:
            rows: With columns trial, field and value.

        Returns:
            Of bool, with the index of `rows`.
        """
        late = {
            (name, each.name): each.unanswered
            for name, asked in self.questions.items()
            for each in asked.fields
            if each.unanswered
        }
        found = pd.Series(data=False, index=rows.index)
        if not late:
            return found
        question = rows["trial"].map(self.trials.set_index("trial")["question"])
        for (name, of_field), values in late.items():
            is_asked = (question == name) & (rows["field"] == of_field)
            found |= is_asked & rows["value"].isin(values)
        return found

    @cached_property
    def re_examined(self) -> tuple[ReexaminedImages, ...]:
        """What the labels of `uses` stand for, as the set's recipe says."""
        return re_examined(self.head)

    def labels_of(self, what: str) -> tuple[str, ...]:
        """The labels of `uses` that stand for errors, attacked images and so on."""
        return tuple(each.shows for each in self.re_examined if each.of == what)

    @cached_property
    def _of_those_who_stayed(self) -> pd.DataFrame:
        sessions, rows = self.sessions, self.responses
        withdrawn = sessions.loc[sessions["state"] == "withdrawn", "session"]
        return rows[~rows["session"].isin(withdrawn)] if len(withdrawn) else rows

    @cached_property
    def single_responses(self) -> pd.DataFrame:
        """One row per response, its fields left out.

        Without those of people who withdrew: they are counted in the flow only.
        """
        rows = self._of_those_who_stayed
        single = rows.drop(columns=["field", "value"])
        return taken(single, ~rows["response"].duplicated()).reset_index(drop=True)

    @cached_property
    def single_values(self) -> pd.Series:
        """What each of `single_responses` says in its first field; the same index."""
        rows = self._of_those_who_stayed
        values = taken(rows["value"], ~rows["response"].duplicated())
        return values.reset_index(drop=True)

    @property
    def counted_responses(self) -> pd.DataFrame:
        """Those of `single_responses` that count."""
        single = self.single_responses
        return taken(single, single["is_counted"].astype(bool))

    @property
    def counted_rows(self) -> pd.DataFrame:
        """Rows of `responses`, a field each, of the responses that count."""
        rows = self._of_those_who_stayed
        return taken(rows, rows["is_counted"].astype(bool))

    def told_of_trials(
        self, responses: pd.DataFrame, names: Sequence[str]
    ) -> dict[str, pd.Series]:
        """Columns of `trials` for the trial of each response, by name.

        Args:
            responses: Has a column trial; gives its index.
            names: Of columns of `trials`.
        """
        places = pd.Index(self.trials["trial"]).get_indexer(responses["trial"])
        return {
            name: pd.Series(
                self.trials[name].array.take(places, allow_fill=True),
                index=responses.index,
                name=name,
            )
            for name in names
        }

    @cached_property
    def votes(self) -> pd.DataFrame:
        """The votes among the responses that count.

        These are the first n valid ones of each main trial, votes or not. Columns
        trial, participant, accepts (bool), session.
        """
        return _votes(self.counted_responses)

    @cached_property
    def votes_before_exclusion(self) -> pd.DataFrame:
        """The votes that would count had nobody been excluded; columns of `votes`."""
        return self.before_exclusion.votes

    @cached_property
    def before_exclusion(self) -> Bundle:
        """The same study as if no quality rule had been applied.

        Every session and response is valid but those of people who withdrew and
        second responses of one person to one trial; the first n of each main trial
        count. Any measure can be computed on it.
        """
        withdrew = self.sessions["state"] == "withdrawn"
        repeated = is_repeated(self.responses)
        if self._has_no_exclusion() and not (withdrew.any() or repeated.any()):
            # The very same, so that what was computed of it need not be again.
            return self
        return self.with_validity(
            sessions=withdrew.map({True: "withdrawn", False: ""}),
            responses=repeated.map({True: "duplicate_response", False: ""}),
        )

    def _has_no_exclusion(self) -> bool:
        is_valid = [table["is_valid"] for table in (self.sessions, self.responses)]
        return all(bool(each.fillna(value=False).all()) for each in is_valid)

    def with_validity(self, *, sessions: pd.Series, responses: pd.Series) -> Bundle:
        """The same study with other exclusions, and counted accordingly.

        Args:
            sessions: Why each session is left out, index of `sessions`; "" where
                it is not, NaN where it is not judged.
            responses: The same for responses by themselves, index of `responses`
                (a response of an excluded session is left out with it).
        """
        judged = _judged(self.sessions, sessions)
        rows = self.responses
        of_session = judged.set_index("session")["is_valid"]
        is_in = rows["session"].map(of_session).astype("boolean")
        rows = rows.assign(
            is_valid=is_in & (responses == ""),
            exclusion_reason=_joined_reasons(responses, is_in),
        )
        counts = is_counted(rows, trials=self.trials, n=self.n)
        return replace(self, sessions=judged, responses=rows.assign(is_counted=counts))

    @cached_property
    def study_file(self) -> Mapping[str, Any]:
        """`study.toml`, parsed; empty where it cannot be."""
        return _toml(self.folder / "study.toml")

    def image_path(self, stimulus: str) -> Path | None:
        """The picture of a stimulus, if the bundle brought pictures."""
        if not is_plain_id(stimulus):
            return None
        try:
            path = inside(self.folder, f"images/{stimulus}.png")
        except PathOutsideError as error:
            raise BundleError(str(error)) from error
        return path if path.is_file() else None


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`, checked.

    Raises:
        BundleError: Naming every problem: changed or missing files, missing
            columns, unknown values, repeated rows, broken references.
    """
    head = _read_head(folder)
    problems = Problems()
    _check_hashes(folder, head, problems=problems)
    _check_frozen(folder, head, problems=problems)
    # Bundles of earlier versions do not say, and hold text as it was.
    is_safe = head.get("csv_cells") == "safe"
    frames = read_tables(folder, problems, has_safe_cells=is_safe)
    _check_counted(head, frames, problems=problems)
    if problems.found:
        raise BundleError(_joined(folder, problems.found))
    bundle = Bundle(folder=folder, head=head, **frames)
    _check_declared(bundle, problems=problems)
    if problems.found:
        raise BundleError(_joined(folder, problems.found))
    return bundle


def _check_declared(bundle: Bundle, *, problems: Problems) -> None:
    """Trials ask what is declared, and responses hold its fields."""
    if "questions" not in bundle.head:
        return
    trials, rows = bundle.trials, bundle.responses
    known = list(bundle.questions)
    problems.add_rows(
        "trials, question",
        ~trials["question"].isin(known),
        what=f"not declared in bundle.json ({', '.join(known)})",
    )
    asked = rows["trial"].map(trials.set_index("trial")["question"])
    pairs = pd.DataFrame({"question": asked, "field": rows["field"]})
    for question, name in pairs.drop_duplicates().itertuples(index=False):
        found = bundle.questions.get(question)
        if found is None or not name or found.field_of(name) is not None:
            continue
        problems.add_rows(
            "responses, field",
            (pairs["question"] == question) & (pairs["field"] == name),
            what=f"{name!r} is no field that the question {question!r} declares",
        )


def _votes(responses: pd.DataFrame) -> pd.DataFrame:
    columns = ["trial", "participant", "accepts", "session"]
    votes = responses.loc[responses["accepts"].notna(), columns]
    return votes.astype({"accepts": bool}).reset_index(drop=True)


def _judged(sessions: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    is_valid = (reasons == "").astype("boolean").mask(reasons.isna())
    return sessions.assign(is_valid=is_valid, exclusion_reason=reasons.fillna(""))


def _joined_reasons(own: pd.Series, is_in: pd.Series) -> pd.Series:
    """A response's own reason, and "session" where its session is left out."""
    is_out = ~is_in.fillna(value=True).astype(bool)
    both = own.where(own == "", own + ";") + "session"
    return own.mask(is_out, both)


def _read_head(folder: Path) -> dict[str, Any]:
    path = folder / "bundle.json"
    if not path.is_file():
        raise BundleError(
            f"{folder} is not a bundle: it has no bundle.json; make one with "
            f"`secondlook study export NAME --out {folder}`"
        )
    try:
        head = read_json(path, max_bytes=MAX_TABLE_BYTES)
    except TextFileError as error:
        raise BundleError(str(error)) from error
    version = head.get("schema_version") if isinstance(head, dict) else None
    if version not in READABLE_VERSIONS:
        known = " or ".join(map(str, READABLE_VERSIONS))
        raise BundleError(
            f"{path}: schema version {known} was expected, got {version!r}; "
            "export the study again with this version of secondlook"
        )
    missing = [".".join(keys) for keys in _HEAD if not _has(head, keys)]
    if missing:
        raise BundleError(f"{path}: {', '.join(missing)} missing")
    if wrong := [*_wrong_design(head["design"]), *_wrong_counts(head["stimuli"])]:
        raise BundleError(_joined(path, wrong))
    return dict(head)


def _wrong_design(design: Mapping[str, Any]) -> Iterator[str]:
    """N and k that no report can count by."""
    n, k = design["responses_per_trial"], design["agreement"]
    for name, number in (("responses_per_trial", n), ("agreement", k)):
        if not _is_count(number) or number < 1:
            yield f"design.{name}: expected a whole number of at least 1, got {number!r}"
    if _is_count(n) and _is_count(k) and k > n:
        yield f"design.agreement: k = {k} of n = {n} people can never be reached"


def _wrong_counts(summary: Mapping[str, Any]) -> Iterator[str]:
    """Classifiers that were wrong on more images than they saw."""
    for entry in summary["classifiers"]:
        name = entry.get("name")
        if not _is_count(n_seen := entry.get("n_seen")):
            yield f"stimuli.classifiers, {name}: n_seen is no count: {n_seen!r}"
            continue
        for key in ("n_top1_wrong", "n_top5_wrong"):
            n_wrong = entry.get(key) or 0
            if not _is_count(n_wrong) or n_wrong > n_seen:
                yield (
                    f"stimuli.classifiers, {name}: {key} is {n_wrong!r}, of {n_seen} "
                    "images seen"
                )


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


_HEAD: Final = (
    ("study", "name"),
    ("study", "title"),
    ("study", "paradigm"),
    ("environment",),
    ("is_simulated",),
    ("design", "responses_per_trial"),
    ("design", "agreement"),
    ("stimuli", "classifiers"),
    ("flow",),
    ("files",),
)


def _has(head: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    inner: Any = head
    for key in keys:
        if not isinstance(inner, Mapping) or key not in inner:
            return False
        inner = inner[key]
    return True


def _check_hashes(folder: Path, head: Mapping[str, Any], *, problems: Problems) -> None:
    for name, expected in head["files"].items():
        try:
            path = inside(folder, name)
        except PathOutsideError as error:
            problems.add(f"bundle.json: {error}")
            continue
        if not path.is_file():
            problems.add(f"{name} is listed in bundle.json but missing")
        elif _sha256(path) != expected:
            problems.add(f"{name} was changed after the export (its hash differs)")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _check_frozen(folder: Path, head: Mapping[str, Any], *, problems: Problems) -> None:
    """Study file and settings must be those the study was made and frozen with."""
    study = head["study"]
    toml, settings = folder / "study.toml", folder / "settings.json"
    wanted = study.get("toml_sha256")
    if wanted and toml.is_file() and _sha256(toml) != wanted:
        problems.add(
            "study.toml is not the file the study was made from (its hash is not "
            "study.toml_sha256 of bundle.json)"
        )
    if not study.get("frozen_sha256") or not settings.is_file():
        return
    locked = {
        "toml_sha256": wanted,
        "settings": _json(settings),
        "set_sha256": study.get("set_sha256"),
    }
    text = json.dumps(locked, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != study["frozen_sha256"]:
        problems.add(
            "settings.json is not what was frozen with the study (its hash, with those "
            "of study.toml and the stimulus set, is not study.frozen_sha256)"
        )


def _check_counted(
    head: Mapping[str, Any],
    frames: Mapping[str, pd.DataFrame],
    *,
    problems: Problems,
) -> None:
    """Counted must be the first n valid responses of main trials, nothing else."""
    if not {"responses", "trials"} <= set(frames):
        return
    responses = frames["responses"]
    n = int(head["design"]["responses_per_trial"])
    expected = is_counted(responses, trials=frames["trials"], n=n)
    problems.add_rows(
        "responses, is_counted",
        responses["is_counted"] != expected,
        what=f"not the first {n} valid responses to a main trial by acceptance order",
    )


def _joined(folder: Path, found: list[str]) -> str:
    shown = found[:_MOST_PROBLEMS]
    rest = len(found) - len(shown)
    lines = [f"{folder} cannot be analysed:", *(f"  {text}" for text in shown)]
    if rest:
        lines.append(f"  and {rest} more problems")
    return "\n".join(
        [*lines, "Export the study again, and leave the files as they are."]
    )


def _json(path: Path) -> object:
    try:
        return read_json(path, max_bytes=MAX_TABLE_BYTES)
    except TextFileError:
        return None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path).tables
    except TextFileError:
        return {}
