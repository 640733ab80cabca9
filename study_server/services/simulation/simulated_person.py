"""One simulated participant, who uses the very pages and addresses people use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import numpy as np

from hit_templates.base import Competence, Paradigm
from stimuli.manifest import Trial
from study_server.errors import StudyError

Choose = Callable[[str, tuple[str, ...]], str | None]
Outcome = Literal[
    "completed", "failed comprehension", "turned away", "expired", "stuck"
]
# A session of many parts has a break, practice and trials in each.
_MAX_PAGES: Final = 120
_TRIES: Final = 3
_SHARE_LEFT_OUT: Final = 0.1
# Spread of the logarithm of response times whose median is given.
_SPREAD: Final = 0.5
# Those for whom what a trial shows makes a difference.
_LOOKING: Final = ("careful", "hasty")


class SimulationError(StudyError):
    """A server that does not answer as a study's server does."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What every simulated participant of a run shares.

    Attributes:
        client: Sends requests; keeps no cookies.
        paradigm: Says what people of each competence do.
        right_choices: Index of the right choice per comprehension question.
        trials_behind: Trials, with what is true of them, by public name.
        fetches_images: Whether images are loaded, as a browser would.
        median_s: Median seconds per response, by competence; the paradigm's own
            where left out.
    """

    client: httpx.Client
    paradigm: Paradigm
    right_choices: tuple[int, ...]
    trials_behind: Callable[[Collection[str]], Mapping[str, Trial]]
    fetches_images: bool = True
    median_s: Mapping[Competence, float] = field(default_factory=dict)

    def response_time_ms(
        self, trial: Trial, competence: Competence, *, rng: np.random.Generator
    ) -> float:
        """How long a simulated participant takes, on every clock.

        A trial's `truth["median_s"]` comes first, so that a condition can be slow;
        people who do not look take no longer for it.
        """
        median_s = self.median_s.get(competence)
        if competence in _LOOKING:
            median_s = (trial.truth or {}).get("median_s", median_s)
        if median_s is None:
            return self.paradigm.simulated_rt_ms(competence, rng=rng)
        return float(1000 * median_s * np.exp(rng.normal(0.0, _SPREAD)))


@dataclass(kw_only=True)
class SimulatedPerson:
    """A simulated participant.

    Attributes:
        name: Their id at the simulated recruiter.
        competence: How well they do.
        rng: Their own; nobody else draws from it.
        home: Where their pages are; None until they are let in.
        n_responses: Responses the server has acknowledged.
    """

    name: str
    competence: Competence
    rng: np.random.Generator
    world: Surroundings
    home: str | None = None
    n_responses: int = 0

    def come_in(self, link: str) -> bool:
        """Open the link and press the button; False where nobody is let in."""
        parameters = {"participant": self.name, "competence": self.competence}
        page = read_page(self._ask("GET", link, params=parameters).text)
        if not page.forms:
            return False
        fields = {**page.forms[0].filled(self._choose_any), **parameters}
        answer = self._ask("POST", link, data=fields, may_refuse=True)
        if answer.status_code == httpx.codes.FORBIDDEN:
            return False
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise SimulationError(_refusal(answer))
        self.home = answer.headers["location"]
        return True

    def go_through(self) -> Outcome:
        """Every step from consent to the end."""
        if self.home is None:
            return "turned away"
        last = None
        for _ in range(_MAX_PAGES):
            page = read_page(self._ask("GET", self.home).text)
            if (done := self._step(page)) is None:
                return self._end(last)
            last = done
        return "stuck"

    def _step(self, page: ParticipantPage) -> str | None:
        """Do what the page asks; the step's name, or None at the end."""
        start = next((link for link in page.links if "go=" in link), None)
        if start is not None and page.block_url is None:
            page = read_page(self._ask("GET", start).text)
        if page.block_url is not None:
            return self._do_block(page.block_url)
        form = next((form for form in page.forms if form.step != "another"), None)
        if form is None:
            return None
        fields = form.filled(self._chooser(form))
        if form.step == "screen":
            fields = self._measured()
        self._ask("POST", form.action, data=fields)
        return form.step

    def _measured(self) -> dict[str, str]:
        """A card and a blind spot as somebody at a desk would find them."""
        px_per_mm = self.rng.uniform(3.4, 4.4)
        away_mm = self.rng.uniform(450, 650) * np.tan(np.radians(13.5))
        spots = away_mm * px_per_mm * self.rng.normal(1, 0.02, size=20)
        return {
            "card_px": f"{85.6 * px_per_mm:.2f}",
            "device_pixel_ratio": "1",
            "spots": ",".join(f"{spot:.1f}" for spot in spots),
        }

    def _end(self, last: str | None) -> Outcome:
        match last:
            case "comprehension":
                return "failed comprehension"
            case "survey" | "debriefing" | "trials":
                return "completed"
            case _:
                return "expired"

    def _chooser(self, form: ParticipantForm) -> Choose:
        if form.step == "comprehension" and self.competence != "robot":
            return self._choose_right
        return self._choose_some if form.step == "survey" else self._choose_any

    def _choose_right(self, name: str, values: tuple[str, ...]) -> str:
        return values[self.world.right_choices[int(name.rpartition("_")[2])]]

    def _choose_any(self, _name: str, values: tuple[str, ...]) -> str:
        return values[int(self.rng.integers(len(values)))]

    def _choose_some(self, name: str, values: tuple[str, ...]) -> str | None:
        is_left_out = self.rng.random() < _SHARE_LEFT_OUT
        return None if is_left_out else self._choose_any(name, values)

    def _do_block(self, block_url: str) -> str:
        answer = self._ask("GET", block_url, may_refuse=True)
        if answer.status_code == httpx.codes.GONE:
            return "expired"
        block = answer.json()
        todo = [trial for trial in block["trials"] if not trial["is_done"]]
        known = self.world.trials_behind([trial["token"] for trial in todo])
        for shown in todo:
            trial = known[shown["token"]]
            body = self._respond(shown, trial)
            said = self._ask("POST", block["post_url"], json=body, may_refuse=True)
            if said.status_code == httpx.codes.GONE:
                return "expired"
            self.n_responses += 1
        return str(block["kind"])

    def _respond(self, shown: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
        response = self.world.paradigm.simulate(
            trial, competence=self.competence, rng=self.rng
        )
        rt_ms = self.world.response_time_ms(trial, self.competence, rng=self.rng)
        key = str(UUID(bytes=self.rng.bytes(16), version=4))
        has_images = all(self._loads(url) for url in shown["images"])
        if not has_images:
            events = [{"kind": "failed", "at_ms": 0.0, "slot": "target"}]
            return {
                "key": key,
                "trial": shown["token"],
                "response": None,
                "rt_ms": None,
                "events": events,
                "context": {},
            }
        events = [
            {"kind": "decoded", "at_ms": 0.0, "slot": "target"},
            {"kind": "onset", "at_ms": 0.0, "slot": "target"},
            {"kind": "all_shown", "at_ms": 0.0},
            {"kind": "response", "at_ms": rt_ms, "wall_ms": rt_ms},
        ]
        return {
            "key": key,
            "trial": shown["token"],
            "response": response,
            "rt_ms": rt_ms,
            "events": events,
            "context": {"css_width": 1280, "device_pixel_ratio": 1.0},
        }

    def _loads(self, url: str) -> bool:
        if not self.world.fetches_images:
            return True
        answer = self._ask("GET", url, may_refuse=True)
        return answer.status_code == httpx.codes.OK

    def _ask(
        self,
        method: str,
        url: str,
        *,
        may_refuse: bool = False,
        **content: Any,  # noqa: ANN401 - httpx's own arguments
    ) -> httpx.Response:
        """A request; repeated as it is where the connection breaks.

        Raises:
            SimulationError: If the server cannot be reached or refuses.
        """
        answer = self._send(method, url, **content)
        if answer.is_server_error or (answer.is_client_error and not may_refuse):
            raise SimulationError(_refusal(answer))
        return answer

    def _send(
        self,
        method: str,
        url: str,
        **content: Any,  # noqa: ANN401 - httpx's own arguments
    ) -> httpx.Response:
        failure = None
        for _ in range(_TRIES):
            try:
                return self.world.client.request(method, url, **content)
            except httpx.TransportError as error:
                failure = error
        raise SimulationError(
            f"no answer from {self.world.client.base_url}: {failure}; is "
            "`secondlook server start` running there?"
        ) from failure


def _refusal(answer: httpx.Response) -> str:
    request = f"{answer.request.method} {answer.url.path}"
    return f"{request} was answered with {answer.status_code}: {answer.text[:300]}"


@dataclass
class ParticipantForm:
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
class ParticipantPage:
    """What a program needs of a page.

    Attributes:
        forms: Forms that are posted, in order.
        links: Addresses of links, in order.
        block_url: Where the trials are; None where the page runs none.
    """

    forms: list[ParticipantForm] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    block_url: str | None = None


def read_page(html: str) -> ParticipantPage:
    """The page's forms, links and trials."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = ParticipantPage()
        self._form: ParticipantForm | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "data-block-url" in found:
            self.page.block_url = found["data-block-url"]
        if tag == "a" and "href" in found:
            self.page.links.append(found["href"])
        if tag == "form" and found.get("method", "").lower() == "post":
            self._form = ParticipantForm(action=found.get("action", ""))
            self.page.forms.append(self._form)
        if tag in ("input", "button") and self._form is not None and "name" in found:
            self._take(self._form, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _take(self, form: ParticipantForm, found: dict[str, str]) -> None:
        if found.get("type") == "radio":
            form.choices.setdefault(found["name"], []).append(found.get("value", "on"))
        else:
            form.fixed[found["name"]] = found.get("value", "on")
