"""Whatever people do, in whatever order, the counters stay true."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import func, select

from study_server.errors import StudyError, StudyFullError
from study_server.services.participation import leases, responding, taking_steps
from study_server.services.participation.validity import judge_study
from study_server.services.studies.block_composition import recut_missing
from study_server.store import upgrade
from study_server.store.tables import (
    Block,
    Enrolment,
    Session,
    SessionTrial,
    Trial,
    TrialSource,
)
from tests.study_server.conftest import FakeClock, make_services, open_things
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import (
    enter,
    failed_payload,
    go_to_practice,
    keys_of,
    payload,
)

OTHER = {"yes": "no", "no": "yes"}
PEOPLE = st.integers(0, 4).map(lambda number: f"p{number}")


@cache
def empty_database() -> Path:
    """Made once: every example begins with a copy."""
    path = Path(tempfile.mkdtemp(prefix="slinv")) / "empty.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


class Study(RuleBasedStateMachine):
    """People come, work, fail, leave and return to a study of ten places."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="slinv"))
        self.clock = FakeClock()
        self.tokens: dict[str, str] = {}

    @initialize(composition=st.sampled_from(["fresh", "shared"]))
    def begin(self, composition: str) -> None:
        shutil.copy(empty_database(), self.folder / "study.sqlite3")
        url = f"sqlite:///{self.folder / 'study.sqlite3'}"
        self.services = make_services(url, clock=self.clock, data_dir=self.folder)
        stimuli = write_set(
            self.folder / "set", SetSize(n_main=12, n_catch=6, trials_per_source=2)
        )
        open_things(
            self.services,
            stimuli,
            folder=self.folder,
            design=f'composition = "{composition}"\nmax_blocks_per_participant = 2',
        )

    @rule(person=PEOPLE)
    def come(self, person: str) -> None:
        try:
            self.tokens[person] = enter(self.services, person)
        except StudyFullError:
            assert not self.has_free_place()

    @rule(person=PEOPLE, careful=st.booleans())
    def go_all_the_way(self, person: str, careful: bool) -> None:
        self.come(person)
        if person in self.tokens:
            self.do(self.tokens[person], n_trials=8, careful=careful)

    @precondition(lambda self: self.tokens)
    @rule(person=PEOPLE, n_trials=st.integers(1, 7))
    def begin_to_work(self, person: str, n_trials: int) -> None:
        if (token := self.tokens.get(person)) is not None:
            self.do(token, n_trials=n_trials, careful=True)

    def do(self, token: str, *, n_trials: int, careful: bool) -> None:
        """Two practice trials and the six of a block, or fewer."""
        go_to_practice(self.services, token)
        while n_trials > 0:
            try:
                page = responding.load_block(self.services, token)
            except StudyError:
                return
            right = keys_of(self.services, page)
            for trial in [t for t in page.trials if not t.is_done][:n_trials]:
                answer = right[trial.token] if careful else OTHER[right[trial.token]]
                sent = payload(trial.token, answer)
                responding.take_response(self.services, token, sent)
                n_trials -= 1
                again = responding.take_response(self.services, token, sent)
                assert again.is_duplicate

    @precondition(lambda self: self.tokens)
    @rule(person=PEOPLE)
    def an_image_fails(self, person: str) -> None:
        try:
            page = responding.load_block(self.services, self.tokens[person])
        except (KeyError, StudyError):
            return
        trial = next(entry for entry in page.trials if not entry.is_done)
        responding.take_response(
            self.services, self.tokens[person], failed_payload(trial.token)
        )

    @precondition(lambda self: self.tokens)
    @rule(person=PEOPLE)
    def fail_the_check(self, person: str) -> None:
        if (token := self.tokens.get(person)) is None:
            return
        taking_steps.take_step(self.services, token, "consent", {"agree": "yes"})
        taking_steps.take_step(self.services, token, "instructions")
        for _ in range(2):
            wrong = {"question_0": "1", "question_1": "1"}
            taking_steps.take_step(self.services, token, "comprehension", wrong)

    @precondition(lambda self: self.tokens)
    @rule(person=PEOPLE)
    def withdraw(self, person: str) -> None:
        if (token := self.tokens.get(person)) is not None:
            taking_steps.withdraw(self.services, token)

    @precondition(lambda self: self.tokens)
    @rule(person=PEOPLE)
    def take_another(self, person: str) -> None:
        try:
            taking_steps.take_another_block(self.services, self.tokens[person])
        except (KeyError, StudyFullError):
            return

    @rule(minutes=st.sampled_from([1, 30, 61]))
    def wait(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        leases.sweep(self.services)

    @rule()
    def judge_and_top_up(self) -> None:
        assert judge_study(self.services, "things").n_changed == 0
        recut_missing(self.services, "things")
        assert recut_missing(self.services, "things").n_missing == 0

    def has_free_place(self) -> bool:
        with self.services.store.read() as tx:
            free = Block.n_valid + Block.n_reserved < Block.n_wanted
            query = select(func.count()).where(Block.environment == "live", free)
            return bool(tx.scalar(query))

    @invariant()
    def reservations_are_live_sessions_and_valid_ones_are_valid(self) -> None:
        with self.services.store.read() as tx:
            sessions = tx.scalars(select(Session)).all()
            blocks = tx.scalars(select(Block).where(Block.environment == "live")).all()
        live = Counter(s.block_id for s in sessions if s.state == "started")
        valid = Counter(s.block_id for s in sessions if s.validity == "valid")
        for block in blocks:
            assert block.n_reserved == live[block.id]
            assert block.n_valid == valid[block.id]
            assert block.n_valid + block.n_reserved <= block.n_wanted
        assert all(
            count == 1
            for count in Counter(
                s.enrolment_id for s in sessions if s.state == "started"
            ).values()
        )

    @invariant()
    def nobody_is_given_a_source_twice(self) -> None:
        with self.services.store.read() as tx:
            shown = tx.execute(
                select(Session.enrolment_id, TrialSource.source_sha256)
                .join(SessionTrial, SessionTrial.session_id == Session.id)
                .join(TrialSource, TrialSource.trial_id == SessionTrial.trial_id)
                .join(Trial, Trial.id == SessionTrial.trial_id)
                .where(Trial.role == "main")
            ).all()
            n_people = tx.scalar(select(func.count()).select_from(Enrolment))
        assert len(set(shown)) == len(shown)
        assert n_people == len(self.tokens)

    def teardown(self) -> None:
        if hasattr(self, "services"):
            self.services.store.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# The same examples at every run; shrinking a failure would take minutes.
Study.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestStudy = Study.TestCase
