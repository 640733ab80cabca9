import csv
from collections import Counter

import pytest

from study_server.errors import (
    MalformedResponseError,
    UnknownStudyError,
    UnknownTrialError,
)
from study_server.services.bundles.exporting import export_study
from study_server.services.quality.audit import (
    AuditError,
    audit_overview,
    draw_audit,
    next_audit_block,
    take_audit_response,
)
from study_server.services.studies import life
from tests.study_server.serving import NAME, create_tiny_study


def say(services, token, value="yes", **more):
    payload = {"key": "k", "trial": token, "response": {"relevant": value}, **more}
    return take_audit_response(services, NAME, payload)


def counted_votes(folder):
    with (folder / "responses.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["is_counted"] == "true"]
    return Counter(
        {
            trial: sum(r["accepts"] == "true" for r in rows if r["trial"] == trial)
            for trial in {row["trial"] for row in rows}
        }
    )


def test_the_sample_takes_as_evenly_from_every_number_of_votes_as_it_can(ran, tmp_path):
    folder = export_study(
        ran, NAME, out=tmp_path / "b", environment="simulated", images="none"
    )
    of_votes = Counter(counted_votes(folder).values())
    overview = draw_audit(ran, NAME, n=4, environment="simulated")
    drawn = {entry.stratum: entry.n_trials for entry in overview.strata}
    assert sum(drawn.values()) == overview.n_trials == 4
    assert set(drawn) <= set(of_votes)
    # Even: a stratum has two fewer than another only when it is used up.
    for votes, n_finished in of_votes.items():
        n = drawn.get(votes, 0)
        assert n == n_finished or n >= max(drawn.values()) - 1


def test_a_sample_larger_than_the_study_takes_every_finished_trial_once(ran):
    overview = draw_audit(ran, NAME, n=500, environment="simulated")
    assert overview.n_trials == 12
    block = next_audit_block(ran, NAME, n_trials=100)
    images = [url for page in block.trials for url in page.images]
    assert len(set(images)) == 12


def test_drawing_again_keeps_what_was_drawn_and_adds_to_it(ran):
    draw_audit(ran, NAME, n=3, environment="simulated")
    before = [page.token for page in next_audit_block(ran, NAME).trials]
    draw_audit(ran, NAME, n=3, environment="simulated")
    assert [page.token for page in next_audit_block(ran, NAME).trials] == before
    draw_audit(ran, NAME, n=5, environment="simulated")
    after = [page.token for page in next_audit_block(ran, NAME).trials]
    assert after[:3] == before
    assert len(set(after)) == 5


def test_the_page_shows_no_votes_and_no_key(ran):
    draw_audit(ran, NAME, n=4, environment="simulated")
    page = next_audit_block(ran, NAME).trials[0]
    assert page.paradigm.name == "relevance"
    assert len(page.view.classes) == 1
    assert all(url.startswith("/media/") for url in page.images)
    assert set(vars(page)) == {
        "token", "position", "paradigm", "view", "images", "exposure", "is_done",
    }  # fmt: skip


def test_responses_are_kept_apart_and_exported_as_the_audit(ran, tmp_path):
    before = export_study(ran, NAME, out=tmp_path / "before", environment="simulated")
    draw_audit(ran, NAME, n=4, environment="simulated")
    first, second = (page.token for page in next_audit_block(ran, NAME).trials[:2])
    assert say(ran, first, "yes").n_done == 1
    assert say(ran, second, "no").n_done == 2
    after = export_study(ran, NAME, out=tmp_path / "after", environment="simulated")
    with (after / "audit.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["accepts"] for row in rows] == ["true", "false"]
    for name in ("responses.csv", "sessions.csv"):
        assert (after / name).read_bytes() == (before / name).read_bytes()


def test_the_first_response_counts_and_a_second_is_a_duplicate(ran, tmp_path):
    draw_audit(ran, NAME, n=2, environment="simulated")
    token = next_audit_block(ran, NAME).trials[0].token
    assert not say(ran, token, "yes").is_duplicate
    assert say(ran, token, "no").is_duplicate
    out = export_study(ran, NAME, out=tmp_path / "b", environment="simulated")
    assert (out / "audit.csv").read_text().count("true") == 1


def test_an_image_that_failed_to_show_leaves_the_trial_for_later(ran):
    draw_audit(ran, NAME, n=2, environment="simulated")
    token = next_audit_block(ran, NAME).trials[0].token
    receipt = take_audit_response(ran, NAME, {"trial": token, "response": None})
    assert receipt.n_done == 0
    assert next_audit_block(ran, NAME).trials[0].token == token


def test_when_all_is_judged_nothing_is_left_to_show(ran):
    draw_audit(ran, NAME, n=2, environment="simulated")
    for page in next_audit_block(ran, NAME).trials:
        say(ran, page.token)
    assert next_audit_block(ran, NAME).trials == ()
    overview = audit_overview(ran, NAME)
    assert (overview.n_done, overview.n_trials) == (2, 2)


def test_garbage_and_foreign_trials_are_refused(ran):
    draw_audit(ran, NAME, n=2, environment="simulated")
    token = next_audit_block(ran, NAME).trials[0].token
    with pytest.raises(MalformedResponseError, match="yes or no"):
        say(ran, token, "maybe")
    with pytest.raises(MalformedResponseError):
        take_audit_response(ran, NAME, {"trial": token, "response": "yes"})
    for foreign in ("nonsense", None, {"a": 1}):
        with pytest.raises(UnknownTrialError):
            say(ran, foreign)
    assert audit_overview(ran, NAME).n_done == 0


def test_a_study_without_finished_trials_has_nothing_to_check(empty, tmp_path):
    create_tiny_study(empty, tmp_path)
    with pytest.raises(AuditError, match="3 valid responses"):
        draw_audit(empty, NAME, n=5)
    assert audit_overview(empty, NAME).n_trials == 0
    with pytest.raises(UnknownStudyError, match="tiny"):
        draw_audit(empty, "x", n=5)


def test_unfinished_live_trials_are_not_drawn_for_simulated_votes(ran):
    # One live person answered 6 trials; each has 1 of 3 responses.
    assert life.study_progress(ran, NAME).responses_per_trial == {0: 6, 1: 6}
    with pytest.raises(AuditError):
        draw_audit(ran, NAME, n=5)
