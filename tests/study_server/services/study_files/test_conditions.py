"""What a person meets under which condition, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from stimuli.manifest import (
    Trial,
    stimulus_from_json,
    stimulus_to_json,
    trial_from_json,
    trial_id,
    trial_to_json,
)
from stimuli.recipes.assignment import CONDITIONS
from study_server.errors import ExcludedError, StudyDesignError, StudyFullError
from study_server.services import Services
from study_server.services.participation import admission, responding, taking_steps
from study_server.services.studies.block_composition import recut_missing
from study_server.services.studies.life import create_study, freeze_study, open_study
from study_server.store import tables
from tests.study_server.assignment_set import AssignmentSize, write_assignment_set
from tests.study_server.conftest import FakeClock
from tests.study_server.made_sets import SetSize, write_set
from tests.study_server.walking import (
    enter,
    failed_payload,
    go_to_practice,
    payload,
    recruitment,
)

STUDY = """
[study]
name = "things"
title = "Which group is it?"
paradigm = "{paradigm}"
seed = 4
[design]
conditions = "{conditions}"
responses_per_trial = {n}
trials_per_block = {per_block}
n_practice = 0
{design}
[analysis]
agreement = 1
[recruiter.link]
profile = "prolific"
completion_code = "C1ABCDEF"
{more}
"""


def open_study_of(
    services: Services,
    stimuli: Path,
    *,
    paradigm: str = "assignment",
    conditions: str = "within",
    n: int = 1,
    per_block: int = 8,
    design: str = "",
    more: str = "",
) -> None:
    path = stimuli.parent / "study.toml"
    text = STUDY.format(
        paradigm=paradigm,
        conditions=conditions,
        n=n,
        per_block=per_block,
        design=design,
        more=more,
    )
    path.write_text(text, "utf-8")
    create_study(services, path, stimuli=stimuli)
    freeze_study(services, "things")
    open_study(services, "things")


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven items under seven conditions, three catches of each condition."""
    return write_assignment_set(tmp_path_factory.mktemp("squares") / "set")


@pytest.fixture(scope="module")
def fourteen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen items under three conditions."""
    size = AssignmentSize(n_items=14, conditions=CONDITIONS[2:5], n_catch=4)
    return write_assignment_set(tmp_path_factory.mktemp("fourteen") / "set", size)


def given_to(services: Services, token: str, *, role: str = "main") -> list[Trial]:
    """What somebody was given, over all their sessions."""
    query = (
        select(tables.Trial)
        .join(tables.SessionTrial, tables.SessionTrial.trial_id == tables.Trial.id)
        .join(tables.Session, tables.Session.id == tables.SessionTrial.session_id)
        .join(tables.Enrolment, tables.Enrolment.id == tables.Session.enrolment_id)
        .where(tables.Enrolment.token == token, tables.Trial.role == role)
    )
    with services.store.read() as tx:
        return [
            Trial(
                id=row.trial_id,
                slots=row.slots,
                question=row.question,
                classes=tuple(row.classes),
                role="main",
                sources=tuple(row.sources),
                condition=row.condition,
                truth=row.truth,
            )
            for row in tx.scalars(query)
        ]


def item_of(trial: Trial) -> tuple[frozenset[str], str]:
    return frozenset(trial.classes), trial.slots["target"]


def answer(services: Services, token: str, *, n_failed: int = 0) -> None:
    """Get every trial of the block right; the first few main ones fail to show."""
    page = responding.load_block(services, token)
    with services.store.read() as tx:
        rows = tx.execute(
            select(tables.SessionTrial.token, tables.Trial.key, tables.Trial.role)
            .join(tables.Trial, tables.Trial.id == tables.SessionTrial.trial_id)
            .where(tables.SessionTrial.token.in_([t.token for t in page.trials]))
        ).all()
    for trial_token, key, role in sorted(rows, key=lambda row: row[2] != "main"):
        if role == "main" and n_failed > 0:
            n_failed -= 1
            responding.take_response(services, token, failed_payload(trial_token))
            continue
        body = {**payload(trial_token), "key": str(uuid4())}
        body["response"] = dict(key) if key else {"relevant": "yes"}
        responding.take_response(services, token, body)


def go_through(services: Services, person: str, *, n_failed: int = 0) -> str:
    token = enter(services, person)
    go_to_practice(services, token)
    answer(services, token, n_failed=n_failed)
    return token


def test_a_condition_is_not_called_what_tables_call_all_together(
    services, squares, tmp_path
):
    shutil.copytree(squares, tmp_path / "set")
    path = tmp_path / "set" / "trials.jsonl"
    trials = [trial_from_json(line) for line in path.read_text("utf-8").splitlines()]
    renamed = [
        replace(trial, condition="all")
        if trial.condition == CONDITIONS[0].name
        else trial
        for trial in trials
    ]
    path.write_text("".join(f"{trial_to_json(t)}\n" for t in renamed), "utf-8")
    with pytest.raises(StudyDesignError, match="a condition called 'all'"):
        open_study_of(services, tmp_path / "set")


def test_everybody_meets_all_conditions_and_every_item_once(both_services, squares):
    open_study_of(both_services, squares)
    tokens = [go_through(both_services, f"p{number}") for number in range(7)]
    cells: Counter[tuple[object, str]] = Counter()
    for token in tokens:
        mine = given_to(both_services, token)
        assert sorted(t.condition for t in mine) == sorted(c.name for c in CONDITIONS)
        assert len({item_of(t) for t in mine}) == 7
        cells.update((item_of(t), t.condition) for t in mine)
    # A Latin square: 7 items by 7 conditions, each cell once.
    assert len(cells) == 49
    assert set(cells.values()) == {1}
    with pytest.raises(StudyFullError):
        enter(both_services, "p8")


def test_thirty_at_once_fill_fourteen_places_of_two_squares(both_services, squares):
    open_study_of(both_services, squares, n=2)

    def come(number: int) -> str | None:
        try:
            return enter(both_services, f"p{number}")
        except StudyFullError:
            return None

    with ThreadPoolExecutor(max_workers=15) as pool:
        tokens = [token for token in pool.map(come, range(30)) if token]
    assert len(tokens) == 14
    shown = Counter(
        (item_of(trial), trial.condition)
        for token in tokens
        for trial in given_to(both_services, token)
    )
    assert set(shown.values()) == {2}


def test_a_person_who_returns_meets_no_item_in_another_condition(
    both_services, fourteen
):
    open_study_of(both_services, fourteen, n=3, design="max_blocks_per_participant = 2")
    # 14 items by three conditions by three responses: 18 blocks of seven.
    for number in range(9):
        token = go_through(both_services, f"p{number}")
        taking_steps.take_step(both_services, token, "survey", {})
        taking_steps.take_another_block(both_services, token)
        answer(both_services, token)
        mine = given_to(both_services, token)
        assert len(mine) == 14
        assert len({item_of(trial) for trial in mine}) == 14
        # 14 items by three conditions: as even as blocks of 7 allow.
        counts = Counter(trial.condition for trial in mine)
        assert max(counts.values()) - min(counts.values()) <= 2


def test_an_ended_lease_gives_the_same_cells_to_the_next(
    both_services, squares, clock: FakeClock
):
    open_study_of(both_services, squares)
    first = enter(both_services, "leaves")
    lost = {trial.id for trial in given_to(both_services, first)}
    others = [enter(both_services, f"p{number}") for number in range(6)]
    with pytest.raises(StudyFullError):
        enter(both_services, "late")
    clock.move(minutes=61)
    again = {trial.id for trial in given_to(both_services, enter(both_services, "new"))}
    # All seven leases are over; the emptiest block with the lowest number comes.
    assert again == lost
    assert all(
        lost.isdisjoint(t.id for t in given_to(both_services, token))
        for token in others
    )


def test_a_top_up_recuts_what_is_missing_of_each_condition(both_services, squares):
    open_study_of(both_services, squares)
    for n in range(7):
        go_through(both_services, f"p{n}", n_failed=2)
    topped = recut_missing(both_services, "things")
    # Two of seven in each of seven blocks: 14 trials, two per person's item.
    assert (topped.n_missing, topped.n_trials) == (14, 14)
    new = [go_through(both_services, f"q{n}") for n in range(topped.n_blocks)]
    for token in new:
        mine = given_to(both_services, token)
        assert len({item_of(trial) for trial in mine}) == len(mine)
    filled = Counter(
        trial.id for token in new for trial in given_to(both_services, token)
    )
    assert len(filled) == 14
    assert set(filled.values()) == {1}
    assert recut_missing(both_services, "things").n_missing == 0


def test_between_people_the_condition_with_the_fewest_sessions_comes_first(
    both_services, squares
):
    open_study_of(both_services, squares, conditions="between", n=2)
    conditions: Counter[str] = Counter()
    for number in range(10):
        token = enter(both_services, f"p{number}")
        mine = {trial.condition for trial in given_to(both_services, token)}
        assert len(mine) == 1
        conditions.update(mine)
        if number == 6:
            assert set(conditions.values()) == {1}  # each of the seven once
    assert sorted(conditions.values()) == [1, 1, 1, 1, 2, 2, 2]


def test_catches_are_of_the_condition_of_the_block(services, squares):
    open_study_of(services, squares, conditions="between", n=2)
    for number in range(7):
        token = enter(services, f"p{number}")
        (mine,) = {trial.condition for trial in given_to(services, token)}
        assert {t.condition for t in given_to(services, token, role="catch")} == {mine}


def test_images_of_groups_do_not_count_as_seen(services, squares):
    open_study_of(services, squares)
    token = enter(services, "p1")
    mine = given_to(services, token) + given_to(services, token, role="catch")
    with services.store.read() as tx:
        noted = set(tx.scalars(select(tables.EnrolmentSource.source_sha256)))
    # Seven targets and that of the catch, of 37 sources each.
    assert len(noted) == 8
    assert len({source for trial in mine for source in trial.sources}) > 150


def test_a_target_that_was_an_example_before_is_refused(services, squares, tmp_path):
    folder = copy_of(squares, tmp_path)
    trials = read_trials(folder)
    slots = {**trials[0].slots, "target": trials[1].slots["group_1_1"]}
    changed = replace(
        trials[0],
        id=trial_id(slots, trials[0].question, classes=trials[0].classes),
        slots=slots,
    )
    write_trials(folder, [changed, *trials[1:]])
    with pytest.raises(StudyDesignError, match="its target is also an image"):
        open_study_of(services, folder, conditions="between")
    open_study_of(
        services, folder, conditions="between", design="allow_same_source = true"
    )


def test_a_telephone_is_turned_away_before_anything_is_stored(services, squares):
    open_study_of(services, squares)
    token = recruitment(services).token
    incoming = {"PROLIFIC_PID": "p1", "SESSION_ID": "v1"}
    landing = admission.look_at(services, token, incoming=incoming, device="phone")
    assert "desktop" in str(landing.problem)
    with pytest.raises(ExcludedError):
        admission.enter(services, token, incoming=incoming, device="phone")
    with services.store.read() as tx:
        assert tx.scalars(select(tables.Participant)).all() == []


# Displays of images


@pytest.fixture(scope="module")
def displays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images, each whole and as attention; controls of both displays."""
    folder = tmp_path_factory.mktemp("displays") / "set"
    write_set(folder, SetSize(n_main=24, n_control=8, per_block_foil=2))
    trials = read_trials(folder)
    main = [trial for trial in trials if trial.role == "main"]
    source = {trial.id: main[n % 12].sources for n, trial in enumerate(main)}
    shared = {trial.slots["target"]: source[trial.id][0] for trial in main}
    manifest = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    stimuli = [stimulus_from_json(line) for line in manifest]
    lines = [
        stimulus_to_json(
            replace(one, source_sha256=shared.get(one.id, one.source_sha256))
        )
        for one in stimuli
    ]
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    changed = []
    for n, trial in enumerate(trials):
        condition = ("whole", "attention")[n // 12] if trial.role == "main" else ""
        if trial.role == "control":
            condition = ("whole", "attention")[n % 2]
        changed.append(
            replace(
                trial,
                condition=condition,
                sources=source.get(trial.id, trial.sources),
                classes=("1",) if trial.role == "main" else trial.classes,
            )
        )
    write_trials(folder, changed)
    return folder


def test_every_image_in_one_display_per_person_and_both_across_people(
    both_services, displays
):
    # Blocks of 10: 2 catches, 2 foils, 6 of the 12 images.
    open_study_of(
        both_services,
        displays,
        paradigm="relevance",
        conditions="by-image",
        n=2,
        per_block=10,
        design="max_blocks_per_participant = 2",
    )
    shown: Counter[tuple[str, str]] = Counter()
    tokens = [go_through(both_services, f"p{number}") for number in range(8)]
    for token in tokens:
        mine = given_to(both_services, token)
        counts = Counter(trial.condition for trial in mine)
        assert counts == {"whole": 3, "attention": 3}
        assert len({trial.sources for trial in mine}) == 6
        foils = given_to(both_services, token, role="control")
        assert Counter(t.condition for t in foils) == {"whole": 1, "attention": 1}
        shown.update((trial.sources[0], trial.condition) for trial in mine)
    # 12 images by two displays by two responses in eight blocks of six.
    assert len(shown) == 24
    assert set(shown.values()) == {2}


def test_instructions_speak_of_hidden_parts_where_a_session_has_them(
    services, displays
):
    open_study_of(
        services, displays, paradigm="relevance", conditions="between", per_block=10
    )
    said = {}
    for number in range(2):
        token = enter(services, f"p{number}")
        taking_steps.take_step(services, token, "consent", {"agree": "yes"})
        (mine,) = {trial.condition for trial in given_to(services, token)}
        step = taking_steps.current_step(services, token)
        said[mine] = step.conditions  # type: ignore[union-attr]
    assert said == {"whole": ("whole",), "attention": ("attention",)}


def test_a_study_of_one_level_asks_about_nothing_else(services, displays):
    open_study_of(
        services,
        displays,
        paradigm="relevance",
        conditions="between",
        per_block=10,
        design='levels = ["attention"]',
    )
    with services.store.read() as tx:
        rows = tx.scalars(select(tables.Trial.condition)).all()
    assert Counter(rows) == {"attention": 12 + 4, "": 8}


@pytest.mark.parametrize(
    ("conditions", "design", "words"),
    [
        ("between", 'levels = ["whole", "blurred"]', "no main trials of blurred"),
        ("within", 'levels = ["whole"]', "needs trials of several conditions"),
        ("by-image", 'levels = ["whole"]', "the set has whole"),
    ],
)
def test_a_set_that_lacks_a_condition_is_refused_in_words(
    services, displays, conditions, design, words
):
    with pytest.raises(StudyDesignError, match=words):
        open_study_of(
            services,
            displays,
            paradigm="relevance",
            conditions=conditions,
            per_block=10,
            design=design,
        )


def test_within_needs_every_item_under_every_condition(services, squares, tmp_path):
    folder = copy_of(squares, tmp_path)
    trials = read_trials(folder)
    write_trials(folder, trials[1:])
    with pytest.raises(StudyDesignError, match="1 of 7 items lack one"):
        open_study_of(services, folder)


def copy_of(folder: Path, place: Path) -> Path:
    """The set's files; a set's images are no links."""
    copy = place / "copy"
    copy.mkdir()
    for path in folder.iterdir():
        target = copy / path.name
        if path.is_dir():
            shutil.copytree(path, target, copy_function=os.link)
        else:
            target.write_bytes(path.read_bytes())
    return copy


def read_trials(folder: Path) -> list[Trial]:
    lines = (folder / "trials.jsonl").read_text("utf-8").splitlines()
    return [trial_from_json(line) for line in lines if json.loads(line)]


def write_trials(folder: Path, trials: list[Trial]) -> None:
    lines = (trial_to_json(trial) for trial in trials)
    (folder / "trials.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
