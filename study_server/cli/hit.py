"""Post a study on a paying market, take in what comes back, pay people."""

from __future__ import annotations

import click
from tqdm import tqdm

from study_server.cli._market import (
    assignment_option,
    hit_option,
    must_agree,
    on_a_market,
    pay_words,
    quote_words,
    recruitment_here,
    sync_words,
    yes_option,
)
from study_server.cli._output import as_table, say, say_aside
from study_server.errors import SpendingError
from study_server.recruiters.market import Spot
from study_server.recruiters.sections import in_dollars, to_minor
from study_server.services.market import (
    collecting,
    paying,
    posting,
    quoting,
    reconciling,
    status,
)
from study_server.services.market.posting import N_AT_ONCE, PostReport
from study_server.services.market.quoting import Quote
from study_server.services.market.recruitment import MarketRecruitment
from study_server.services.market.status import Standing


@click.group()
def hit() -> None:
    """Post a study on a paying market, take in what comes back, pay people.

    The sandbox is meant unless --live is given. Amazon closed Mechanical Turk on 30
    September 2026; the market is any that speaks its protocol, such as `secondlook
    marketplace start`.
    """


@hit.command()
@on_a_market
def quote(name: str, where: Spot, as_json: bool) -> None:
    """Say what posting would cost, to the cent, and what people would earn."""
    with recruitment_here(name, where, use="read") as recruitment:
        found = quoting.quote_missing(recruitment)
    say(found, as_json=as_json, text=lambda: quote_words(found))


@hit.command()
@on_a_market
@yes_option
@click.option("--low-pay-reason", help="Why people earn less than the study's floor.")
@click.option(
    "--at-once", default=N_AT_ONCE, show_default=True, type=click.IntRange(1, 64)
)
def post(
    name: str,
    where: Spot,
    is_agreed: bool,
    low_pay_reason: str | None,
    at_once: int,
    as_json: bool,
) -> None:
    """Post exactly what is missing to n valid responses.

    Run it again at any time: what is posted is never posted twice, and what was
    interrupted is found or finished first.
    """
    with (
        recruitment_here(name, where) as recruitment,
        tqdm(unit="HIT", disable=as_json) as bar,
    ):

        def agrees(found: Quote) -> bool:
            must_agree(recruitment, f"\n{quote_words(found)}", is_agreed=is_agreed)
            return True

        def tell(done: int, all_: int) -> None:
            bar.total = all_
            bar.update(done - bar.n)

        report = posting.post(
            recruitment,
            agrees=agrees,
            low_pay_reason=low_pay_reason,
            n_at_once=at_once,
            on_progress=tell,
        )
    say(report, as_json=as_json, text=lambda: _posted(report))
    if report.problem:
        raise click.ClickException(report.problem)


@hit.command()
@on_a_market
def sync(name: str, where: Spot, as_json: bool) -> None:
    """Take in what was handed in; nothing is taken in twice."""
    with recruitment_here(name, where) as recruitment:
        report = collecting.sync(recruitment)
    say(report, as_json=as_json, text=lambda: sync_words(report))


@hit.command()
@on_a_market
def show(name: str, where: Spot, as_json: bool) -> None:
    """Show HITs, work and money, by our books."""
    with recruitment_here(name, where, use="read") as recruitment:
        found = status.standing(recruitment)
    say(found, as_json=as_json, text=lambda: _standing(found))


@hit.command()
@on_a_market
@yes_option
@assignment_option
@click.option(
    "--take-back-rejection",
    "overrides",
    is_flag=True,
    help="Approve named assignments that were rejected.",
)
def approve(
    name: str,
    where: Spot,
    is_agreed: bool,
    assignments: tuple[str, ...],
    overrides: bool,
    as_json: bool,
) -> None:
    """Pay the reward, by the study's pay rules or for named assignments."""
    with recruitment_here(name, where) as recruitment:
        paying.require_known(recruitment, assignments)
        which = (
            f"{len(assignments)} named assignments"
            if assignments
            else ("every assignment that the study's pay rules approve")
        )
        must_agree(
            recruitment,
            f"pay {in_dollars(recruitment.section.reward_minor)} each for {which}",
            is_agreed=is_agreed,
        )
        report = paying.approve(recruitment, only=assignments, overrides=overrides)
    say(report, as_json=as_json, text=lambda: pay_words(report, "approved"))


@hit.command()
@on_a_market
@yes_option
@assignment_option
@click.option("--feedback", required=True, help="Why; the worker reads it.")
def reject(
    name: str,
    where: Spot,
    is_agreed: bool,
    assignments: tuple[str, ...],
    feedback: str,
    as_json: bool,
) -> None:
    """Refuse the reward of named assignments.

    Nothing is ever rejected but by this command. It can be taken back for 30 days:
    `hit approve --assignment ID --take-back-rejection`.
    """
    if not assignments:
        raise click.UsageError("name what to reject with --assignment")
    with recruitment_here(name, where) as recruitment:
        paying.require_known(recruitment, assignments)
        must_agree(
            recruitment, f"refuse to pay {len(assignments)} people", is_agreed=is_agreed
        )
        report = paying.reject(recruitment, only=assignments, feedback=feedback)
    say(report, as_json=as_json, text=lambda: pay_words(report, "rejected"))


@hit.command()
@on_a_market
@yes_option
@assignment_option
@click.option("--amount", help='Dollars each, like "0.50".')
@click.option(
    "--top-up",
    is_flag=True,
    help="What keeps the promised hourly pay at the measured median time.",
)
@click.option(
    "--reason",
    default="The task took longer than we had estimated.",
    show_default=True,
    help="The worker reads it. The same amount for the same reason is paid once.",
)
def bonus(
    name: str,
    where: Spot,
    is_agreed: bool,
    assignments: tuple[str, ...],
    amount: str | None,
    top_up: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Pay a bonus to everybody who finished, or for named assignments."""
    if (amount is None) != top_up:
        raise click.UsageError("give either --amount or --top-up")
    with recruitment_here(name, where) as recruitment:
        minor = _amount_minor(recruitment, amount)
        payments = paying.bonus_payments(
            recruitment, amount_minor=minor, reason=reason, only=assignments
        )
        cost = paying.new_cost_minor(recruitment, payments)
        must_agree(
            recruitment,
            f"{len(payments)} bonuses of {in_dollars(minor)}, {in_dollars(cost)} with "
            "fees that are not paid yet",
            is_agreed=is_agreed,
        )
        report = paying.pay_bonuses(recruitment, payments)
    say(report, as_json=as_json, text=lambda: pay_words(report, "bonuses paid"))


@hit.command()
@on_a_market
@yes_option
@hit_option
@click.option("--hours", type=click.FloatRange(0), help="From now, for every open HIT.")
@click.option(
    "--assignments", "n_more", type=click.IntRange(1), help="More of one HIT."
)
@click.option("--purpose", default="", help="Tells this extension from an earlier one.")
def extend(
    name: str,
    where: Spot,
    is_agreed: bool,
    hits: tuple[str, ...],
    hours: float | None,
    n_more: int | None,
    purpose: str,
    as_json: bool,
) -> None:
    """Give people more time, or let more people do one HIT."""
    if (hours is None) == (n_more is None) or (n_more is not None and len(hits) != 1):
        raise click.UsageError("give --hours, or --assignments with one --hit")
    with recruitment_here(name, where) as recruitment:
        if hours is not None:
            n = reconciling.extend_lifetime(recruitment, hours=hours)
            said = f"{n} HITs can be accepted for {hours:g} hours from now"
        else:
            reconciling.require_hit(recruitment, hits[0])
            must_agree(recruitment, f"{n_more} more assignments", is_agreed=is_agreed)
            is_new = reconciling.extend_places(
                recruitment, hits[0], n_more=n_more or 0, purpose=purpose
            )
            n = int(is_new)
            said = (
                f"{n_more} more assignments on {hits[0]}"
                if is_new
                else "done before; another --purpose makes it another extension"
            )
    say({"n_extended": n}, as_json=as_json, text=said)


@hit.command()
@on_a_market
@hit_option
def expire(name: str, where: Spot, hits: tuple[str, ...], as_json: bool) -> None:
    """Let nobody begin any more: every open HIT of the study, or the named ones.

    Work under way may still be handed in, and is paid like all other work.
    """
    with recruitment_here(name, where) as recruitment:
        n = reconciling.expire(recruitment, only=hits)
    say({"n_expired": n}, as_json=as_json, text=f"{n} HITs expired")


@hit.command()
@on_a_market
@click.option(
    "--expire-orphans", is_flag=True, help="Let nobody begin HITs our books lack."
)
def reconcile(name: str, where: Spot, expire_orphans: bool, as_json: bool) -> None:
    """Compare our books with the market's own list, and repair them."""
    with recruitment_here(name, where) as recruitment:
        report = reconciling.reconcile(recruitment)
        if expire_orphans and report.orphans:
            reconciling.expire(recruitment, only=report.orphans)
            say_aside(f"{len(report.orphans)} orphans expired")
    lines = [
        f"{report.n_ours} HITs of ours there; {report.n_found} found whose reply was "
        f"lost, {report.n_posted} posted now, {report.n_settled} payments settled, "
        f"{report.n_unsettled} without an answer",
        *(f"orphan: {name} (our books lack it)" for name in report.orphans),
        *(f"missing: {name} (the market lacks it)" for name in report.missing),
        *(f"problem: {words}" for words in report.problems),
    ]
    say(report, as_json=as_json, text="\n".join(lines))


def _amount_minor(recruitment: MarketRecruitment, amount: str | None) -> int:
    if amount is None:
        found = quoting.quote_missing(recruitment).top_up_minor
        if found == 0:
            raise SpendingError(
                "no top-up is due: the promised hourly pay holds at the measured time, "
                "or too few people have finished to tell"
            )
        return found
    try:
        return to_minor(amount)
    except ValueError as error:
        raise SpendingError(f"--amount: {error}") from error


def _posted(report: PostReport) -> str:
    lines = [quote_words(report.quote), f"{report.n_posted} HITs posted"]
    if report.n_unsettled:
        lines.append(
            f"{report.n_unsettled} without an answer yet: run the command again"
        )
    return "\n".join(lines)


def _standing(found: Standing) -> str:
    hits_ = ", ".join(f"{n} {state}" for state, n in found.hits.items()) or "none"
    parts = [
        f"{found.study} ({found.environment}, {found.endpoint})",
        f"HITs: {hits_}; {found.n_open_places} places open, {found.n_lacking} valid "
        "sessions lacking",
        f"money: {in_dollars(found.paid_minor)} paid; "
        f"{in_dollars(found.committed_minor)} of the cap of "
        f"{in_dollars(found.cap_minor)} spent or set aside, fees included",
    ]
    if found.low_pay_reason:
        parts.append(f"paid below the floor because: {found.low_pay_reason}")
    if found.n_set_aside:
        parts.append(
            f"{found.n_set_aside} set aside, for the reasons below; nothing is paid for "
            "them by rule, and every hit sync tries them again"
        )
    if found.n_not_handed_in:
        parts.append(
            f"{found.n_not_handed_in} finished here, and did not hand in there"
        )
    if n_held := sum(work.is_held for work in found.work):
        parts.append(
            f"{n_held} held for you, with next to nothing usable in them: decide with "
            "hit approve or hit reject --assignment, before the market pays by itself "
            f"(secondlook study show {found.study} says more)"
        )
    if found.n_unsettled:
        parts.append(f"{found.n_unsettled} calls without an answer: hit reconcile")
    if found.work:
        parts.append(_work(found))
    return "\n".join(parts)


def _work(found: Standing) -> str:
    return as_table(
        ["assignment", "attempt", "label", "status", "validity", "why"],
        [
            [
                work.assignment,
                work.attempt,
                work.label,
                "held" if work.is_held else work.status,
                work.validity or "-",
                work.reason or work.problem,
            ]
            for work in found.work
        ],
    )
