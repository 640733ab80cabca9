"""Reading a participant's page as a program does: its form and what may be chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

Choose = Callable[[str, tuple[str, ...]], str | None]


@dataclass
class Form:
    """A form that is posted.

    Attributes:
        action: Where to; empty for the page itself.
        fixed: Hidden fields and ticked boxes, name to value.
        choices: Radio fields, name to values in the order shown.
    """

    action: str = ""
    fixed: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)

    @property
    def step(self) -> str:
        """The last part of the action's path."""
        return urlsplit(self.action).path.rstrip("/").rpartition("/")[2]

    def filled(self, choose: Choose) -> dict[str, str]:
        """The fields to post; `choose` picks a value, or None to leave it out."""
        chosen = {
            name: choose(name, tuple(values)) for name, values in self.choices.items()
        }
        given = {name: value for name, value in chosen.items() if value is not None}
        return {**self.fixed, **given}


@dataclass
class Page:
    """What a program needs of a page.

    Attributes:
        forms: Forms that are posted, in order.
        links: Addresses of links, in order.
        block_url: Where the trials are; None where the page runs none.
    """

    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    block_url: str | None = None


def read_page(html: str) -> Page:
    """The page's forms, links and trials."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "data-block-url" in found:
            self.page.block_url = found["data-block-url"]
        if tag == "a" and "href" in found:
            self.page.links.append(found["href"])
        if tag == "form" and found.get("method", "").lower() == "post":
            self._form = Form(action=found.get("action", ""))
            self.page.forms.append(self._form)
        if tag in ("input", "button") and self._form is not None and "name" in found:
            self._take(self._form, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _take(self, form: Form, found: dict[str, str]) -> None:
        if found.get("type") == "radio":
            form.choices.setdefault(found["name"], []).append(found.get("value", "on"))
        else:
            form.fixed[found["name"]] = found.get("value", "on")
