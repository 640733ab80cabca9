"""The sections of a study file, one model each; unknown keys are refused."""

from __future__ import annotations

import re
from math import inf
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SerializeAsAny,
    field_validator,
    model_validator,
)

from analysis.bundles.cluster_names import column_key
from study_server.recruiters.registry import get_recruiter
from study_server.recruiters.sections import RecruiterSection
from study_server.services.study_files.parts import PartOrder, PartSection
from study_server.services.study_files.screen import ScreenSection
from study_server.services.study_files.section_base import (
    Count,
    Share,
    StudyFileSection,
    Texts,
)
from study_server.services.study_files.texts import (
    DEFAULT_DATA_USE,
    DEFAULT_LATER_USE,
    DEFAULT_MACHINE_WRITING,
    DEFAULT_RISKS,
    all_texts,
    direction_of,
    fill,
)

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def _rises(value: tuple[float, ...]) -> tuple[float, ...]:
    if len(value) != 2 or not 0 <= value[0] < value[1] < inf:
        raise ValueError("expected [least, most], 0 or more and the first smaller")
    return value


Span = Annotated[tuple[float, ...], Field(strict=False), AfterValidator(_rises)]


class StudySection(StudyFileSection):
    """`[study]`: what the study is."""

    name: str = Field(description="a short name for commands and addresses")
    title: str = Field(
        min_length=1, max_length=200, description="the title people read"
    )
    paradigm: str = Field(description="the way of asking, for example 'relevance'")
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="the language of its texts, for browsers: 'en', 'de', 'pt-BR'",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="the seed of every random order"
    )

    @field_validator("name")
    @classmethod
    def _is_a_slug(cls, value: str) -> str:
        if not _SLUG.fullmatch(value):
            raise ValueError(
                "expected lower-case letters, digits and '-', at most 63 characters"
            )
        return value


class DesignSection(StudyFileSection):
    """`[design]`: who judges how much."""

    responses_per_trial: Count = Field(
        default=5, description="n, the valid responses each trial should get"
    )
    trials_per_block: Count = Field(
        default=20,
        description="main, catch and control trials one person gets in one go",
    )
    max_blocks_per_participant: Count = Field(
        default=1, description="how many blocks one person may do"
    )
    composition: Literal["fresh", "shared"] = Field(
        default="fresh",
        description='"fresh" (every block composed anew) or "shared" (fixed blocks); '
        'where left out, "shared" if a market\'s self-contained pages are open to one '
        "person several times",
    )
    n_practice: int = Field(
        default=4, ge=0, description="practice trials with feedback before the first"
    )
    conditions: Literal["between", "within", "by-image"] = Field(
        default="between",
        description='"between" (a person stays in one condition), "within" (a person '
        "meets every condition, each item in one of them, by Latin square) or "
        '"by-image" (every source image in one of its displays, drawn per person)',
    )
    levels: Texts = Field(
        default=(),
        description="the conditions asked about, by name, which the set must have; "
        "all of the set's where left out",
    )
    devices: Annotated[
        tuple[Literal["any", "desktop", "tablet", "phone"], ...], Field(strict=False)
    ] = Field(
        default=("any",),
        min_length=1,
        description="devices admitted; the paradigm's own where left out",
    )
    lease_minutes: int = Field(
        default=60, ge=1, le=24 * 60, description="how long a block stays reserved"
    )
    consent_minutes: int = Field(
        default=5,
        ge=1,
        le=24 * 60,
        description="how long a block stays reserved for somebody who has not agreed "
        "yet; whoever takes longer goes on if it is still free",
    )
    holds_per_address: Count = Field(
        default=60,
        description="people at one internet address who may be about to agree at the "
        "same moment; never more than half of the places left, but one; networks in "
        "the setting lab_addresses have no limit",
    )
    holds_per_link: Count = Field(
        default=500,
        description="people who may be about to agree at the same moment, per link",
    )
    allow_same_source: bool = Field(
        default=False,
        description="whether one person may judge a source image more than once",
    )
    part_order: PartOrder = Field(
        default="fixed",
        description='of the parts: "fixed" (as written), "counterbalanced" (by Latin '
        "square over people: every part comes at every place equally often, and after "
        'every other one) or "parity" (as written for the 1st, 3rd, … person, the '
        "other way round for the others)",
    )
    parts: Annotated[tuple[PartSection, ...], Field(strict=False)] = Field(
        default=(),
        description="[[design.parts]], one for each part that a session is made of; "
        "one part of everything where left out",
    )

    @property
    def is_open_again(self) -> bool:
        """Whether one person may do several blocks."""
        return self.max_blocks_per_participant > 1

    @model_validator(mode="after")
    def _an_item_is_met_once(self) -> Self:
        if self.conditions != "between" and self.allow_same_source:
            raise ValueError(
                f"conditions = {self.conditions!r} shows everybody each image in one "
                "condition only, which allow_same_source = true would undo"
            )
        return self

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("levels must differ")
        return value


class QualitySection(StudyFileSection):
    """`[quality]`: which sessions and responses are valid, fixed before the study."""

    min_catch_accuracy: float = Field(
        default=0.8, ge=0, le=1, description="share of catch trials to get right"
    )
    min_catch_yes_accuracy: Share | None = Field(
        default=None, description="the same of the catches whose class is there"
    )
    min_catch_no_accuracy: Share | None = Field(
        default=None, description="the same of the catches whose class is not there"
    )
    min_given_share: Share | None = Field(
        default=0.2,
        description="share of a session's main trials that need a response; work with "
        "fewer is held for you to decide about",
    )
    response_seconds: Span | None = Field(
        default=None,
        description="[least, most] seconds from a trial's appearance to its response, "
        "by the page's own clock; other responses are left out one by one",
    )
    max_response_hidden_share: Share | None = Field(
        default=None,
        description="share of a trial's time that its page may be out of sight; "
        "responses beyond it are left out one by one",
    )
    session_minutes: Span | None = Field(
        default=None,
        description="[least, most] minutes a session may take; or, in seconds:",
    )
    min_session_s: float | None = Field(
        default=None, gt=0, description="seconds a session must take at least"
    )
    max_session_s: float | None = Field(
        default=None, gt=0, description="seconds a session may take at most"
    )
    min_median_rt_ms: float | None = Field(
        default=None, gt=0, description="median response time at least, milliseconds"
    )
    max_display_failures: int | None = Field(
        default=None, ge=0, description="images that may fail to show"
    )
    max_same_response_share: Share | None = Field(
        default=None,
        description="share of a session's trials (catches and controls too) that may "
        "have one and the same response",
    )
    max_same_place_share: Share | None = Field(
        default=None,
        description="share of a session's trials with shuffled groups or classes that "
        "may be answered at one and the same place of the page",
    )
    max_run_length: Count | None = Field(
        default=None, description="same responses there may be in a row"
    )
    max_hidden_share: Share | None = Field(
        default=None,
        description="share of the trials' time that the page may be out of sight",
    )
    max_missed_frames: int | None = Field(
        default=None,
        ge=0,
        description="frames by which the exposure of a picture shown for a moment may "
        "miss; responses beyond it are left out one by one (1 is usual)",
    )
    flag_agreement_below: Share | None = Field(
        default=None,
        description="agreement with others under which a person is flagged for you to "
        "look at; it never leaves anybody out",
    )

    @model_validator(mode="after")
    def _session_time_once(self) -> Self:
        in_seconds = (self.min_session_s, self.max_session_s)
        if self.session_minutes is not None and any(x is not None for x in in_seconds):
            raise ValueError(
                "expected session_minutes or min_session_s and max_session_s, got both"
            )
        return self


class AnalysisSection(StudyFileSection):
    """`[analysis]`: what is computed, fixed before the study."""

    agreement: Count = Field(
        default=4, description="k, the yes votes that make a prediction right"
    )
    hypotheses: Texts = Field(default=(), description="what is expected, in words")
    cluster: Texts = Field(
        default=(),
        description="columns of the images' table (labels.csv) that say which images "
        "belong together, such as a scene or a video, or 'class'; several may cross. "
        "Intervals take the images of one cluster as one draw",
    )
    confirmatory: Texts = Field(
        default=(),
        description="measures the hypotheses are about; the report sets every other "
        "one apart as exploratory (where left out, those that have a headline are)",
    )

    equivalence_margin: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="difference of two shares that is too small to matter, 0.05 for 5 "
        "percentage points; the report then tests beside each difference of conditions "
        "whether it lies within (two one-sided tests)",
    )

    @field_validator("cluster")
    @classmethod
    def _columns_differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() for name in names):
            raise ValueError("expected names of columns, got an empty one")
        if len({column_key(name) for name in names}) < len(names):
            raise ValueError(f"columns must differ, got {', '.join(names)}")
        return names

    @field_validator("confirmatory")
    @classmethod
    def _are_measures(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if names:
            # Imported here so that a study file is read without figures.
            from analysis.measures import REGISTERED

            if unknown := [name for name in names if name not in REGISTERED]:
                raise ValueError(
                    f"expected measures among {', '.join(REGISTERED)}, "
                    f"got {', '.join(map(repr, unknown))}"
                )
        return names


class ConsentSection(StudyFileSection):
    """`[consent]`: what people agree to. `text` is Markdown, placeholders filled."""

    version: str = Field(default="1", min_length=1, description="version of the text")
    ethics_body: str = Field(default="", description="who reviewed the study")
    protocol_number: str = Field(default="", description="the review's number")
    contact: str = Field(default="", description="whom to ask, with an address")
    duration: str = Field(default="", description="how long it takes, in words")
    risks: str = Field(default=DEFAULT_RISKS, description="risks, in words")
    data_use: str = Field(default=DEFAULT_DATA_USE, description="what is kept and why")
    minimum_age: int | None = Field(
        default=None,
        ge=1,
        le=120,
        description="years; whoever agrees confirms to be that old, in a box of its own",
    )
    partial_work: str = Field(
        default="",
        description="what becomes of the work of people who stop early, and of their "
        "pay; where left out, what the recruiters of the file pay",
    )
    later_use: str = Field(
        default=DEFAULT_LATER_USE,
        description="whether judgments may serve later studies; empty leaves it out",
    )
    machine_writing: str = Field(
        default=DEFAULT_MACHINE_WRITING,
        description="whether free text is looked at for having been written by a "
        "program; empty leaves it out",
    )
    text: str | None = Field(
        default=None, min_length=1, description="the whole text, or file = 'x.md'"
    )


class ComprehensionItem(StudyFileSection):
    """One question about the instructions."""

    question: str = Field(min_length=1, description="what is asked")
    choices: Texts = Field(min_length=2, description="at least two choices")
    right: int = Field(ge=0, description="index of the right choice, from 0")
    explain: str = Field(default="", description="what a wrong choice is told")

    @model_validator(mode="after")
    def _right_is_a_choice(self) -> Self:
        if self.right >= len(self.choices):
            raise ValueError(
                f"right: expected an index from 0 to {len(self.choices) - 1}, "
                f"got {self.right}"
            )
        if len(set(self.choices)) < len(self.choices):
            raise ValueError("choices must differ")
        return self


class ComprehensionSection(StudyFileSection):
    """`[comprehension]`: a check that the instructions were understood."""

    enabled: bool = Field(default=True, description="whether the check is made")
    tries: int = Field(default=2, ge=1, le=10, description="how often one may try")
    questions: Annotated[tuple[ComprehensionItem, ...], Field(strict=False)] | None = (
        Field(default=None, description="the questions; the paradigm's where left out")
    )


class SurveyItem(StudyFileSection):
    """One question of the exit survey; leaving it out is always allowed."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$", description="the column's name"
    )
    question: str = Field(min_length=1, description="what is asked")
    choices: Texts = Field(default=(), description="none for a free text")


DEFAULT_SURVEY: Final = (
    SurveyItem(
        name="age_group",
        question="How old are you?",
        choices=("18–24", "25–34", "35–44", "45–54", "55–64", "65 or older"),
    ),
    SurveyItem(
        name="gender",
        question="What is your gender?",
        choices=("woman", "man", "another"),
    ),
    SurveyItem(
        name="device",
        question="What did you use?",
        choices=("desktop or laptop", "tablet", "phone"),
    ),
    SurveyItem(
        name="colour_vision",
        question="Do you have difficulty telling colours apart?",
        choices=("no", "yes", "not sure"),
    ),
    SurveyItem(
        name="seriousness",
        question="Did you answer seriously? Whatever you say here affects neither "
        "you nor what happens with your responses.",
        choices=("yes", "partly", "no"),
    ),
    SurveyItem(
        name="comments", question="Is there anything you would like to tell us?"
    ),
)


class SurveySection(StudyFileSection):
    """`[survey]`: questions at the end, all optional."""

    enabled: bool = Field(default=True, description="whether the survey is shown")
    questions: Annotated[tuple[SurveyItem, ...], Field(strict=False)] = Field(
        default=DEFAULT_SURVEY, min_length=1, description="the questions"
    )

    @field_validator("questions")
    @classmethod
    def _names_differ(cls, value: tuple[SurveyItem, ...]) -> tuple[SurveyItem, ...]:
        names = [item.name for item in value]
        if len(set(names)) < len(names):
            raise ValueError(f"names must differ, got {', '.join(names)}")
        return value


class ExportSection(StudyFileSection):
    """`[export]`: what goes into bundles unless the command says otherwise."""

    free_text: bool = Field(
        default=True,
        description="whether what people wrote in their own words goes along",
    )


class ExcludeSection(StudyFileSection):
    """`[exclude]`: people of which other studies may not take part."""

    studies: Texts = Field(
        default=(), description="names of other studies, which must exist"
    )
    days: int | None = Field(
        default=None, ge=1, description="how many days back; for ever where left out"
    )

    @model_validator(mode="after")
    def _days_need_studies(self) -> Self:
        if self.days is not None and not self.studies:
            raise ValueError("days needs studies = [...], whose people are excluded")
        return self


class PlanSection(StudyFileSection):
    """`[plan]`: what the sample size rests on, for `secondlook study plan`."""

    share: float | None = Field(
        default=None, gt=0, lt=1, description="yes (or right) responses expected, share"
    )
    difference: float | None = Field(
        default=None,
        gt=-1,
        lt=1,
        description="how far the last condition lies above the first, as a share",
    )
    sd_participant: float | None = Field(
        default=None, ge=0, description="spread of people, standard deviation, log odds"
    )
    sd_stimulus: float | None = Field(
        default=None, ge=0, description="spread of images, standard deviation, log odds"
    )
    sd_effect: float | None = Field(
        default=None,
        ge=0,
        description="how much the difference of conditions differs between people, "
        "standard deviation, log odds, where conditions are within people; half of "
        "`sd_participant` unless a pilot tells",
    )
    error: float | None = Field(
        default=None, gt=0, lt=1, description="the classifier's error, where no set is"
    )
    below: float | None = Field(
        default=None, gt=0, lt=1, description="rectified error to be ruled out"
    )
    power: float | None = Field(
        default=None, gt=0, lt=1, description="how often the effect is to be found"
    )
    width: float | None = Field(
        default=None, gt=0, lt=1, description="widest interval wanted, as a share"
    )


class StudySections(StudyFileSection):
    """Every section of a study file."""

    study: StudySection
    design: DesignSection = DesignSection()
    quality: QualitySection = QualitySection()
    analysis: AnalysisSection = AnalysisSection()
    consent: ConsentSection = ConsentSection()
    screen: ScreenSection | None = Field(
        default=None, description="sizes on screen; not measured where left out"
    )
    texts: dict[str, str] = Field(default={}, description="wording, by key")
    comprehension: ComprehensionSection = ComprehensionSection()
    survey: SurveySection = SurveySection()
    exclude: ExcludeSection = ExcludeSection()
    plan: PlanSection = PlanSection()
    export: ExportSection = ExportSection()
    recruiter: dict[str, SerializeAsAny[RecruiterSection]] = Field(
        description="at least one [recruiter.<name>] section"
    )

    @field_validator("recruiter", mode="wrap")
    @classmethod
    def _by_recruiter(cls, raw: Any, _handler: Any) -> dict[str, RecruiterSection]:  # noqa: ANN401 - pydantic hands over anything
        """Each recruiter's own model, also when read back from the database."""
        return {
            name: value
            if isinstance(value, RecruiterSection)
            else get_recruiter(name).section_type.model_validate(value)
            for name, value in raw.items()
        }


class StudyFile(StudySections):
    """A study file that can be used, defaults filled in.

    `consent.text` is the whole text with its placeholders filled, `texts` holds
    every wording the paradigm and the server know, `comprehension.questions`
    is never None.

    Attributes:
        toml: The file, verbatim.
        toml_sha256: SHA-256 (hex) of the file's bytes.
        paradigm_settings: The section of the paradigm's own name, checked; empty
            where it has none.
    """

    toml: str
    toml_sha256: str
    paradigm_settings: dict[str, Any] = Field(default={})

    def all_texts(self) -> dict[str, str]:
        """Every wording of the server's pages, the study's own first."""
        return all_texts(self.texts)

    @property
    def warning(self) -> str:
        """What people read before the instructions; empty where nothing is to be said.

        A notice of flashes stands below whatever else the study warns of.
        """
        said = (self.texts.get(key, "") for key in ("content_warning", "flash_notice"))
        return "\n\n".join(text for text in said if text.strip())

    def say(self, key: str, **places: object) -> str:
        """One wording, its places filled."""
        return fill(self.all_texts()[key], **places)

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way its language is written."""
        return direction_of(self.study.language)
