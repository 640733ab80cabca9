"""Quality while a study runs: for a person to look at, never a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from study_server.recruiters.base import Environment
from study_server.services import Services
from study_server.services.studies.progress import require_study, to_record
from study_server.services.studies.records import StudyRecord
from study_server.store import Transaction, quality_rows, trials

if TYPE_CHECKING:
    import pandas as pd

SHOWN_TRIALS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Share:
    """Part of a whole; None where there is none."""

    n: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share in [0, 1]."""
        return self.n / self.whole if self.whole else None


@dataclass(frozen=True, kw_only=True)
class ParticipantQuality:
    """How one participant is doing.

    Attributes:
        participant: Our random id.
        n_responses: Responses, practice left out.
        n_left_out: Of those, left out by the quality rules.
        median_s: Seconds per trial; None where unknown.
        minutes: Of all trials together.
        catch_yes: Catches right whose class is there.
        catch_no: Catches right whose class is not there.
        agreement: With others who judged the same trials, in [0, 1].
        n_compared: Trials that others judged too.
        yes_if_yes: Estimated share of yes where the answer is probably yes.
        yes_if_no: The same where it is probably no.
        hidden_share: Of the time, out of sight.
        flags: What is worth a look, in words.
    """

    participant: str
    n_responses: int
    n_left_out: int
    median_s: float | None
    minutes: float | None
    catch_yes: Share
    catch_no: Share
    agreement: float | None
    n_compared: int
    yes_if_yes: float | None
    yes_if_no: float | None
    hidden_share: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrialQuality:
    """How one main trial is doing.

    Attributes:
        classes: Names of the classes asked about.
        media_token: Public name of its first picture; None without any.
        condition: Empty where there is one.
        n_responses: Responses so far.
        disagreement: Share of pairs of people who responded differently.
        median_s: Seconds; None where unknown.
        n_failures: Images that failed to show.
    """

    classes: tuple[str, ...]
    media_token: str | None
    condition: str
    n_responses: int
    disagreement: float | None
    median_s: float | None
    n_failures: int


@dataclass(frozen=True, kw_only=True)
class ConditionQuality:
    """Responses to main trials of one condition."""

    condition: str
    n_responses: int
    left_out: Share
    median_s: float | None


@dataclass(frozen=True, kw_only=True)
class StudyQuality:
    """How a study's responses look so far.

    Attributes:
        at: When it was looked at.
        participants: Those with most flags first.
        trials: Main trials people disagree about most, at most 12.
        n_trials: Main trials with a response.
        meaning: What flags mean, in words.
    """

    study: StudyRecord
    environment: Environment
    at: datetime
    n_responses: int
    participants: tuple[ParticipantQuality, ...]
    conditions: tuple[ConditionQuality, ...]
    trials: tuple[TrialQuality, ...]
    n_trials: int
    meaning: str

    @property
    def flagged(self) -> tuple[ParticipantQuality, ...]:
        """Participants with a flag."""
        return tuple(each for each in self.participants if each.flags)


def study_quality(
    services: Services, name: str, *, environment: Environment = "live"
) -> StudyQuality:
    """Every participant's and trial's responses so far, in one environment.

    Raises:
        UnknownStudyError: If there is none of that name.
    """
    # Imported here so that `secondlook --help` loads no pandas.
    import pandas as pd

    from analysis.people.exclusion_rules import read_quality
    from analysis.people.quality import participant_quality, trial_quality
    from analysis.people.quality_flags import MEANING, flags

    with services.store.read() as tx:
        study = require_study(tx, name)
        record = to_record(tx, study, settings=services.settings)
        found = quality_rows.responses_so_far(tx, study.id, environment=environment)
        rows = _typed(pd.DataFrame(found, columns=list(quality_rows.COLUMNS)))
        people = participant_quality(rows)
        people["flags"] = flags(people, read_quality(record.file.quality.model_dump()))
        per_trial = trial_quality(rows[rows["role"] == "main"])
        return StudyQuality(
            study=record,
            environment=environment,
            at=services.clock(),
            n_responses=int(rows["is_given"].sum()),
            participants=_participants(people),
            conditions=_conditions(rows),
            trials=_trials(tx, study.id, per_trial),
            n_trials=len(per_trial),
            meaning=MEANING,
        )


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    truths = dict.fromkeys(("is_given", "is_left_out"), bool)
    numbers = ("accepts", "is_right", "rt_ms", "wall_ms", "visible_ms")
    return rows.astype({**truths, **dict.fromkeys(numbers, float)})


def _participants(people: pd.DataFrame) -> tuple[ParticipantQuality, ...]:
    n_flags = people["flags"].map(lambda text: len(text.split("; ")) if text else 0)
    ordered = people.assign(n_flags=n_flags).sort_values(
        ["n_flags", "n_responses"], ascending=False, kind="stable"
    )
    return tuple(
        _participant(str(row.pop("participant")), row)
        for row in ordered.reset_index().to_dict("records")
    )


def _participant(name: str, row: Mapping[Any, Any]) -> ParticipantQuality:
    return ParticipantQuality(
        participant=name,
        n_responses=int(row["n_responses"]),
        n_left_out=int(row["n_left_out"]),
        median_s=_known(row["median_s"]),
        minutes=_known(row["minutes"]),
        catch_yes=Share(n=int(row["n_catch_yes_right"]), whole=int(row["n_catch_yes"])),
        catch_no=Share(n=int(row["n_catch_no_right"]), whole=int(row["n_catch_no"])),
        agreement=_known(row["agreement"]),
        n_compared=int(row["n_compared"]),
        yes_if_yes=_known(row["yes_if_yes"]),
        yes_if_no=_known(row["yes_if_no"]),
        hidden_share=_known(row["hidden_share"]),
        flags=tuple(filter(None, str(row["flags"]).split("; "))),
    )


def _conditions(rows: pd.DataFrame) -> tuple[ConditionQuality, ...]:
    main = rows[(rows["role"] == "main") & rows["is_given"]]
    seconds = main["wall_ms"].where(main["wall_ms"].notna(), main["rt_ms"]) / 1000
    medians = seconds.groupby(main["condition"]).median()
    return tuple(
        ConditionQuality(
            condition=str(condition),
            n_responses=len(mine),
            left_out=Share(n=int(mine["is_left_out"].sum()), whole=len(mine)),
            median_s=_known(medians[condition]),
        )
        for condition, mine in main.groupby("condition", sort=True)
    )


def _trials(
    tx: Transaction, study_id: int, per_trial: pd.DataFrame
) -> tuple[TrialQuality, ...]:
    shown = per_trial.sort_values(
        ["disagreement", "n_responses"], ascending=False, kind="stable"
    ).head(SHOWN_TRIALS)
    asked = trials.trials_by_key(tx, [int(key) for key in shown.index])
    stimuli = {
        key: next(iter(trial.slots.values()), "") for key, trial in asked.items()
    }
    tokens = trials.media_tokens(tx, study_id, stimulus_ids=set(stimuli.values()))
    ids = {class_id for trial in asked.values() for class_id in trial.classes}
    names = trials.classes_of(tx, study_id, ids=ids)
    return tuple(
        TrialQuality(
            classes=_names(asked[int(row["trial"])].classes, names=names),
            media_token=tokens.get(stimuli[int(row["trial"])]),
            condition=str(row["condition"]),
            n_responses=int(row["n_responses"]),
            disagreement=_known(row["disagreement"]),
            median_s=_known(row["median_s"]),
            n_failures=int(row["n_failures"]),
        )
        for row in shown.reset_index().to_dict("records")
    )


def _names(ids: Sequence[str], *, names: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(names[each].name if each in names else each for each in ids)


def _known(value: float) -> float | None:
    return None if value != value else float(value)
