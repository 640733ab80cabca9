"""Small files of others, as tests need them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.bundles.reading import Bundle
from analysis.importing import ImportOptions, import_bundle

MAP = {"worker": "Subject", "stimulus": "Image", "response": "Answer"}

LONG = """Subject,Image,Answer
ann,cat.png,Yes
bob,cat.png,no
cyd,cat.png, yes
ann,dog.png,no
bob,dog.png,no
cyd,dog.png,no
"""

MODEL_VS_HUMAN = """subj,session,trial,rt,object_response,category,condition,imagename
subject-01,1,1,0.912,dog,dog,cr,0001_a.png
subject-01,1,2,NaN,na,cat,cr,0002_a.png
subject-01,2,1,0.5,cat,dog,bw,0003_b.png
subject-02,1,1,1.25,cat,cat,cr,0002_a.png
"""

ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/'
    'AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd">'
    "{answers}</QuestionFormAnswers>"
)


def form(**answers: str) -> str:
    """QuestionFormAnswers with free texts."""
    parts = (
        f"<Answer><QuestionIdentifier>{name}</QuestionIdentifier>"
        f"<FreeText>{text}</FreeText></Answer>"
        for name, text in answers.items()
    )
    return ANSWER.format(answers="".join(parts))


def written(folder: Path, text: str | bytes, name: str = "votes.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def imported(path: Path, *, format_name: str = "long", **options: object) -> Bundle:
    """The bundle of one file; the columns of `LONG` where it is a long one."""
    columns = MAP if format_name == "long" else {}
    given = {"columns": columns, **options}
    return import_bundle(
        [path],
        ImportOptions(**given),  # type: ignore[arg-type] # any option
        format_name=format_name,
    )


def frame_of(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A long frame of worker, stimulus and response."""
    return pd.DataFrame(rows, columns=["worker", "stimulus", "response"])
