"""What pages need beside the step they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from flask import Flask, render_template, request, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup

from analysis.elements.short_ids import short_id
from hit_templates.base import get_paradigm
from hit_templates.rendering import render_instructions
from study_server.recruiters.base import PostForm
from study_server.services.participation.steps import (
    ComprehensionStep,
    FailedStep,
    FinishStep,
    HeldStep,
    InstructionsStep,
    PracticeStep,
    Step,
    StepBase,
    TrialsStep,
    WithdrawnStep,
)
from study_server.services.studies.records import StudyRecord
from study_server.services.study_files.texts import direction_of, fill, fill_page
from study_server.web.assets import style_url_of
from study_server.webkit.security_headers import allow, allow_form_to

# Key of the part's name to the steps it has.
_MILESTONES: Final = {
    "part_consent": ("consent", "warning"),
    "part_instructions": ("screen", "instructions", "comprehension"),
    "part_practice": ("practice",),
    "part_trials": ("break", "trials"),
    "part_survey": ("survey", "debriefing"),
    "part_finish": ("finish", "held"),
}
_RUN: Final = "run_"


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A part of the way, for the dots at the top."""

    name: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class TrialRunner:
    """What the trial page is told.

    Attributes:
        title: Of the browser's tab.
        label: What is going on, beside the progress bar.
        block_url: Where block.json is.
        done_url: Where to go when everything is saved.
        leave_url: The way out.
        leave_label: Its words.
        texts: Every wording of the server's pages, by key.
        language: What they are written in.
        has_csrf: Whether posts need the sign-in session's token.
    """

    title: str
    label: str
    block_url: str
    done_url: str
    leave_url: str
    leave_label: str
    texts: Mapping[str, str]
    language: str
    has_csrf: bool = False

    @property
    def words(self) -> dict[str, str]:
        """What the page's script says, by the rest of its key."""
        return {
            key.removeprefix(_RUN): text
            for key, text in self.texts.items()
            if key.startswith(_RUN)
        }


def init_pages(app: Flask) -> None:
    """Let templates know Markdown, and what else they need of the server."""
    app.jinja_env.filters["markdown"] = render_markdown
    app.jinja_env.filters["fill"] = fill_page
    app.jinja_env.filters["direction"] = direction_of
    app.jinja_env.filters["short_id"] = short_id


def render_markdown(text: str) -> Markup:
    """A study's text as HTML; HTML inside it is shown, not used."""
    return Markup(_markdown().render(text))  # noqa: S704 - html is off below


def render_step(step: Step, *, problem: str = "") -> str:
    """The page of a participant's current step."""
    if isinstance(step, PracticeStep | TrialsStep) and _is_running(step):
        return render_runner(participant_runner(step), paradigm=step.paradigm.name)
    _allow_handoff(step)
    return render_template(
        _template_of(step),
        step=step,
        texts=step.texts,
        problem=problem,
        milestones=milestones(step),
        instructions=_instructions(step),
    )


def render_runner(runner: TrialRunner, *, paradigm: str) -> str:
    """The page that runs a block of trials."""
    allow(get_paradigm(paradigm).content_security_policy)
    return render_template(
        "participant/runner.html",
        runner=runner,
        style_url=style_url_of(paradigm),
    )


def participant_runner(step: PracticeStep | TrialsStep) -> TrialRunner:
    """The trial page of a participant."""
    return TrialRunner(
        title=step.study_title,
        label=_run_label(step),
        block_url=url_for("participant.block", token=step.token),
        done_url=url_for("participant.show", token=step.token),
        leave_url=url_for("participant.confirm_withdrawal", token=step.token),
        leave_label=step.texts["withdraw"],
        texts=step.texts,
        language=step.language,
    )


def _run_label(step: PracticeStep | TrialsStep) -> str:
    """What is going on, beside the progress bar."""
    if isinstance(step, PracticeStep):
        return step.texts["practice_title"]
    if step.part is None or step.part.n_parts == 1:
        return step.study_title
    places = {"number": step.part.number, "n_parts": step.part.n_parts}
    return fill(step.texts["parts_title"], **places)


def researcher_runner(
    study: StudyRecord,
    *,
    title: str,
    label: str,
    block_url: str,
    back_url: str,
    leave_label: str,
    has_csrf: bool = False,
) -> TrialRunner:
    """The trial page of somebody who looks at a study; it always leads back there."""
    return TrialRunner(
        title=title,
        label=label,
        block_url=block_url,
        done_url=back_url,
        leave_url=back_url,
        leave_label=leave_label,
        texts=study.file.all_texts(),
        language=study.file.study.language,
        has_csrf=has_csrf,
    )


def milestones(step: StepBase) -> list[Milestone]:
    """The parts of the way; none where it has ended early."""
    names = list(_MILESTONES)
    here = _milestone_step(step)
    at = next((i for i, n in enumerate(names) if here in _MILESTONES[n]), None)
    if at is None:
        return []
    return [
        Milestone(name=step.texts[name], is_done=index < at, is_current=index == at)
        for index, name in enumerate(names)
    ]


def _milestone_step(step: StepBase) -> str:
    """The step whose dot is lit: nobody goes back, not for the next part's practice."""
    is_later = isinstance(step, PracticeStep) and step.part and step.part.number > 1
    return "trials" if is_later else step.name


def _is_running(step: PracticeStep | TrialsStep) -> bool:
    """Whether "Start" was pressed, or a block is taken up again."""
    return step.n_done > 0 or request.args.get("go") == step.name


def _template_of(step: Step) -> str:
    if isinstance(step, PracticeStep | TrialsStep):
        return "participant/block_intro.html"
    return f"participant/{step.name}.html"


def _allow_handoff(step: Step) -> None:
    """Let a form on the page be sent to the recruiter's site."""
    if not isinstance(step, FinishStep | HeldStep | WithdrawnStep | FailedStep):
        return
    if isinstance(step.handoff, PostForm):
        allow_form_to(step.handoff.url)


def _instructions(step: Step) -> Markup | None:
    if not isinstance(step, InstructionsStep | ComprehensionStep):
        return None
    if own := step.texts.get("instructions"):
        return render_markdown(own)
    return render_instructions(step.paradigm, step.texts, conditions=step.conditions)


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "typographer": False}).enable(
        "table"
    )
