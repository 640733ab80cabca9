"""What every command on a market needs: where, who agrees, and words for reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from study_server.cli._asking import must_confirm, name_argument
from study_server.cli._here import services_here
from study_server.cli._output import json_option, say_aside
from study_server.database.upgrading import DatabaseUse
from study_server.recruiters.market import Spot
from study_server.recruiters.sections import in_dollars
from study_server.services.market.collecting import SyncReport
from study_server.services.market.paying import PayReport
from study_server.services.market.quoting import Quote
from study_server.services.market.recruitment import MarketRecruitment, load_recruitment


def on_a_market(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command: the study, where, and JSON; as `where` and `as_json`."""

    @wraps(function)
    def with_spot(
        name: str,
        is_live: bool,
        endpoint: str | None,
        **rest: Any,  # noqa: ANN401 - click's own
    ) -> Any:  # noqa: ANN401 - click's own
        return function(
            name=name, where=Spot(is_live=is_live, endpoint=endpoint), **rest
        )

    options: tuple[Callable[[Any], Any], ...] = (
        json_option,
        click.option(
            "--endpoint",
            help="The market's address; AWS_ENDPOINT_URL_MTURK for the sandbox.",
        ),
        click.option(
            "--live",
            "is_live",
            is_flag=True,
            help="Real people and real money; the sandbox where left out.",
        ),
        name_argument,
    )
    decorated: Callable[..., Any] = with_spot
    for option in options:
        decorated = option(decorated)
    return decorated


yes_option = click.option(
    "--yes",
    "is_agreed",
    is_flag=True,
    help="Do not ask before money moves, for scripts.",
)
assignment_option = click.option(
    "--assignment",
    "assignments",
    multiple=True,
    help="The market's id of one assignment; again for more.",
)
hit_option = click.option(
    "--hit", "hits", multiple=True, help="The market's id of one HIT; again for more."
)


@contextmanager
def recruitment_here(
    name: str, where: Spot, *, use: DatabaseUse = "change"
) -> Iterator[MarketRecruitment]:
    """The recruitment on its market, by this folder's settings."""
    with services_here(use) as services:
        yield load_recruitment(services, name, spot=where)


def must_agree(recruitment: MarketRecruitment, what: str, *, is_agreed: bool) -> None:
    """Ask before real money moves; the sandbox's is none.

    Raises:
        click.Abort: If nobody agrees.
    """
    if not recruitment.spot.is_live or is_agreed:
        return
    say_aside(f"LIVE, at {recruitment.market.endpoint}: {what}")
    must_confirm("Do it?")


def quote_words(quote: Quote) -> str:
    """A quote as people read it."""
    sizes = sorted(set(quote.hits))
    of = (
        f"{len(quote.hits)} HITs of {_range(sizes)} assignments" if sizes else "no HITs"
    )
    lines = [
        f"{quote.study} ({quote.environment}, {quote.endpoint})",
        f"to post: {quote.n_assignments} assignments, {of}",
        f"rewards  {in_dollars(quote.reward_total_minor):>12}   "
        f"{quote.n_assignments} x {in_dollars(quote.reward_minor)}",
        f"fees     {in_dollars(quote.fee_total_minor):>12}",
        f"total    {in_dollars(quote.total_minor):>12}   "
        f"cap {in_dollars(quote.cap_minor)}, of which "
        f"{in_dollars(quote.committed_minor)} spent or set aside",
        f"pay per hour: {in_dollars(quote.hourly_minor)} at the estimated "
        f"{quote.minutes:g} minutes" + _floor(quote),
    ]
    if quote.measured_minutes is not None and quote.measured_hourly_minor is not None:
        lines.append(
            f"pay per hour: {in_dollars(quote.measured_hourly_minor)} at the measured "
            f"median of {quote.measured_minutes:.1f} minutes ({quote.n_measured} people)"
        )
    if quote.top_up_minor:
        lines.append(
            f"it takes longer than promised: a bonus of {in_dollars(quote.top_up_minor)} "
            "each keeps the promised hourly pay (secondlook hit bonus "
            f"{quote.study} --top-up)"
        )
    if quote.n_repeatable:
        lines.append(_repeats(quote))
    return "\n".join(lines)


def sync_words(report: SyncReport) -> str:
    """What came of looking at the market, in words."""
    labels = ", ".join(f"{n} {label}" for label, n in report.labels.items())
    lines = [
        f"{report.n_new} new{f' ({labels})' if labels else ''}, "
        f"{report.n_changed} changed; {report.n_looked_at} of {report.n_hits} HITs "
        f"read, {report.n_closed} of them over"
    ]
    if report.n_taken_again:
        lines.append(f"{report.n_taken_again} set aside before could be taken in now")
    if report.n_set_aside:
        lines.append(f"{report.n_set_aside} set aside: secondlook hit show says why")
    return "\n".join([*lines, *map(_problem, report.problems)])


def pay_words(report: PayReport, what: str) -> str:
    """What came of payments, in words."""
    parts = [f"{report.n_done} {what} ({in_dollars(report.pay_minor)} to people)"]
    if report.n_before:
        parts.append(f"{report.n_before} done before")
    if report.n_held:
        parts.append(f"{report.n_held} held for you to decide")
    if report.n_unsettled:
        parts.append(f"{report.n_unsettled} without an answer yet: run it again")
    return "\n".join(["; ".join(parts), *map(_problem, report.problems)])


def _problem(words: str) -> str:
    return f"problem: {words}"


def _range(sizes: list[int]) -> str:
    return str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"


def _repeats(quote: Quote) -> str:
    return (
        f"warning, paid repeats: {quote.n_repeatable} of these assignments can be taken "
        "by people whom they cannot count for (they did another HIT with the same "
        "images, or as many as one may). A self-contained page cannot ask who opens "
        "it; the market keeps people away once hit sync has taken in what they did, "
        'so run it often. delivery = "external" has no repeats'
    )


def _floor(quote: Quote) -> str:
    if not quote.floor_minor:
        return ""
    return f" (floor {in_dollars(quote.floor_minor)})"
