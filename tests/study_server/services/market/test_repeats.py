"""Who does several pages of a study meets other images, and is kept from repeats."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from study_server.cli._market import quote_words
from study_server.recruiters.market import Spot
from study_server.services import Services
from study_server.services.market import (
    collecting,
    paying,
    posting,
    qualifying,
    quoting,
)
from study_server.services.market.recruitment import load_recruitment
from study_server.services.market.status import standing
from study_server.services.studies.life import create_study, freeze_study, open_study
from tests.marketplace_server import (
    LiveMarketplace,
    RefusedError,
    live_marketplace,
)
from tests.study_server.services.market.test_collecting import THREE, open_world
from tests.study_server.services.market.test_sheets import HTML, hand_in
from tests.study_server.services.market_world import World, make_world

__all__ = ["live_marketplace"]


def sheets(world: World) -> list[set[int]]:
    """The trials each page asks for."""
    return [
        {e["trial"] for e in (hit.sheet or {})["trials"] if e["kind"] == "trials"}
        for hit in world.rows()
    ]


def n_judged_twice(world: World) -> int:
    """Trials and images that one person's sessions hold more than once."""
    pairs = (
        "SELECT count(*) - count(DISTINCT session_trial.trial_id) FROM session_trial"
    )
    with world.services.store.read() as tx:
        return int(tx.execute(text(pairs)).scalar_one())


def test_pages_of_a_study_have_no_image_in_common_and_end_with_what_one_may_do(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    design = "max_blocks_per_participant = 2"
    world = open_world(services, live_marketplace, tmp_path, design=design)
    quote = quoting.quote_missing(world.recruitment)
    assert quote.n_repeatable == 0
    assert "paid repeats" not in quote_words(quote)
    world.post()
    first, second, third = sheets(world)
    # Catches too: there are enough for three blocks.
    assert not (first & second) | (second & third) | (first & third)
    worker = world.live.add_worker()
    *two, last = world.open_hits()
    for hit_id in two:
        hand_in(world, worker, hit_id)
    collecting.sync(world.recruitment)
    assert n_judged_twice(world) == 0
    with pytest.raises(RefusedError):
        worker.accept(last)
    world.live.add_worker().accept(last)


def test_a_block_posted_again_is_for_people_who_are_new(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    world = open_world(services, live_marketplace, tmp_path)
    world.post()
    worker = world.live.add_worker()
    first, second, _ = world.open_hits()
    hand_in(world, worker, first, n_left_out=2)
    assert world.post().n_posted == 1
    again = next(hit["HITId"] for hit in world.hits()[3:])
    with pytest.raises(RefusedError):
        worker.accept(again)
    # What shows them other images is still theirs.
    hand_in(world, worker, second)
    hand_in(world, world.live.add_worker(), again)
    assert collecting.sync(world.recruitment).labels == {"complete": 2}


def test_where_pages_share_images_quote_warns_and_no_image_counts_twice(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    design = f'{THREE}\ncomposition = "fresh"'
    world = open_world(services, live_marketplace, tmp_path, design=design)
    quote = quoting.quote_missing(world.recruitment)
    # Two cuts of the same twelve images, three blocks of one place each.
    assert quote.n_repeatable == quote.n_assignments == 6
    assert "warning, paid repeats: 6 of these assignments" in quote_words(quote)
    world.post()
    worker = world.live.add_worker()
    # One block of the first cut and two of the second: nobody has been told yet.
    rows = world.rows()
    for hit in (rows[0], rows[3], rows[4]):
        hand_in(world, worker, hit.external_id or "")
    collecting.sync(world.recruitment)
    assert n_judged_twice(world) == 0
    lines = standing(world.recruitment).work
    assert {line.label for line in lines} <= {"complete", "repeat"}
    assert any("shown to this person before" in line.problem for line in lines)
    assert paying.approve(world.recruitment).n_done == 3


@pytest.mark.parametrize(("section", "n_repeatable"), [(HTML, 4), ("", 0)])
def test_only_pages_that_cannot_ask_who_opens_them_have_repeats(
    services: Services,
    live_marketplace: LiveMarketplace,
    stimuli: Path,
    tmp_path: Path,
    section: str,
    n_repeatable: int,
):
    world = make_world(
        services, live_marketplace, folder=tmp_path, stimuli=stimuli, section=section
    )
    assert quoting.quote_missing(world.recruitment).n_repeatable == n_repeatable


def test_two_studies_with_the_same_settings_stay_apart_for_workers(
    services: Services, live_marketplace: LiveMarketplace, tmp_path: Path
):
    world = open_world(services, live_marketplace, tmp_path)
    path = tmp_path / "others.toml"
    toml = (tmp_path / "things.toml").read_text()
    path.write_text(toml.replace('name = "things"', 'name = "others"'))
    create_study(services, path, stimuli=tmp_path / "set")
    freeze_study(services, "others")
    open_study(services, "others")
    second = load_recruitment(
        services, "others", spot=Spot(), market=world.recruitment.market
    )
    for recruitment in (world.recruitment, second):
        posting.keep_low_pay_reason(recruitment, None)
    offers = [
        qualifying.prepare_offers(recruitment)
        for recruitment in (world.recruitment, second)
    ]
    named = {name for each in offers for name in (each.anybody, each.newcomers)}
    assert len(named) == 4
    assert qualifying.prepare_offers(second) == offers[1]
