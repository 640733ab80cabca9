"""Questions as the market takes them: our page in a frame, or a whole page."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape  # writes, parses nothing  # nosec B406

from study_server.errors import MarketRefusedError, QuestionTooLargeError
from study_server.recruiters.market import MarketQuestion
from study_server.recruiters.sections import is_local

MAX_QUESTION_BYTES: Final = 65_535
FRAME_HEIGHT: Final = 800
_EXTERNAL: Final = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"
    "2006-07-14/ExternalQuestion.xsd"
)
_HTML: Final = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"
    "2011-11-11/HTMLQuestion.xsd"
)


def external_question(url: str) -> MarketQuestion:
    """Our server in the market's frame.

    Raises:
        MarketRefusedError: If browsers would refuse to show it there.
    """
    if urlsplit(url).scheme != "https" and not is_local(url):
        raise MarketRefusedError(
            f"the market's workers would come to {url}, and browsers refuse plain "
            "http in a frame: set SECONDLOOK_BASE_URL to the server's https:// "
            'address, or use delivery = "html"'
        )
    return MarketQuestion(
        text=f'<?xml version="1.0" encoding="UTF-8"?>\n<ExternalQuestion '
        f'xmlns="{_EXTERNAL}"><ExternalURL>{escape(url)}</ExternalURL>'
        f"<FrameHeight>{FRAME_HEIGHT}</FrameHeight></ExternalQuestion>"
    )


def html_question(html: str) -> MarketQuestion:
    """A whole page.

    Raises:
        QuestionTooLargeError: If it is more than the market takes.
    """
    question = MarketQuestion(
        text=f'<?xml version="1.0" encoding="UTF-8"?>\n<HTMLQuestion xmlns="{_HTML}">'
        f"<HTMLContent><![CDATA[{_in_cdata(html)}]]></HTMLContent>"
        f"<FrameHeight>{FRAME_HEIGHT}</FrameHeight></HTMLQuestion>"
    )
    if question.n_bytes > MAX_QUESTION_BYTES:
        raise QuestionTooLargeError(
            f"the page has {question.n_bytes:,} bytes, and the market takes at most "
            f"{MAX_QUESTION_BYTES:,}: make trials_per_block smaller or shorten the "
            'texts; or use delivery = "external", which has no such limit'
        )
    return question


def _in_cdata(text: str) -> str:
    """Text that ends no CDATA section: "]]>" is split over two of them."""
    return text.replace("]]>", "]]]]><![CDATA[>")
