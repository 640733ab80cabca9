"""Who comes in: once, in time, into the emptiest block, and never too many."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from study_server.errors import (
    ExcludedError,
    IdentityError,
    NotOpenError,
    StudyDesignError,
    StudyFullError,
    UnknownRecruitmentError,
)
from study_server.services import Services
from study_server.services.participation import admission, responding, taking_steps
from study_server.services.studies.life import (
    close_study,
    create_study,
    freeze_study,
    open_study,
    pilot_study,
    study_progress,
)
from study_server.store.tables import (
    Block,
    Enrolment,
    EnrolmentSource,
    Participant,
    Session,
    SessionTrial,
    Study,
    Trial,
    TrialSource,
    Worker,
)
from tests.study_server.conftest import open_things, write_study
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import (
    do_block,
    enter,
    go_all_the_way,
    go_to_practice,
    recruitment,
)


def write_named(folder: Path, *, name: str, more: str = "") -> Path:
    """A study file whose only recruiter names people."""
    path = write_study(folder, name=name, more=more)
    text = path.read_text("utf-8")
    path.write_text(text.replace('[recruiter.lab]\nlink = "open"\n', "", 1), "utf-8")
    return path


def counters(services: Services) -> list[tuple[int, int, int]]:
    with services.store.read() as tx:
        query = select(Block.n_wanted, Block.n_valid, Block.n_reserved)
        return [
            (row.n_wanted, row.n_valid, row.n_reserved)
            for row in tx.execute(
                query.where(Block.environment == "live").order_by(Block.number)
            )
        ]


def test_forty_at_once_for_twenty_places_admit_exactly_twenty(both_services, tmp_path):
    # 40 main trials, 4 a block, 2 responses each: 20 blocks that want one session.
    stimuli = write_set(tmp_path / "set", SetSize(n_main=40))
    open_things(both_services, stimuli, folder=tmp_path)

    def come(number: int) -> str | None:
        try:
            return enter(both_services, f"person-{number}")
        except StudyFullError:
            return None

    with ThreadPoolExecutor(40) as pool:
        tokens = [token for token in pool.map(come, range(40)) if token]
    assert len(tokens) == len(set(tokens)) == 20
    assert counters(both_services) == [(1, 0, 1)] * 20


def test_forty_at_once_share_one_block_of_twenty_places(both_services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=4))
    path = write_study(tmp_path, design='composition = "shared"')
    path.write_text(
        path.read_text().replace("responses_per_trial = 2", "responses_per_trial = 20")
    )
    create_study(both_services, path, stimuli=stimuli)
    freeze_study(both_services, "things")
    open_study(both_services, "things")

    def come(number: int) -> bool:
        try:
            enter(both_services, f"person-{number}")
        except StudyFullError:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        admitted = sum(pool.map(come, range(40)))
    assert admitted == 20
    assert counters(both_services) == [(20, 0, 20)]


def test_one_person_coming_twenty_times_at_once_has_one_enrolment(opened_on_both):
    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(lambda _: enter(opened_on_both, "anna"), range(20)))
    assert len(tokens) == 1
    with opened_on_both.store.read() as tx:
        for table in (Worker, Participant, Enrolment, Session):
            assert tx.scalar(select(func.count()).select_from(table)) == 1
    assert sum(n_reserved for _, _, n_reserved in counters(opened_on_both)) == 1


def test_a_double_click_on_the_open_link_makes_one_person(opened_on_both):
    link = recruitment(opened_on_both, "lab").token
    landing = admission.look_at(opened_on_both, link, incoming={})
    form = {"visit": landing.visit_key}

    def come(_: int) -> str:
        return admission.enter(opened_on_both, link, incoming=form).token

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(come, range(10)))) == 1


def test_the_resume_cookie_counts_for_the_open_link_it_came_from(opened):
    link = recruitment(opened, "lab").token
    first = admission.enter(opened, link, incoming={"visit": "a" * 20})
    again = admission.enter(
        opened, link, incoming={"visit": "b" * 20}, resume=(first.token,)
    )
    assert (again.token, again.is_new) == (first.token, False)
    new = admission.enter(opened, link, incoming={"visit": "c" * 20})
    assert new.token != first.token
    named = admission.enter(
        opened,
        recruitment(opened).token,
        incoming={"PROLIFIC_PID": "somebody"},
        resume=(first.token,),
    )
    assert named.token not in (first.token, new.token)


def test_somebody_else_at_the_same_computer_is_another_person(opened_on_both):
    link = recruitment(opened_on_both, "lab").token
    first = admission.enter(opened_on_both, link, incoming={"visit": "a" * 20})
    landing = admission.look_at(
        opened_on_both, link, incoming={}, resume=(first.token,)
    )
    assert (landing.resumes, landing.offers_another) == ("running", True)
    form = {"visit": landing.visit_key, "somebody": "else"}

    def come(number: int) -> str:
        # The second click of a double click may bring the new cookie or the old.
        resume = (first.token,) if number % 2 else ()
        return admission.enter(opened_on_both, link, incoming=form, resume=resume).token

    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(come, range(8)))
    assert len(tokens) == 1
    assert tokens != {first.token}
    assert study_progress(opened_on_both, "things").n_arrived == 2


def test_somebody_else_is_offered_a_place_only_where_browsers_say_who_one_is(opened):
    lab = recruitment(opened, "lab").token
    assert not admission.look_at(opened, lab, incoming={}).offers_another
    anna = enter(opened, "anna")
    market = recruitment(opened).token
    again = admission.look_at(
        opened, market, incoming={"PROLIFIC_PID": "anna"}, resume=(anna,)
    )
    assert (again.resumes, again.offers_another) == ("running", False)
    first = admission.enter(opened, lab, incoming={"visit": "a" * 20})
    close_study(opened, "things")
    closed = admission.look_at(opened, lab, incoming={}, resume=(first.token,))
    assert (closed.resumes, closed.offers_another) == ("running", False)


def test_a_personal_link_is_one_person(services, stimuli, tmp_path):
    path = write_study(tmp_path)
    text = path.read_text().replace('link = "open"', 'link = "personal"\nn_links = 3')
    path.write_text(text)
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    lab = recruitment(services, "lab")
    assert len(lab.personal_urls) == 3
    one = lab.personal_urls[0].rsplit("/", 1)[1]
    first = admission.enter(services, lab.token, incoming={}, personal=one)
    again = admission.enter(services, lab.token, incoming={}, personal=one)
    assert first.token == again.token
    with pytest.raises(UnknownRecruitmentError, match="nobody's"):
        admission.enter(services, lab.token, incoming={}, personal="guessed")
    with pytest.raises(IdentityError, match="whole link"):
        admission.enter(services, lab.token, incoming={})


def test_nobody_comes_in_before_the_study_opens_or_after_it_closes(
    services, stimuli, tmp_path
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    with pytest.raises(NotOpenError):
        enter(services)
    freeze_study(services, "things")
    with pytest.raises(NotOpenError):
        enter(services)
    open_study(services, "things")
    token = enter(services)
    close_study(services, "things")
    with pytest.raises(NotOpenError, match="closed"):
        enter(services, "late")
    assert enter(services) == token  # who is in may end
    go_to_practice(services, token)
    landing = admission.look_at(
        services, recruitment(services).token, incoming={"PROLIFIC_PID": "late"}
    )
    assert landing.problem is not None
    assert "closed" in landing.problem


def test_the_landing_page_knows_who_comes_again(opened):
    link = recruitment(opened).token

    def resumes(*held: str) -> str:
        incoming = {"PROLIFIC_PID": "anna"}
        return admission.look_at(opened, link, incoming=incoming, resume=held).resumes

    assert resumes() == "no"
    token = enter(opened, "anna")
    assert resumes(token) == "running"
    taking_steps.withdraw(opened, token)
    assert resumes(token) == "ended"
    with pytest.raises(UnknownRecruitmentError):
        admission.look_at(opened, "nowhere", incoming={})


def test_a_personal_link_is_the_same_person_in_the_pilot_and_after(
    both_services, stimuli, tmp_path
):
    path = write_study(tmp_path)
    text = path.read_text().replace('link = "open"', 'link = "personal"\nn_links = 3')
    path.write_text(text)
    create_study(both_services, path, stimuli=stimuli)
    pilot_study(both_services, "things")
    pilot = recruitment(both_services, "lab", environment="pilot")
    one, two = (url.rsplit("/", 1)[1] for url in pilot.personal_urls[:2])
    admission.enter(both_services, pilot.token, incoming={}, personal=one)
    # Nobody came by the live link yet, and more people are wanted now.
    path.write_text(text.replace("n_links = 3", "n_links = 4"))
    create_study(both_services, path, stimuli=stimuli)
    freeze_study(both_services, "things")
    open_study(both_services, "things")
    live = recruitment(both_services, "lab")
    kept = recruitment(both_services, "lab", environment="pilot").personal_urls
    assert kept[:3] == pilot.personal_urls
    tails = [
        [url.rsplit("/", 1)[1] for url in urls] for urls in (live.personal_urls, kept)
    ]
    assert tails[0] == tails[1]
    assert len(set(tails[0])) == 4
    landing = admission.look_at(both_services, live.token, incoming={}, personal=one)
    assert "earlier round" in str(landing.problem)
    with pytest.raises(ExcludedError, match="earlier round"):
        admission.enter(both_services, live.token, incoming={}, personal=one)
    admission.enter(both_services, live.token, incoming={}, personal=two)


def test_a_browser_of_the_pilot_is_barred_from_the_open_link(
    services, stimuli, tmp_path
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    pilot_study(services, "things")
    pilot = recruitment(services, "lab", environment="pilot").token
    was_there = admission.enter(services, pilot, incoming={"visit": "a" * 20})
    freeze_study(services, "things")
    open_study(services, "things")
    link = recruitment(services, "lab").token
    resume = ("nobodys-token-at-all", was_there.token)
    landing = admission.look_at(services, link, incoming={}, resume=resume)
    assert "earlier round" in str(landing.problem)
    assert (landing.resumes, landing.offers_another) == ("no", True)
    with pytest.raises(ExcludedError, match="earlier round"):
        admission.enter(services, link, incoming={"visit": "b" * 20}, resume=resume)
    somebody_else = {"visit": "c" * 20, "somebody": "else"}
    assert admission.enter(services, link, incoming=somebody_else, resume=resume).is_new


def test_trying_out_the_simulated_link_bars_nobody(opened):
    simulated = recruitment(opened, "simulated", environment="simulated").token
    tried = admission.enter(
        opened, simulated, incoming={"participant": "s1", "competence": "careful"}
    )
    link = recruitment(opened, "lab").token
    landing = admission.look_at(opened, link, incoming={}, resume=(tried.token,))
    assert (landing.problem, landing.resumes) == (None, "no")


def test_pilot_people_are_barred_from_the_main_study(both_services, stimuli, tmp_path):
    create_study(both_services, write_study(tmp_path), stimuli=stimuli)
    pilot_study(both_services, "things")
    pilot = recruitment(both_services, environment="pilot").token
    admission.enter(both_services, pilot, incoming={"PROLIFIC_PID": "anna"})
    freeze_study(both_services, "things")
    open_study(both_services, "things")
    with pytest.raises(ExcludedError, match="earlier round"):
        enter(both_services, "anna")
    link = recruitment(both_services).token
    landing = admission.look_at(both_services, link, incoming={"PROLIFIC_PID": "anna"})
    assert (landing.resumes, landing.offers_another) == ("no", False)
    assert "earlier round" in str(landing.problem)
    enter(both_services, "bob")
    assert study_progress(both_services, "things").n_arrived == 1
    assert study_progress(both_services, "things", environment="pilot").n_arrived == 1


@pytest.mark.parametrize(
    ("days", "later_days", "is_excluded"),
    [
        (None, 400, True),
        (10, 9, True),
        (10, 11, False),
    ],
)
def test_people_of_other_studies_are_excluded(
    services, stimuli, tmp_path, clock, days, later_days, is_excluded
):
    create_study(services, write_named(tmp_path, name="things"), stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")
    enter(services, "anna")
    line = "" if days is None else f"days = {days}"
    more = f'[exclude]\nstudies = ["things"]\n{line}'
    path = write_named(tmp_path, name="later", more=more)
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "later")
    open_study(services, "later")
    clock.move(days=later_days)
    enter(services, "bob", study="later")
    if is_excluded:
        with pytest.raises(ExcludedError, match="Is it there"):
            enter(services, "anna", study="later")
    else:
        enter(services, "anna", study="later")


def test_excluding_people_of_a_study_that_is_not_there_is_refused(
    services, stimuli, tmp_path
):
    more = '[exclude]\nstudies = ["thigns", "things", "no-such-study"]'
    path = write_named(tmp_path, name="later", more=more)
    with pytest.raises(StudyDesignError, match="no others yet"):
        create_study(services, path, stimuli=stimuli)
    things = write_named(tmp_path, name="things")
    create_study(services, things, stimuli=stimuli)
    path = write_named(tmp_path, name="later", more=more)
    with pytest.raises(StudyDesignError) as caught:
        create_study(services, path, stimuli=stimuli)
    assert "no study is named 'thigns', 'no-such-study'; there are: things." in str(
        caught.value
    )
    more = '[exclude]\nstudies = ["things"]'
    path = write_named(tmp_path, name="later", more=more)
    for _ in range(2):  # a draft replaced is checked the same way
        create_study(services, path, stimuli=stimuli)


@pytest.mark.parametrize(
    ("lab", "words"),
    [
        ('link = "open"', "an open link of [recruiter.lab]"),
        ('link = "personal"\nn_links = 3', "personal links of [recruiter.lab]"),
    ],
)
@pytest.mark.parametrize("nameless", ["things", "later"])
def test_a_gap_in_days_that_cannot_be_known_is_refused(
    services, stimuli, tmp_path, nameless, lab, words
):
    extra = {nameless: f"[recruiter.lab]\n{lab}\n"}
    things = write_named(tmp_path, name="things", more=extra.get("things", ""))
    create_study(services, things, stimuli=stimuli)
    more = '[exclude]\nstudies = ["things"]\ndays = 3\n' + extra.get("later", "")
    path = write_named(tmp_path, name="later", more=more)
    with pytest.raises(StudyDesignError) as refused:
        create_study(services, path, stimuli=stimuli)
    said = str(refused.value)
    assert "within 3 days cannot be known" in said
    assert f"study '{nameless}' lets people in by {words}" in said


def test_an_ended_lease_makes_room_for_the_next(opened_on_both, clock):
    for number in range(4):
        enter(opened_on_both, f"p{number}")
    with pytest.raises(StudyFullError):
        enter(opened_on_both, "late")
    clock.move(minutes=60)
    enter(opened_on_both, "late")
    assert sum(n_reserved for _, _, n_reserved in counters(opened_on_both)) == 1
    ended = Counter(
        (group.state, group.reason, group.n_sessions)
        for group in study_progress(opened_on_both, "things").sessions
    )
    assert ended == Counter([("expired", "expired", 4), ("started", None, 1)])


def test_another_block_never_shows_a_source_again(both_services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=20))
    open_things(
        both_services,
        stimuli,
        folder=tmp_path,
        design="max_blocks_per_participant = 3",
    )
    token = go_all_the_way(both_services, "anna")
    n_blocks = 1
    while n_blocks < 3:
        try:
            taking_steps.take_another_block(both_services, token)
        except StudyFullError:
            break
        do_block(both_services, token)
        n_blocks += 1
    assert n_blocks >= 2
    with both_services.store.read() as tx:
        shown = tx.scalars(
            select(TrialSource.source_sha256).join(
                SessionTrial, SessionTrial.trial_id == TrialSource.trial_id
            )
        ).all()
        noted = tx.scalars(select(EnrolmentSource.source_sha256)).all()
    assert len(shown) == len(set(shown))
    assert sorted(shown) == sorted(noted)


@pytest.mark.parametrize("allow_same_source", ["false", "true"])
def test_nobody_is_given_a_catch_twice(services, tmp_path, allow_same_source):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=24, n_catch=6))
    open_things(
        services,
        stimuli,
        folder=tmp_path,
        design="max_blocks_per_participant = 3\n"
        f"allow_same_source = {allow_same_source}",
    )
    token = go_all_the_way(services, "anna")
    for _ in range(2):
        taking_steps.take_another_block(services, token)
        do_block(services, token)
    with services.store.read() as tx:
        catches = tx.scalars(
            select(Trial.id)
            .join(SessionTrial, SessionTrial.trial_id == Trial.id)
            .where(Trial.role == "catch")
        ).all()
    assert len(catches) == len(set(catches)) == 6  # 3 blocks of 2


def test_a_study_asks_for_no_more_blocks_than_there_are_catches_for(services, tmp_path):
    # 4 catches, 2 of each kind, 1 of each kind a block.
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=4))
    path = write_study(tmp_path, design="max_blocks_per_participant = 3")
    with pytest.raises(StudyDesignError, match="catch trials for 2 blocks per person"):
        create_study(services, path, stimuli=stimuli)
    path = write_study(tmp_path, design="max_blocks_per_participant = 2")
    create_study(services, path, stimuli=stimuli)


def test_who_has_seen_every_catch_is_offered_no_further_block(services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=4))
    open_things(
        services, stimuli, folder=tmp_path, design="max_blocks_per_participant = 2"
    )
    token = go_all_the_way(services, "anna")
    # As if a study made by an earlier version were still running.
    with services.store.write() as tx:
        study = tx.scalars(select(Study)).one()
        design = {**study.settings["design"], "max_blocks_per_participant": 3}
        study.settings = {**study.settings, "design": design}
    taking_steps.take_another_block(services, token)
    do_block(services, token)
    with pytest.raises(StudyFullError, match="Nothing is left"):
        taking_steps.take_another_block(services, token)


def test_as_many_blocks_as_the_study_allows_and_no_more(opened):
    token = go_all_the_way(opened, "anna")
    with pytest.raises(StudyFullError, match="allows 1 per person"):
        taking_steps.take_another_block(opened, token)


def test_two_clicks_on_another_block_take_one(services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16, n_catch=20))
    open_things(
        services, stimuli, folder=tmp_path, design="max_blocks_per_participant = 3"
    )
    token = go_all_the_way(services, "anna")
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda _: taking_steps.take_another_block(services, token), range(4)
            )
        )
    page = responding.load_block(services, token)
    assert (page.kind, page.n_done) == ("trials", 0)
    assert sum(n_reserved for _, _, n_reserved in counters(services)) == 1


def test_simulated_people_fill_blocks_of_their_own(opened):
    link = recruitment(opened, "simulated", environment="simulated").token
    admission.enter(
        opened, link, incoming={"participant": "s1", "competence": "careful"}
    )
    assert sum(n_reserved for _, _, n_reserved in counters(opened)) == 0
    assert study_progress(opened, "things", environment="simulated").n_arrived == 1
    with opened.store.read() as tx:
        assert tx.scalars(select(Enrolment.competence)).all() == ["careful"]


def test_coming_from_a_new_visit_counts_as_another_attempt(opened):
    link = recruitment(opened).token
    held: tuple[str, ...] = ()
    for visit in ("v1", "v1", "v2"):
        incoming = {"PROLIFIC_PID": "anna", "SESSION_ID": visit}
        held = (admission.enter(opened, link, incoming=incoming, resume=held).token,)
    with opened.store.read() as tx:
        (session,) = tx.scalars(select(Session)).all()
    assert (session.attempt, session.recruiter_ids) == (2, {"session": "v2"})


def test_conditions_are_balanced_over_valid_and_live_sessions(services, tmp_path):
    stimuli = write_set(tmp_path / "set", SetSize(n_main=16))
    lines = (stimuli / "trials.jsonl").read_text().splitlines()
    half = [
        line.replace('"condition":""', f'"condition":"{"ab"[number % 2]}"')
        if '"role":"main"' in line
        else line
        for number, line in enumerate(lines)
    ]
    (stimuli / "trials.jsonl").write_text("\n".join(half) + "\n")
    open_things(services, stimuli, folder=tmp_path)
    for number in range(6):
        enter(services, f"p{number}")
        with services.store.read() as tx:
            counts = Counter(tx.scalars(select(Enrolment.condition)))
        assert abs(counts["a"] - counts["b"]) <= 1
        assert counts["a"] + counts["b"] == number + 1
