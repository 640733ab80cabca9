"""Which of two images is the original, and how sure are you?"""

from __future__ import annotations

from hit_templates.base import (
    ComprehensionQuestion,
    Field,
    Question,
    UsualParadigm,
    asking,
)

SIDE = Field(
    name="side",
    type="choice",
    choices=("left", "right"),
    words={"left": "left", "right": "right"},
    is_side=True,
    one_sided="left",
    description="the side taken for the original",
)
SURE = Field(
    name="confidence",
    type="choice",
    scale="interval",
    choices=("1", "2", "3"),
    words={"1": "unsure", "2": "fairly_sure", "3": "sure"},
    description="how sure, from 1 (a guess) to 3 (sure)",
)

paradigm = UsualParadigm(
    name="sides",
    title="Which of two images is the original? (left / right, and how sure)",
    slots=("image_left", "image_right"),
    questions=asking(
        Question(
            name="which-side", fields=(SIDE, SURE), is_graded=True, names_classes=False
        ),
    ),
    default_texts={
        "question_which-side": "Which image is the original?",
        "left": "Left",
        "left_keys": "l",
        "right": "Right",
        "right_keys": "r",
        "unsure": "A guess",
        "unsure_keys": "1",
        "fairly_sure": "Fairly sure",
        "fairly_sure_keys": "2",
        "sure": "Sure",
        "sure_keys": "3",
        "how_sure": "How sure are you?",
        "continue": "Continue",
        "image_alt": "Image",
        "instructions": "",
        "practice_intro": "First a few pairs for practice.",
        "feedback_right": "Right.",
        "feedback_wrong": "Not quite: it is the other one.",
    },
    default_comprehension=(
        ComprehensionQuestion(
            question="Both images look alike. What do you do?",
            choices=("Choose one and say that you guessed", "Leave the page"),
            right=0,
            explain="A guess is a full response; say that it is one.",
        ),
    ),
)
