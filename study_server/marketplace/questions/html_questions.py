"""HTMLQuestions written for the real service, made to work here.

Their forms are sent to mturk.com and their scripts come from Amazon's buckets; both
are closed. What a HIT shows is changed on its way to the browser only: the API gives
the question back as it was posted. Of Crowd HTML elements a requester is told when the
HIT is posted what would keep workers from it, as far as the markup shows it; what
scripts add later nobody can tell from it, and the page itself says so to workers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from lxml import etree

from study_server.marketplace.errors import RequestError

NOT_AVAILABLE: Final = "ASSIGNMENT_ID_NOT_AVAILABLE"
# The whole address, or the site alone in quotes: scripts put it together themselves.
_SITE: Final = re.compile(
    r"(?:https?:)?//(?:www|workersandbox)\.mturk\.com(?::443)?"
    r"(?=/mturk/externalSubmit|/?[\"'`])",
    re.IGNORECASE,
)
_HIT_SCRIPT: Final = re.compile(
    r"(?:https?:)?//s3\.amazonaws\.com/mturk-public/externalHIT_v1\.js", re.IGNORECASE
)
_CROWD_SCRIPT: Final = re.compile(
    r"(?:https?:)?//assets\.crowd\.aws/crowd-html-elements[\w-]*\.js", re.IGNORECASE
)
DRAWN: Final = (
    "crowd-alert",
    "crowd-badge",
    "crowd-button",
    "crowd-card",
    "crowd-checkbox",
    "crowd-classifier",
    "crowd-classifier-multi-select",
    "crowd-fab",
    "crowd-form",
    "crowd-icon-button",
    "crowd-image-classifier",
    "crowd-image-classifier-multi-select",
    "crowd-input",
    "crowd-instructions",
    "crowd-modal",
    "crowd-radio-button",
    "crowd-radio-group",
    "crowd-slider",
    "crowd-tab",
    "crowd-tabs",
    "crowd-text-area",
    "crowd-toast",
    "crowd-toggle-button",
)
_NEEDS_CROWD_SCRIPT: Final = re.compile(
    r"assets\.crowd\.aws/crowd-html-elements", re.IGNORECASE
)


def adapt(html: str, *, site: str, hit_script: str, crowd_script: str) -> str:
    """An HTMLQuestion whose form and scripts are this marketplace's.

    Args:
        html: As it was posted.
        site: Address of the marketplace, no slash at the end.
        hit_script: Address of our externalHIT_v1.js.
        crowd_script: Address of our crowd-html-elements.js.
    """
    html = _SITE.sub(site, html)
    html = _HIT_SCRIPT.sub(hit_script, html)
    return _CROWD_SCRIPT.sub(crowd_script, html)


def with_parameters(
    url: str,
    *,
    hit_id: str,
    site: str,
    assignment_id: str | None = None,
    worker_id: str | None = None,
) -> str:
    """An address with what the service appends; nobody is named in a preview."""
    parts = urlsplit(url)
    added = {
        "assignmentId": assignment_id or NOT_AVAILABLE,
        "hitId": hit_id,
        "turkSubmitTo": site,
    }
    if assignment_id is not None and worker_id is not None:
        added["workerId"] = worker_id
    query = "&".join(filter(None, (parts.query, urlencode(added))))
    return urlunsplit(parts._replace(query=query))


def check_markup(html: str) -> None:
    """Refuse a page whose crowd elements nobody could fill in here.

    Raises:
        RequestError: Naming the elements, or the list that ends too early.
    """
    if not _NEEDS_CROWD_SCRIPT.search(html):
        return
    strange, cut = set(), None
    for element in _crowd_elements(html):
        name = str(element.tag)
        if name not in DRAWN:
            strange.add(name)
        categories = (element.get("categories") or "").strip()
        if categories.startswith("[") and not categories.endswith("]"):
            cut = cut or (name, categories)
    if strange:
        names = ", ".join(f"<{name}>" for name in sorted(strange))
        raise RequestError(
            "ParameterValidationError",
            f"HTMLQuestion uses {names}, which this marketplace does not draw: nobody "
            f"could submit the HIT. It draws {', '.join(DRAWN)}",
            rule="not-drawn",
        )
    if cut is not None:
        name, categories = cut
        raise RequestError(
            "ParameterValidationError",
            f"the categories of <{name}> end too early, at {categories!r}: an apostrophe "
            "ends an attribute in single quotes; write it as &#39;",
            rule="not-drawn",
        )


def _crowd_elements(html: str) -> Iterator[etree._Element]:
    """Those that are drawn as the page opens; a template is none yet."""
    # As bytes: text with a declaration of its encoding would be refused.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    if root is None:
        return
    for element in root.iter(etree.Element):
        is_crowd = str(element.tag).startswith("crowd-")
        if is_crowd and next(element.iterancestors("template"), None) is None:
            yield element
