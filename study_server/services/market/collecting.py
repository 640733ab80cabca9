"""What was handed in on a market, taken in: each piece of work once, labelled.

Each piece stands alone: its session is found or made; what cannot be taken in is set
aside with its reason, is tried again whenever work is taken in, and never stops
another piece.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from study_server.database.failures import BROKEN_RULES, can_be_mended, rule_in_words
from study_server.errors import (
    MalformedAnswerError,
    MarketError,
    StudyError,
    WorkSetAsideError,
)
from study_server.recruiters.market import ListedPosting, Submission, UnreadableRecord
from study_server.recruiters.sections import in_dollars
from study_server.services.accounts import sealing
from study_server.services.market import notifications
from study_server.services.market.page_intake import LABELS, Piece, take_page
from study_server.services.market.qualifying import qualify_workers
from study_server.services.market.recruitment import MarketRecruitment, require_account
from study_server.store import Transaction, studies
from study_server.store.market import assignments, ledger, postings
from study_server.store.participation import people
from study_server.store.tables import Assignment, Hit, Participant

FIELD: Final = "secondlook"
SET_ASIDE: Final = "unknown"
MAX_KEPT: Final = 2_000_000
_log: Final = logging.getLogger(__name__)
N_AT_ONCE: Final = 8


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a look at the market came to.

    Attributes:
        n_hits: Postings of ours that are there.
        n_looked_at: Those whose work was read.
        n_new: Pieces of work that were new.
        n_changed: Known ones whose decision changed.
        n_closed: Postings that take nobody any more, newly.
        labels: Label to number of pieces of work that were taken in.
        n_taken_again: Those of them that were set aside before.
        n_set_aside: Pieces that cannot be taken in yet, whenever they came;
            `standing` tells why.
        problems: What stopped single pieces, postings or people, in words.
    """

    n_hits: int
    n_looked_at: int
    n_new: int
    n_changed: int
    n_closed: int
    labels: dict[str, int]
    n_taken_again: int = 0
    n_set_aside: int = 0
    problems: tuple[str, ...] = ()


def sync(
    recruitment: MarketRecruitment,
    *,
    n_at_once: int = N_AT_ONCE,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> SyncReport:
    """Take in everything that was handed in; again changes nothing.

    A piece, a posting or a person that something is wrong with stops no other.

    Raises:
        StudyStateError: If the study was never posted there.
        MarketError: If the market cannot be asked; what was taken in stays.
    """
    with recruitment.services.store.read() as tx:
        require_account(recruitment, tx)
    tally = _Tally(problems=_listen(recruitment))
    tally.n_taken_again = _take_set_aside(recruitment)
    with recruitment.services.store.read() as tx:
        ours = {hit.external_id: hit for hit in _known(recruitment, tx)}
        n_recorded = assignments.n_recorded(tx, recruitment.id)
        undecided = assignments.undecided_hits(tx, recruitment.id)
    there = [p for p in recruitment.market.postings() if p.id in ours]
    todo = [
        posted
        for posted in there
        if _is_worth_a_look(
            posted, ours[posted.id], n_recorded=n_recorded, undecided=undecided
        )
    ]
    for read in _read_all(recruitment, todo, n_at_once=n_at_once):
        _take_in(recruitment, ours[read.posted.id].id, read, tally=tally)
        tally.n_looked_at += 1
        on_progress(tally.n_looked_at, len(todo))
    if tally.away is not None:
        raise tally.away
    tally.problems += qualify_workers(recruitment)
    return _report(recruitment, tally, n_hits=len(there))


def _listen(recruitment: MarketRecruitment) -> list[str]:
    """Notices only make work be looked at sooner: a queue that fails stops nothing."""
    try:
        notifications.poll(recruitment)
    except MarketError as error:
        return [f"notifications could not be read: {error}"]
    return []


@dataclass(kw_only=True)
class _Tally:
    problems: list[str]
    n_looked_at: int = 0
    n_new: int = 0
    n_changed: int = 0
    n_closed: int = 0
    n_taken_again: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    away: MarketError | None = None


def _report(
    recruitment: MarketRecruitment, tally: _Tally, *, n_hits: int
) -> SyncReport:
    with recruitment.services.store.read() as tx:
        n_set_aside = len(assignments.set_aside(tx, recruitment.id))
    return SyncReport(
        n_hits=n_hits,
        n_looked_at=tally.n_looked_at,
        n_new=tally.n_new,
        n_changed=tally.n_changed,
        n_closed=tally.n_closed,
        labels=dict(sorted(tally.labels.items())),
        n_taken_again=tally.n_taken_again,
        n_set_aside=n_set_aside,
        problems=tuple(tally.problems),
    )


def _known(recruitment: MarketRecruitment, tx: Transaction) -> Sequence[Hit]:
    return postings.hits_of(tx, recruitment.id, states=("posted", "closed"))


def _is_worth_a_look(
    posted: ListedPosting,
    hit: Hit,
    *,
    n_recorded: dict[int, int],
    undecided: Collection[int],
) -> bool:
    return (
        hit.is_noticed
        or hit.id in undecided
        or posted.n_handed_in > n_recorded.get(hit.id, 0)
        or posted.is_open != (hit.state == "posted")
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What the market gave of one posting; `error` where it gave nothing."""

    posted: ListedPosting
    submissions: Sequence[Submission] = ()
    problems: Sequence[str] = ()
    error: MarketError | None = None


def _read_all(
    recruitment: MarketRecruitment, todo: Sequence[ListedPosting], *, n_at_once: int
) -> Iterator[_Read]:
    def read(posted: ListedPosting) -> _Read:
        try:
            found = list(recruitment.market.submissions(posted.id))
        except MarketError as error:
            return _Read(posted=posted, error=error)
        return _Read(
            posted=posted,
            submissions=[each for each in found if isinstance(each, Submission)],
            problems=[
                each.problem for each in found if isinstance(each, UnreadableRecord)
            ],
        )

    with ThreadPoolExecutor(n_at_once) as pool:
        yield from pool.map(read, todo)


def _take_in(
    recruitment: MarketRecruitment, hit_id: int, read: _Read, *, tally: _Tally
) -> None:
    name = read.posted.id
    if read.error is not None:
        if read.error.is_hopeless:
            tally.away = read.error
        tally.problems.append(f"HIT {name}: {read.error}")
        return
    tally.problems += [f"HIT {name}: {problem}" for problem in read.problems]
    with recruitment.services.store.write() as tx:
        # Cleared first: what happens from now on is noticed anew.
        postings.set_values(tx, hit_id, is_noticed=False)
    for submission in sorted(read.submissions, key=lambda s: (s.submitted_at, s.id)):
        try:
            taken = _take_submission(recruitment, hit_id, submission)
        except Exception as error:  # noqa: BLE001 - one piece never stops the others
            why = words_of(error)
            tally.problems.append(f"assignment {submission.id}: {why}")
            continue
        tally.n_new += taken.is_new
        tally.n_changed += taken.is_changed
        if taken.is_new:
            tally.labels[taken.label] = tally.labels.get(taken.label, 0) + 1
    tally.n_closed += _follow(recruitment, hit_id, read.posted)


def _follow(recruitment: MarketRecruitment, hit_id: int, posted: ListedPosting) -> bool:
    """Follow the market: a posting that is over sets its unused money free."""
    with recruitment.services.store.write() as tx:
        hit = postings.get_hit(tx, hit_id)
        was_open = hit.state == "posted"
        hit.expires_at = posted.expires_at
        if posted.is_open:
            hit.state = "posted"
            return False
        hit.state = "closed"
        n_known = assignments.n_recorded_at(tx, hit.id)
        n_unused = max(0, hit.n_assignments - hit.n_released - n_known)
        hit.n_released += n_unused
        ledger.commit_money(tx, hit.account_id, -n_unused * hit.cost_minor)
        return was_open


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """What became of one submission."""

    label: str
    is_new: bool
    is_changed: bool = False


def _take_submission(
    recruitment: MarketRecruitment, hit_id: int, submission: Submission
) -> _Taken:
    """Take in one piece of work, in one transaction.

    It is known by name, worker and the moment it was begun: a place that was
    given back gives its name to the next worker, or to the same one again.
    """
    with recruitment.services.store.write() as tx:
        studies.lock_study(tx, recruitment.study_id)
        hit = postings.get_hit(tx, hit_id)
        known = _known_work(recruitment, tx, hit, submission)
        if known is not None:
            is_changed = known.status != submission.status
            known.status = submission.status
            return _Taken(label=known.label, is_new=False, is_changed=is_changed)
        person = _person(recruitment, tx, submission)
        work = _new_work(recruitment, tx, hit, person=person, submission=submission)
        _bind_or_set_aside(recruitment, tx, Piece(hit=hit, work=work, person=person))
        _cover(tx, hit, work)
        assignments.add_assignment(tx, work)
        return _Taken(label=work.label, is_new=True)


def _known_work(
    recruitment: MarketRecruitment, tx: Transaction, hit: Hit, submission: Submission
) -> Assignment | None:
    """The row of work that was taken in before; also of somebody erased since."""
    person = people.find_participant(
        tx,
        issuer=recruitment.recruiter.issuer(recruitment.section),
        external_id=submission.worker_id,
    )
    if person is not None and person.worker_id is not None:
        for earlier in assignments.assignments_named(
            tx, hit.id, external_id=submission.id, worker_id=person.worker_id
        ):
            if earlier.accepted_at == submission.accepted_at:
                return earlier
    return assignments.find_erased(
        tx,
        hit.id,
        external_id=submission.id,
        seals=lambda: sealing.seals(
            recruitment.services, sealing.ERASED_WORK, submission.id
        ),
        accepted_at=submission.accepted_at,
    )


def _person(
    recruitment: MarketRecruitment, tx: Transaction, submission: Submission
) -> Participant:
    issuer = recruitment.recruiter.issuer(recruitment.section)
    found = people.find_participant(tx, issuer=issuer, external_id=submission.worker_id)
    if found is not None:
        return found
    new = Participant(
        public_id=recruitment.services.new_token(),
        created_at=recruitment.services.clock(),
    )
    return people.add_participant(
        tx, new, issuer=issuer, external_id=submission.worker_id
    )


def _new_work(
    recruitment: MarketRecruitment,
    tx: Transaction,
    hit: Hit,
    *,
    person: Participant,
    submission: Submission,
) -> Assignment:
    if person.worker_id is None:
        raise RuntimeError("a person of a market has no name there")
    earlier = assignments.assignments_named(
        tx, hit.id, external_id=submission.id, worker_id=person.worker_id
    )
    return Assignment(
        hit_id=hit.id,
        worker_id=person.worker_id,
        external_id=submission.id,
        attempt=len(earlier) + 1,
        status=submission.status,
        label="unknown",
        answer=_kept(submission.answer),
        problem="",
        is_granted=False,
        is_covered=True,
        accepted_at=submission.accepted_at,
        submitted_at=submission.submitted_at,
        recorded_at=recruitment.services.clock(),
    )


def _kept(answer: str) -> str:
    """What of an answer every database can keep."""
    text = answer[:MAX_KEPT].replace("\0", "")
    return text.encode("utf-8", "replace").decode("utf-8")


def _cover(tx: Transaction, hit: Hit, work: Assignment) -> None:
    """Work on a place whose money was set free costs it again."""
    n_known = assignments.n_recorded_at(tx, hit.id)
    if n_known < hit.n_assignments - hit.n_released or hit.n_released == 0:
        return
    if ledger.commit_money(tx, hit.account_id, hit.cost_minor):
        hit.n_released -= 1
        return
    why = (
        f"came after its place was given up, and paying {in_dollars(hit.cost_minor)} "
        "for it would pass the cap"
    )
    work.is_covered = False
    work.problem = "; ".join(filter(None, (work.problem, why)))


def _take_set_aside(recruitment: MarketRecruitment) -> int:
    """Try once more what was set aside, oldest first; how many could be taken in."""
    with recruitment.services.store.read() as tx:
        waiting = assignments.set_aside(tx, recruitment.id)
    return sum(_take_again(recruitment, assignment_id) for assignment_id in waiting)


def _take_again(recruitment: MarketRecruitment, assignment_id: int) -> bool:
    with recruitment.services.store.write() as tx:
        studies.lock_study(tx, recruitment.study_id)
        work = assignments.get_assignment(tx, assignment_id)
        person = assignments.person_of(tx, work)
        if work.label != SET_ASIDE or person is None:
            return False
        hit = postings.get_hit(tx, work.hit_id)
        _bind_or_set_aside(recruitment, tx, Piece(hit=hit, work=work, person=person))
        return work.label != SET_ASIDE


def _bind_or_set_aside(
    recruitment: MarketRecruitment, tx: Transaction, piece: Piece
) -> None:
    """Give the work its session and its label, or set it aside with its reason."""
    within = recruitment.services.store.within(tx)
    inside = replace(recruitment, services=replace(recruitment.services, store=within))
    try:
        with within.write():
            _bind(inside, tx, piece)
    except Exception as error:  # noqa: BLE001 - one piece never stops the others
        piece.work.session_id, piece.work.label = None, SET_ASIDE
        piece.work.problem = words_of(error)


def words_of(error: Exception) -> str:
    """Why a piece of work cannot be taken in, in words; what nobody foresaw is logged.

    Raises:
        DatabaseError: If it is the database, not the piece, that cannot be used.
    """
    if isinstance(error, StudyError):
        return str(error)
    if isinstance(error, BROKEN_RULES):
        return rule_in_words(error)
    if can_be_mended(error):
        raise error
    _log.error("a piece of work could not be taken in", exc_info=error)
    return f"a fault of ours ({type(error).__name__}), which the log tells"


def _bind(recruitment: MarketRecruitment, tx: Transaction, piece: Piece) -> None:
    if piece.hit.sheet is None:
        piece.work.problem = _why_unreadable(recruitment, piece)
        _bind_visit(tx, piece, study_id=recruitment.study_id)
        return
    fields = recruitment.recruiter.read_answer(piece.work.answer)
    take_page(recruitment, tx, piece, text=fields.get(FIELD, ""))


def _why_unreadable(recruitment: MarketRecruitment, piece: Piece) -> str:
    """Where people came to our pages, nothing of the answer itself is needed."""
    try:
        recruitment.recruiter.read_answer(piece.work.answer)
    except MalformedAnswerError as error:
        return str(error)
    return ""


def _bind_visit(tx: Transaction, piece: Piece, *, study_id: int) -> None:
    enrolment = people.enrolment_of(
        tx, study_id=study_id, participant_id=piece.person.id
    )
    session = (
        None
        if enrolment is None
        else assignments.free_session(tx, enrolment.id, visit=piece.work.external_id)
    )
    if session is None:
        raise WorkSetAsideError(
            piece.work.problem or "nobody came to our pages under this assignment"
        )
    piece.work.session_id = session.id
    piece.work.label = LABELS[session.state]
