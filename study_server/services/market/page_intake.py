"""A self-contained page that was handed in, taken in whole or not at all.

Its responses go the same way as those of our own pages, in the order and at the
times the page noted, all in the transaction of the caller. What no page of ours
hands in raises, and nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from study_server.errors import WorkSetAsideError
from study_server.services.market.recruitment import MarketRecruitment
from study_server.services.market.sheets import PageAnswer, read_page, replay
from study_server.services.participation.validity import end_session
from study_server.services.study_files.sections import StudyFile
from study_server.store import Transaction, blocks, studies, trials
from study_server.store.market import assignments, postings
from study_server.store.participation import people, sessions
from study_server.store.tables import (
    Assignment,
    Block,
    Enrolment,
    Hit,
    Participant,
    Session,
)

# How a session ended, to what its work is called.
LABELS: Final = {
    "completed": "complete",
    "expired": "late",
    "started": "partial",
    "withdrawn": "left",
    "returned": "left",
}
_REPLAY_TIME: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Work, its posting and its person."""

    hit: Hit
    work: Assignment
    person: Participant


def take_page(
    recruitment: MarketRecruitment, tx: Transaction, piece: Piece, *, text: str
) -> None:
    """Take in everything a page handed in, and label the work.

    Args:
        recruitment: Of which study, on which market; its store is within `tx`.
        tx: The transaction.
        piece: The work.
        text: What the page's field holds.

    Raises:
        StudyError: If it is nothing that this posting's page hands in.
    """
    page = _read(piece, text)
    intake = _Intake.of(recruitment, tx, piece)
    if intake.is_known_here and intake.failed_the_check(page):
        piece.work.label = "left"
        piece.work.problem = "did not pass the check on this page"
        return
    if not page.responses and not intake.failed_the_check(page):
        raise WorkSetAsideError("the page was handed in without any response")
    new = intake.new_entries()
    why_not = intake.why_not() or _why_nothing_new(new)
    if why_not:
        piece.work.label, piece.work.problem = "repeat", why_not
        return
    intake.take(page, new)


def _read(piece: Piece, text: str) -> PageAnswer:
    page, sheet = read_page(text), piece.hit.sheet or {}
    if page is None or page.sheet != sheet.get("id"):
        raise WorkSetAsideError(
            "what was handed in is not what this posting's page hands in"
        )
    if not page.has_agreed:
        raise WorkSetAsideError("the page was handed in without agreeing to take part")
    unknown = set(page.rank) - {entry["token"] for entry in sheet["trials"]}
    if unknown:
        raise WorkSetAsideError(
            f"{len(unknown)} of its responses are to trials that this posting's page "
            "does not show"
        )
    return page


def _why_nothing_new(new: Iterable[Mapping[str, Any]]) -> str:
    if any(entry["role"] == "main" for entry in new):
        return ""
    return "this person was shown all of these images before"


@dataclass(frozen=True, kw_only=True)
class _Intake:
    """One page on its way into the database."""

    recruitment: MarketRecruitment
    tx: Transaction
    piece: Piece
    file: StudyFile
    block: Block
    enrolment: Enrolment | None

    @classmethod
    def of(
        cls, recruitment: MarketRecruitment, tx: Transaction, piece: Piece
    ) -> _Intake:
        """The page's study, block and person.

        Raises:
            WorkSetAsideError: If the block is gone.
        """
        block = postings.find_block(tx, piece.hit.block_id)
        if block is None:
            raise WorkSetAsideError("the block of this posting is gone")
        return cls(
            recruitment=recruitment,
            tx=tx,
            piece=piece,
            file=recruitment.read_file(tx),
            block=block,
            enrolment=people.enrolment_of(
                tx, study_id=recruitment.study_id, participant_id=piece.person.id
            ),
        )

    @property
    def is_known_here(self) -> bool:
        """Whether this person agreed to take part with an earlier page."""
        return self.enrolment is not None and self.enrolment.consented_at is not None

    def failed_the_check(self, page: PageAnswer) -> bool:
        """Whether the page ended with the last wrong try at its questions."""
        check = self.file.comprehension
        right = [question.right for question in check.questions or ()]
        tries = [given.value for given in page.tries]
        is_asked = check.enabled and bool(right)
        return is_asked and len(tries) >= check.tries and right not in tries

    def why_not(self) -> str:
        """Why nothing this person did can count; empty where it can."""
        if self.enrolment is None:
            return self._why_excluded()
        if self.enrolment.environment != self.recruitment.environment:
            return "this person took part in another round of the study"
        if self.enrolment.step == "failed":
            return "this person did not pass the study's check before"
        if self.enrolment.step == "withdrawn":
            return "this person withdrew from the study"
        n_done = sessions.count_sessions(self.tx, self.enrolment.id)
        if n_done >= self.file.design.max_blocks_per_participant:
            return f"this person did {n_done} blocks, and the study allows no more"
        if self.enrolment.condition != self.block.condition:
            return "this person has the study's other condition"
        return ""

    def _why_excluded(self) -> str:
        exclude, since = self.file.exclude, None
        if not exclude.studies:
            return ""
        if exclude.days is not None:
            since = self.piece.work.accepted_at - timedelta(days=exclude.days)
        earlier = people.earlier_studies(
            self.tx, self.piece.person.id, names=exclude.studies, since=since
        )
        return "this person took part in a study that this one excludes" * bool(earlier)

    def new_entries(self) -> list[dict[str, Any]]:
        """What the page showed and this person was not given before, with roles.

        A page cannot ask who opens it, so it may show again what another one
        showed: that does not come a second time into the data.
        """
        entries = (self.piece.hit.sheet or {})["trials"]
        keys = [entry["trial"] for entry in entries]
        rows = trials.trials_by_key(self.tx, keys)
        sources = assignments.sources_of(self.tx, keys)
        given, seen = self._given_before()
        found = []
        for entry in entries:
            key = entry["trial"]
            if key not in rows:
                raise WorkSetAsideError("the page shows a trial that is gone")
            role = rows[key].role
            # Catches may show what was seen; what is judged may not.
            shown = () if role == "catch" else sources.get(key, ())
            is_done = entry["kind"] == "practice" and self.is_known_here
            if key not in given and seen.isdisjoint(shown) and not is_done:
                found.append({**entry, "role": role, "sources": sources.get(key, ())})
        return found

    def _given_before(self) -> tuple[set[int], set[str]]:
        if self.enrolment is None:
            return set(), set()
        given = set(sessions.trials_given(self.tx, self.enrolment.id))
        if self.file.design.allow_same_source:
            return given, set()
        return given, people.sources_seen(self.tx, self.enrolment.id)

    def take(self, page: PageAnswer, new: Sequence[Mapping[str, Any]]) -> None:
        """Seat the person, take in what they did, and say how it ended."""
        holds_place = blocks.reserve_again(self.tx, self.block.id)
        holds_place = holds_place or postings.reserve_over(self.tx, self.block.id)
        enrolment = self.enrolment or self._enrol()
        session = self._seat(enrolment, page, new)
        notes = self._replay(enrolment, session, page)
        self._end(session)
        if not holds_place:
            blocks.return_place(self.tx, self.block.id)
        n_again = _n_main(self.tx, self.piece.hit) - sum(
            entry["role"] == "main" for entry in new
        )
        if n_again:
            notes = (*notes, f"{n_again} images were shown to this person before")
        self.piece.work.problem = "; ".join(notes)
        self.piece.work.session_id = session.id

    def _enrol(self) -> Enrolment:
        services, work = self.recruitment.services, self.piece.work
        enrolment = Enrolment(
            study_id=self.recruitment.study_id,
            participant_id=self.piece.person.id,
            recruitment_id=self.recruitment.id,
            environment=self.recruitment.environment,
            token=services.new_token(),
            condition=self.block.condition,
            step="consent",
            competence=None,
            entered_at=work.accepted_at,
            comprehension_wrong=[],
        )
        studies.add(self.tx, enrolment)
        return enrolment

    def _seat(
        self, enrolment: Enrolment, page: PageAnswer, new: Sequence[Mapping[str, Any]]
    ) -> Session:
        services, work = self.recruitment.services, self.piece.work
        session = Session(
            public_id=services.new_token(),
            enrolment_id=enrolment.id,
            block_id=self.block.id,
            number=sessions.count_sessions(self.tx, enrolment.id) + 1,
            state="started",
            validity="pending",
            # The page shuffled by itself and says in which order.
            order_seed=0,
            recruiter_ids={
                "session": work.external_id,
                "study": self.piece.hit.external_id or "",
            },
            admitted_at=work.accepted_at,
            # Long enough to take the responses in, by either clock; it ends here.
            lease_ends_at=max(services.clock(), work.submitted_at) + _REPLAY_TIME,
        )
        if self.is_known_here:
            enrolment.step = "trials"
        enrolment.entered_at = min(enrolment.entered_at, work.accepted_at)
        sessions.add_session(self.tx, session, trials=self._places(page, new))
        shown = [source for entry in new for source in entry["sources"]]
        people.add_sources(self.tx, enrolment.id, shown, may_repeat=True)
        return session

    def _places(
        self, page: PageAnswer, new: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, object]]:
        """Rows of the session's trials, in the order the page showed them."""
        last = len(page.rank)
        shown = sorted(new, key=lambda entry: page.rank.get(entry["token"], last))
        return [
            {
                "trial_id": entry["trial"],
                "token": self.recruitment.services.new_token(),
                "kind": kind,
                "position": position,
                "class_order": entry["class_order"],
            }
            for kind in ("practice", "trials")
            for position, entry in enumerate(e for e in shown if e["kind"] == kind)
        ]

    def _replay(
        self, enrolment: Enrolment, session: Session, page: PageAnswer
    ) -> tuple[str, ...]:
        tokens = assignments.place_tokens(self.tx, session.id)
        names = {
            entry["token"]: tokens[entry["trial"]]
            for entry in (self.piece.hit.sheet or {})["trials"]
            if entry["trial"] in tokens
        }
        return replay(
            self.recruitment.services,
            enrolment.token,
            page.renamed(names),
            handed_in_at=self.piece.work.submitted_at,
            not_before=self.piece.work.accepted_at,
        )

    def _end(self, session: Session) -> None:
        """Label the work, and end what was handed in unfinished."""
        self.piece.work.label = LABELS[session.state]
        if session.state != "started":
            return
        if not sessions.progress_of(self.tx, session.id, kind="trials").n_done:
            raise WorkSetAsideError("the page was handed in without any response")
        end_session(
            self.tx,
            session,
            state="returned",
            reason="incomplete",
            at=self.piece.work.submitted_at,
        )


def _n_main(tx: Transaction, hit: Hit) -> int:
    keys = [entry["trial"] for entry in (hit.sheet or {})["trials"]]
    return sum(row.role == "main" for row in trials.trials_by_key(tx, keys).values())
