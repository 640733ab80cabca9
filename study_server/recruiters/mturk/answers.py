"""What was handed in, read with distrust: QuestionFormAnswers XML.

Nobody promises that it fits the form; it may be made by hand, cut off, or meant
to do harm (entities that grow without end, or that read files). Whatever can be
read is: money hangs on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from study_server.errors import MalformedAnswerError

MAX_FIELDS: Final = 500


def read_answers(raw: str) -> Mapping[str, str]:
    """Field to text; of a field that comes twice the texts are joined by "|".

    Fields without text (an upload, a selection) give their identifiers.

    Raises:
        MalformedAnswerError: If it is no XML, holds a document type or entities,
            or is larger than an answer can be.
    """
    # Late: its package reads tables too, which a server need not load.
    from analysis.importing.hits.question_form_answers import (
        SEPARATOR,
        AnswersError,
        parse_answers,
    )

    try:
        document = parse_answers(raw)
    except AnswersError as error:
        raise MalformedAnswerError(f"the answer was not read: {error}") from error
    fields: dict[str, list[str]] = {}
    for answer in document.answers:
        if answer.question:
            fields.setdefault(answer.question, []).extend(answer.values)
    if len(fields) > MAX_FIELDS:
        raise MalformedAnswerError(f"an answer of more than {MAX_FIELDS} fields")
    return {name: SEPARATOR.join(values) for name, values in fields.items()}
