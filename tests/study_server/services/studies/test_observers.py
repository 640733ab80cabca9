from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from analysis.bundles.reading import Bundle, read_bundle
from stimuli.manifest import StimulusSet
from stimuli.observations import (
    OBSERVATIONS,
    Observation,
    Observer,
    ObserverRecord,
    records_to_text,
)
from study_server.errors import UnknownStudyError
from study_server.services import Services
from study_server.services.bundles.exporting import export_study
from study_server.services.studies.life import create_study
from study_server.services.studies.observers import (
    ObserverMismatchError,
    take_observers,
    why_left_out,
)
from study_server.store import schema, upgrade
from study_server.store.tables import ObservationRow
from tests.study_server.conftest import write_study
from tests.study_server.walking import go_all_the_way


def observed(
    folder: Path, name: str = "net", *, field: str = "relevant", n_left_out: int = 0
) -> ObserverRecord:
    """Yes to every trial with a share of .75, but the second, which is refused."""
    trials = list(StimulusSet.open(folder).trials())
    trials = trials[: len(trials) - n_left_out]
    observations = [
        Observation(
            trial=trial.id,
            response={field: "yes"},
            shares={field: {"yes": 0.75, "no": 0.25}},
            rule="top1",
        )
        for trial in trials
    ]
    refused = replace(observations[1], response=None, refusal="too dark", shares={})
    return ObserverRecord(
        observer=Observer(name=name, kind="classifier", facts={"rule": "top1"}),
        observations=(observations[0], refused, *observations[2:]),
    )


def write(folder: Path, *records: ObserverRecord) -> None:
    (folder / OBSERVATIONS).write_text(records_to_text(records))


def read(folder: Path) -> Bundle:
    """The bundle of a set that no classifier predicted on."""
    path = folder / "bundle.json"
    head = json.loads(path.read_text())
    head["stimuli"]["classifiers"] = []
    path.write_text(json.dumps(head))
    return read_bundle(folder)


def test_observers_are_taken_into_an_open_study_and_exported_beside_people(
    opened_on_both: Services, stimuli: Path, tmp_path: Path
):
    go_all_the_way(opened_on_both, "anna")
    before = export_study(opened_on_both, "things", out=tmp_path / "before")
    write(stimuli, observed(stimuli), observed(stimuli, "other"))
    taken = take_observers(opened_on_both, "things", stimuli)
    assert taken.added == ("net", "other")
    assert take_observers(opened_on_both, "things", stimuli).there == ("net", "other")
    after = export_study(opened_on_both, "things", out=tmp_path / "after")
    for name in ("responses.csv", "sessions.csv", "trials.csv"):
        assert (after / name).read_bytes() == (before / name).read_bytes()
    bundle = read(after)
    n_trials = len(bundle.trials)
    rows = bundle.observations
    assert rows.groupby("observer").size().to_dict() == {
        "net": n_trials,
        "other": n_trials,
    }
    assert set(rows["trial"]) == set(bundle.trials["trial"])
    given = rows[rows["refusal"] == ""]
    assert set(given["value"]) == {"yes"}
    assert set(given["probability"]) == {0.75}
    (refused,) = rows[(rows["refusal"] != "") & (rows["observer"] == "net")].to_dict(
        "records"
    )
    assert (refused["value"], refused["refusal"]) == ("", "too dark")
    first = bundle.observers[0]
    assert (first["name"], first["kind"], first["rule"]) == (
        "net",
        "classifier",
        "top1",
    )
    assert (first["n_values"], first["n_refused"]) == (n_trials - 1, 1)
    # Earlier bundles have neither.
    (before / "observations.csv").unlink()
    head = json.loads((before / "bundle.json").read_text())
    for key in ("observers", "levels"):
        head.pop(key)
    head["files"].pop("observations.csv")
    (before / "bundle.json").write_text(json.dumps(head))
    old = read(before)
    assert len(old.observations) == 0
    assert list(old.observations) == list(rows)
    assert old.observers == ()
    assert old.levels is None


def test_a_database_with_observers_goes_down_and_up(
    opened_on_both: Services, stimuli: Path
):
    write(stimuli, observed(stimuli))
    take_observers(opened_on_both, "things", stimuli)
    with opened_on_both.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(ObservationRow))
    url = opened_on_both.settings.database_url
    opened_on_both.store.close()
    schema.downgrade(url, revision="0120")
    upgrade(url)
    assert schema.find_differences(url) == []


def test_observers_of_the_set_come_with_the_study(services, stimuli, tmp_path):
    write(stimuli, observed(stimuli), observed(stimuli, "strange", field="category"))
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    (words,) = why_left_out(services, "things")
    assert "'strange' fills category" in words
    assert "this study asks observers for relevant" in words
    out = export_study(services, "things", out=tmp_path / "bundle")
    assert [each["name"] for each in read(out).observers] == ["net"]
    # A draft made anew takes them again.
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    assert take_observers_fails(services, stimuli) == words.removeprefix("left out: ")


def take_observers_fails(services: Services, stimuli: Path) -> str:
    with pytest.raises(ObserverMismatchError) as caught:
        take_observers(services, "things", stimuli)
    return str(caught.value)


def test_observers_whose_trials_do_not_match_are_refused_in_words(
    services, stimuli, tmp_path
):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    assert "nobody has observed" in take_observers_fails(services, stimuli)
    n_trials = len(list(StimulusSet.open(stimuli).trials()))
    write(stimuli, observed(stimuli, n_left_out=n_trials - 2))
    assert "did not respond to" in take_observers_fails(services, stimuli)
    whole = observed(stimuli)
    write(stimuli, replace(whole, observations=(
        replace(whole.observations[0], trial="0" * 32), *whole.observations[1:])))  # fmt: skip
    assert "responded to 1 trials that are not in" in take_observers_fails(
        services, stimuli
    )
    write(stimuli, whole)
    take_observers(services, "things", stimuli)
    write(stimuli, replace(whole, observations=whole.observations[::-1]))
    assert "put it in that one's place with --replace" in take_observers_fails(
        services, stimuli
    )
    taken = take_observers(services, "things", stimuli, replace_others=True)
    assert taken.added == ("net",)
    with pytest.raises(UnknownStudyError):
        take_observers(services, "none", stimuli)


def test_a_response_that_nobody_could_give_is_refused(services, stimuli, tmp_path):
    create_study(services, write_study(tmp_path), stimuli=stimuli)
    whole = observed(stimuli)
    strange = replace(whole.observations[0], response={"relevant": "zebra"}, shares={})
    write(stimuli, replace(whole, observations=(strange, *whole.observations[1:])))
    words = take_observers_fails(services, stimuli)
    assert "'zebra' for relevant" in words
    assert "people choose from" in words
