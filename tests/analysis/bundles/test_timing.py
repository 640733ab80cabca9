"""Times of a trial, each worked out by hand from its events."""

from __future__ import annotations

from analysis.bundles.timing import TrialTimes, trial_times


def event(kind: str, at_ms: float | None, **details: float) -> dict[str, object]:
    return {"kind": kind, "at_ms": at_ms, "slot": None, "details": details}


def test_onset_and_response_time_give_the_wall_time_of_older_pages():
    times = trial_times([event("onset", 30.0)], rt_ms=970.0)
    assert times == TrialTimes(wall_ms=1000.0, visible_ms=1000.0, all_shown_ms=30.0)


def test_a_clock_set_in_the_middle_makes_nobody_quick_or_slow():
    # 5 s by the page; the computer's clock was set back, or forward by an hour.
    for on_the_wall in (-3_595_000.0, 3_605_000.0):
        events = [
            event("all_shown", 18.0),
            event("onset", 30.0),
            event("response", 5000.0, wall_ms=on_the_wall),
        ]
        times = trial_times(events, rt_ms=4970.0)
        assert times == TrialTimes(wall_ms=5000.0, visible_ms=5000.0, all_shown_ms=18.0)


def test_time_out_of_sight_is_not_visible_time():
    # Hidden from 1000 to 1500 and from 3000 to the end at 4000.
    events = [
        event("onset", 20.0),
        event("hidden", 1000.0),
        event("visible", 1500.0),
        event("hidden", 3000.0),
        event("response", 4000.0, wall_ms=4000.0),
    ]
    assert trial_times(events, rt_ms=3980.0).visible_ms == 2500.0


def test_a_page_that_first_comes_into_sight_was_hidden_from_the_start():
    events = [event("visible", 800.0), event("onset", 820.0)]
    times = trial_times(events, rt_ms=1180.0)
    assert (times.wall_ms, times.visible_ms) == (2000.0, 1200.0)


def test_images_never_scrolled_to_were_never_all_shown():
    events = [event("onset", 20.0), event("response", 900.0, wall_ms=901.0)]
    assert trial_times(events, rt_ms=880.0).all_shown_ms is None


def test_what_happens_after_the_response_changes_nothing():
    events = [event("onset", 0.0), event("hidden", 5000.0)]
    assert trial_times(events, rt_ms=1000.0).visible_ms == 1000.0


def test_an_image_that_failed_has_no_times():
    assert trial_times([event("failed", 8000.0)], rt_ms=None) == TrialTimes()
    assert trial_times([event("onset", None)], rt_ms=10.0) == TrialTimes()
