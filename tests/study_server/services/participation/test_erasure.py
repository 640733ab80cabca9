import csv
import hashlib
import json
from dataclasses import asdict, replace

import httpx
import pytest

from study_server.config import with_secret_key
from study_server.errors import UnknownTokenError
from study_server.services.bundles.exporting import export_study
from study_server.services.participation import taking_steps
from study_server.services.participation.erasure import (
    UnknownParticipantError,
    erase_participant,
    find_participant,
)
from study_server.services.participation.receipts import check_receipt
from study_server.services.studies import life
from study_server.store import erasures
from tests.study_server.serving import (
    NAME,
    PLANTED_VISIT,
    PLANTED_WORKER,
    serving,
)


def stored(services) -> bytes:
    services.store.close()
    return b"".join(
        path.read_bytes() for path in services.settings.data_dir.glob("*.sqlite3*")
    )


def rows(services, tmp_path, name, environment="live"):
    out = export_study(
        services,
        NAME,
        out=tmp_path / f"{name}-{environment}",
        environment=environment,
        images="none",
    )
    with (out / f"{name}.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture
def issuer(ran):
    with ran.store.read() as tx:
        found = erasures.issuers(tx)
    (name,) = set(found) - {"simulated"}
    return name


@pytest.fixture
def planted(ran, issuer):
    return find_participant(ran, issuer, external_id=PLANTED_WORKER)


def test_keeping_responses_removes_who_gave_them(ran, planted, tmp_path):
    receipt = erase_participant(ran, planted)
    # 2 practice, 6 main and 2 catch trials.
    assert (receipt.n_responses_kept, receipt.n_responses_deleted) == (10, 0)
    assert receipt.n_identities_deleted == 1
    assert receipt.n_sessions == 1
    assert len(rows(ran, tmp_path, "responses")) == 10
    assert rows(ran, tmp_path, "survey") == []
    assert life.study_progress(ran, NAME).responses_per_trial == {0: 6, 1: 6}


def test_not_a_byte_of_the_ids_stays_in_the_files(ran, planted):
    assert PLANTED_WORKER.encode() in stored(ran)
    erase_participant(ran, planted)
    content = stored(ran)
    assert PLANTED_WORKER.encode() not in content
    assert PLANTED_VISIT.encode() not in content


def test_deleting_responses_frees_their_places(ran, planted, tmp_path):
    before = life.study_progress(ran, NAME)
    assert sum(block.n_valid for block in before.blocks) == 1
    receipt = erase_participant(ran, planted, responses="delete")
    assert (receipt.n_responses_kept, receipt.n_responses_deleted) == (0, 10)
    assert rows(ran, tmp_path, "responses") == []
    after = life.study_progress(ran, NAME)
    assert sum(block.n_valid for block in after.blocks) == 0
    assert after.responses_per_trial == {0: 12}
    (session,) = rows(ran, tmp_path, "sessions")
    assert (session["is_valid"], session["exclusion_reason"]) == ("false", "erased")


def test_nobody_else_is_touched(ran, planted, tmp_path):
    def simulated():
        return {
            name: rows(ran, tmp_path / "x", name, environment="simulated")
            for name in ("responses", "sessions", "survey")
        }

    before = simulated()
    erase_participant(ran, planted, responses="delete")
    for path in (tmp_path / "x").iterdir():
        path.rename(path.with_name(f"old-{path.name}"))
    assert simulated() == before


def test_the_receipt_can_be_checked_and_names_nobody(ran, planted):
    receipt = erase_participant(ran, planted)
    text = json.dumps(asdict(receipt))
    assert PLANTED_WORKER not in text
    assert PLANTED_VISIT not in text
    found = check_receipt(ran, json.loads(text))
    assert (found.is_genuine, found.is_recorded) == (True, True)


def test_a_receipt_that_was_changed_or_made_up_is_told(ran, planted):
    receipt = asdict(erase_participant(ran, planted))
    unkeyed = {k: v for k, v in receipt.items() if k != "seal"}
    text = json.dumps(unkeyed, sort_keys=True, separators=(",", ":"))
    for shown in (
        {**receipt, "responses": "delete"},
        {**receipt, "n_sessions": 2},
        {**receipt, "participant": "somebody else"},
        {**unkeyed, "seal": hashlib.sha256(text.encode()).hexdigest()},
        {**unkeyed, "seal": ""},
        {**receipt, "more": 1},
        {},
    ):
        found = check_receipt(ran, shown)
        assert (found.is_genuine, found.is_recorded) == (False, False), shown


def test_a_receipt_is_told_after_the_key_was_replaced_and_elsewhere_is_not(
    ran, planted
):
    receipt = asdict(erase_participant(ran, planted))
    key = with_secret_key(ran.settings).secret_key
    new = "a key that came later, long enough " * 2
    for former, is_genuine in ((key, True), ("", False)):
        settings = replace(ran.settings, secret_key=new, former_keys=former)
        found = check_receipt(replace(ran, settings=settings), receipt)
        assert (found.is_genuine, found.is_recorded) == (is_genuine, True)


def test_an_erased_person_cannot_be_found_by_the_id_again(ran, planted, issuer):
    erase_participant(ran, planted)
    with pytest.raises(UnknownParticipantError) as caught:
        find_participant(ran, issuer, external_id=PLANTED_WORKER)
    assert PLANTED_WORKER not in str(caught.value)


def test_a_session_under_way_is_withdrawn_and_its_address_leads_nowhere(ran, issuer):
    record = life.get_study(ran, NAME)
    link = next(r.url for r in record.recruitments if r.recruiter == "link")
    path = "/" + link.split("/", 3)[3]
    with serving(ran) as url, httpx.Client(base_url=url) as client:
        ids = {"pid": "SOMEBODY", "visit_id": "V1"}
        home = client.post(path, params=ids).headers["location"]
        token = home.strip("/").rpartition("/")[2]
        assert taking_steps.current_step(ran, token).name == "consent"
        reserved = life.study_progress(ran, NAME)
        assert sum(block.n_reserved for block in reserved.blocks) == 1
        erase_participant(ran, find_participant(ran, issuer, external_id="SOMEBODY"))
        assert client.get(home).status_code == 404
    with pytest.raises(UnknownTokenError):
        taking_steps.current_step(ran, token)
    left = life.study_progress(ran, NAME)
    assert sum(block.n_reserved for block in left.blocks) == 0


def test_an_unknown_participant_is_said_plainly(ran):
    with pytest.raises(UnknownParticipantError, match="no participant 'nobody'"):
        erase_participant(ran, "nobody")
