"""The rules judge an exported bundle as the server judged its sessions."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from sqlalchemy import select, update

from analysis.bundles.reading import BundleError, read_bundle
from analysis.people.reapplied_rules import differences, judge_bundle, without_rules
from study_server.services.bundles.exporting import export_study
from study_server.services.participation.validity import judge_study
from study_server.store.tables import Study
from tests.analysis.bundle_maker import rehash
from tests.study_server.serving import NAME

STRICT = {
    "min_catch_accuracy": 1.0,
    "min_catch_yes_accuracy": 0.9,
    "min_catch_no_accuracy": 0.9,
    "response_seconds": [0.3, 4],
    "min_median_rt_ms": 800,
    "max_same_response_share": 0.9,
    "max_same_place_share": 0.9,
    "max_run_length": 6,
    "max_hidden_share": 0.2,
    "session_minutes": [0.05, 2],
}


@pytest.fixture
def strict(ran, tmp_path):
    """A study that simulated participants did, judged by every rule there is."""
    with ran.store.write() as tx:
        row = tx.scalars(select(Study)).one()
        quality = {**row.settings["quality"], **STRICT}
        # Thawed: the bundle of a frozen study would tell of other settings.
        thawed = {"state": "draft", "frozen_at": None, "frozen_sha256": None}
        settings = {**row.settings, "quality": quality}
        tx.execute(update(Study).values(settings=settings, **thawed))
    judge_study(ran, NAME, environment="simulated")
    return read_bundle(
        export_study(ran, NAME, out=tmp_path / "bundle", environment="simulated")
    )


def test_every_rule_comes_to_the_same_end_from_the_bundle(strict):
    assert differences(strict).empty
    verdicts = judge_bundle(strict)
    broken = {name for text in verdicts.sessions for name in text.split(";")} - {""}
    # Robots and yes-sayers took part, so that this is a test of something.
    assert {"catch_accuracy", "median_rt", "same_response"} <= broken
    own = {name for text in verdicts.responses for name in text.split(";")} - {""}
    assert own == {"response_too_quick", "response_too_slow"}


def test_a_bundle_that_was_judged_otherwise_is_found_out(strict):
    first = strict.sessions.index[strict.sessions["exclusion_reason"] == ""][0]
    reasons = strict.sessions["exclusion_reason"].copy()
    reasons[first] = "lost_attention"
    own = pd.Series("", index=strict.responses.index, dtype=object)
    changed = strict.with_validity(sessions=reasons, responses=own)
    found = differences(changed)
    mine = found[found["level"] == "session"]
    assert mine[["stated", "found"]].values.tolist() == [["lost_attention", ""]]
    assert (found.loc[found["level"] == "response", "stated"] == "").all()
    assert (found["level"] == "response").sum() > 0


def test_without_a_rule_what_it_left_out_counts_and_the_rest_stays_out(strict):
    lenient = without_rules(strict, ["response_too_quick", "response_too_slow"])
    assert lenient.responses["is_valid"].sum() > strict.responses["is_valid"].sum()
    reasons = set(lenient.responses["exclusion_reason"])
    assert reasons == {"", "session"}
    by_catches = strict.sessions["exclusion_reason"].str.contains("catch_accuracy")
    assert not lenient.sessions.loc[by_catches, "is_valid"].any()
    same = without_rules(strict, [])
    pd.testing.assert_frame_equal(same.responses, strict.responses, check_dtype=False)
    with pytest.raises(ValueError, match="no rule is named agreement; there are"):
        without_rules(strict, ["agreement"])


def test_erased_and_unfinished_sessions_are_no_difference(strict):
    reasons = strict.sessions["exclusion_reason"].astype(object).copy()
    reasons.iloc[0] = "erased"
    reasons.iloc[1] = None
    own = strict.responses["exclusion_reason"].str.replace(";?session$", "", regex=True)
    changed = strict.with_validity(sessions=reasons, responses=own)
    assert differences(changed).empty


def test_a_bundle_whose_frozen_settings_were_changed_is_not_read(ran, tmp_path):
    folder = export_study(ran, NAME, out=tmp_path / "b", environment="simulated")
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    settings["quality"]["min_catch_accuracy"] = 0.1
    (folder / "settings.json").write_text(json.dumps(settings))
    toml = (folder / "study.toml").read_text("utf-8")
    (folder / "study.toml").write_text(toml.replace("1.0", "0.1"))
    rehash(folder)  # whoever tampers also mends the hashes of files
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    assert "study.toml is not the file the study was made from" in str(caught.value)
    assert "settings.json is not what was frozen with the study" in str(caught.value)
