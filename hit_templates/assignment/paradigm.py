"""The assignment question: to which group does this image belong?

Six classes are shown by six images each and not named; the target belongs to one
of them. How often people find it says how well the images stand for their class.

Source: Stock and Cisse, ECCV 2018, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from hit_templates.base import (
    NO_CATCH_KEY,
    Competence,
    ComprehensionQuestion,
    Device,
    Field,
    Question,
    Response,
    TrialView,
    UsualParadigm,
    asking,
)
from stimuli.manifest import Trial

MAX_GROUPS: Final = 6
N_IMAGES: Final = 6
# Of each group, where prototypes and criticisms are told apart.
N_FIRST: Final = 3

QUESTION: Final = "assignment"
QUESTION_TOLD_APART: Final = "assignment-told-apart"

EXHIBITS: Final = tuple(
    f"group_{group}_{image}"
    for group in range(1, MAX_GROUPS + 1)
    for image in range(1, N_IMAGES + 1)
)

DEFAULT_TEXTS: Final[Mapping[str, str]] = {
    "question_assignment": "Which group does this image belong to?",
    "question_assignment-told-apart": "Which group does this image belong to?",
    # A number follows: groups have no names.
    "group": "Group",
    "usual": "Usual",
    "unusual": "Unusual",
    "confirm": "Confirm",
    "hint": "Point at an image to see it larger here; click on it, or use the arrow "
    "keys and the space bar, to see it larger still.",
    "hint_touch": "Tap an image to see it larger.",
    "enlarged": "Enlarged image",
    "close": "Close",
    "target_alt": "Image to assign",
    "image_alt": "Image of group",
    "landing_intro": "You will see groups of images and one more image, and say "
    "which group it belongs to, several times.",
    "trials_intro": "{n_trials} images to assign, one after another. There is no "
    "feedback from now on.",
    "debriefing": "Thank you. The images of the groups had been chosen by computer "
    "programs, in different ways, to show what a class of things looks like. How "
    "often people find the right group says which way of choosing shows it best. "
    "Some images stood in their group already, to check that the question was clear.",
    # Markdown; empty shows the paradigm's own instructions.html.
    "instructions": "",
    "practice_intro": "First a few trials for practice. "
    "You are told after each one whether you were right.",
    "feedback_right": "Right.",
    "feedback_wrong": "Not quite: the image belongs to another group. Compare what "
    "the six images of a group have in common.",
}

COMPREHENSION: Final = (
    ComprehensionQuestion(
        question="Five groups show things of other kinds; the images of Group 4 all "
        "show kettles. The image to assign shows a kettle in another kitchen. What "
        "do you choose?",
        choices=(
            "Group 4: what the images have in common is a kettle",
            "None: the very same image is in no group",
        ),
        right=0,
        explain="The image need not be among those of the group. It belongs where "
        "the same kind of thing is shown.",
    ),
    ComprehensionQuestion(
        question="You find two groups that might fit. What do you do?",
        choices=(
            "Leave the page and come back later",
            "Look at the images again, enlarge them, then choose the likelier group",
        ),
        right=1,
        explain="There is exactly one right group. When in doubt, take the likelier.",
    ),
)

_SHARE_RIGHT: Final[Mapping[Competence, float]] = {"careful": 0.75, "hasty": 0.45}
_MEDIAN_RT_MS: Final[Mapping[Competence, float]] = {
    "careful": 45_000.0,
    "hasty": 14_000.0,
    "yes-sayer": 8_000.0,
    "random": 4_000.0,
    "robot": 1_000.0,
}
# On a known answer, the target itself among the images, careful people rarely err.
_SHARE_RIGHT_ON_KNOWN: Final = 0.95


def _which_group(name: str, *needs: str) -> Question:
    group = Field(
        name="group",
        type="choice",
        numbers_classes=True,
        description="the group chosen: k of the trial's slots group_k_1 to "
        "group_k_6, not its place on the page (class_order of the events)",
    )
    return Question(
        name=name,
        fields=(group,),
        is_graded=True,
        names_classes=False,
        shuffled="places",
        one_sided="always take the same place",
        responding="one of the {n_classes} groups",
        needs=("groups", *needs),
    )


QUESTIONS: Final = asking(
    _which_group(QUESTION), _which_group(QUESTION_TOLD_APART, "told-apart")
)


@dataclass(frozen=True, kw_only=True)
class ShownGroup:
    """A group at its place on the page.

    Attributes:
        number: From 1, as people read it and press it.
        value: What is stored: the number of the trial's own group.
        rows: Slots of its images, as they stand in rows; one row where nothing is
            told apart.
    """

    number: int
    value: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Assignment(UsualParadigm):
    """One of six groups for one image."""

    name: str = "assignment"
    title: str = "Which of six unnamed groups does the image belong to?"
    slots: tuple[str, ...] = (
        "target",
        *(f"{slot}{'?' if slot > 'group_2_9' else ''}" for slot in EXHIBITS),
    )
    questions: Mapping[str, Question] = field(default_factory=lambda: QUESTIONS)
    default_texts: Mapping[str, str] = field(default_factory=lambda: DEFAULT_TEXTS)
    default_comprehension: tuple[ComprehensionQuestion, ...] = COMPREHENSION
    exhibits: tuple[str, ...] = EXHIBITS
    # Thirty-seven images do not fit on a telephone.
    default_devices: tuple[Device, ...] = ("desktop",)

    def trial_problems(self, trial: Trial) -> Sequence[str]:
        """Groups that are not one per class, or not whole."""
        return list(_problems(trial))

    def arrange(self, view: TrialView) -> Mapping[str, Any]:
        """`groups`, in the order drawn for this session."""
        n_groups = _count_groups(view.images)
        order = view.order or tuple(range(n_groups))
        is_told = view.question == QUESTION_TOLD_APART
        return {
            "groups": [
                ShownGroup(
                    number=place,
                    value=str(group + 1),
                    rows=_rows(group + 1, is_told_apart=is_told),
                )
                for place, group in enumerate(order, start=1)
            ]
        }

    def guess_rate(self, trial: Trial, behaviour: str) -> float:
        """Chance in [0, 1] that this behaviour finds the group.

        Whoever always takes the same place is right as often as by chance, since
        places are shuffled.

        Raises:
            ValueError: If the behaviour is unknown or the trial has no key.
        """
        if trial.key is None:
            raise ValueError(f"trial {trial.id} has no key, so nothing can be guessed")
        match behaviour:
            case "random" | "yes-saying":
                return 1 / _count_groups(trial.slots)
            case "careful":
                return _share_right(trial, "careful")
        raise ValueError(
            f"behaviour is random, yes-saying or careful, got {behaviour!r}"
        )

    def simulate(
        self, trial: Trial, *, competence: Competence, rng: np.random.Generator
    ) -> Response:
        """The right group as often as the trial's truth says, else another one.

        `truth["success"]`, a share in [0, 1], is what careful people reach on the
        trial; hasty ones lie halfway between that and chance.
        """
        groups = self.response_schema(trial)["group"].choices
        right = (trial.truth or {}).get("group") or (trial.key or {}).get("group")
        if right is None or competence not in _SHARE_RIGHT:
            return {"group": groups[int(rng.integers(len(groups)))]}
        if rng.random() < _share_right(trial, competence):
            return {"group": str(right)}
        others = [group for group in groups if group != right]
        return {"group": others[int(rng.integers(len(others)))]}

    def simulated_rt_ms(
        self, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """A log-normal response time in milliseconds."""
        spread = float(np.exp(rng.normal(0.0, 0.5)))
        return max(200.0, _MEDIAN_RT_MS[competence] * spread)


def _share_right(trial: Trial, competence: Competence) -> float:
    success = (trial.truth or {}).get("success")
    if success is None and trial.role in ("catch", "practice"):
        success = _SHARE_RIGHT_ON_KNOWN
    if success is None:
        return _SHARE_RIGHT[competence]
    if competence == "careful":
        return float(success)
    return (float(success) + 1 / _count_groups(trial.slots)) / 2


def _count_groups(slots: Mapping[str, str]) -> int:
    return len({slot.split("_")[1] for slot in slots if slot in EXHIBITS})


def _rows(group: int, *, is_told_apart: bool) -> tuple[tuple[str, ...], ...]:
    slots = tuple(f"group_{group}_{image}" for image in range(1, N_IMAGES + 1))
    return (slots[:N_FIRST], slots[N_FIRST:]) if is_told_apart else (slots,)


def _problems(trial: Trial) -> Iterator[str]:
    n_groups = len(trial.classes)
    expected = set(EXHIBITS[: n_groups * N_IMAGES])
    found = {slot for slot in trial.slots if slot in EXHIBITS}
    if found != expected:
        yield (
            f"expected {N_IMAGES} images for each of its {n_groups} classes, in "
            f"group_1_1 to group_{n_groups}_{N_IMAGES}; got {len(found)} images"
        )
    group = None if trial.key is None else str(trial.key.get("group"))
    if trial.role == "main" and group is None:
        yield "a main trial needs a key, the group its target belongs to"
    elif trial.role == "catch" and group is None:
        yield NO_CATCH_KEY
    elif group is not None and group not in map(str, range(1, n_groups + 1)):
        yield f"key: expected a group from 1 to {n_groups}, got {group}"


paradigm: Final = Assignment()
