import csv
import json
import os
import pty
import re
import subprocess
import tomllib
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from study_server.cli._processes import secondlook_command
from study_server.config import load_settings
from study_server.services import open_services
from study_server.services.study_files.file import parse_study_file
from tests.study_server.serving import NAME, STUDY, opened, serving


def create(call):
    return call("study", "create", "study.toml", "--stimuli", "set")


def test_the_way_of_a_study_from_draft_to_closed(call, files, as_json):
    created = create(call)
    # 1 known yes and 1 known no per block, all must be right: random 1/4, always
    # yes 0, right 95 % of the time 0.95^2.
    assert "25.0% of people who choose at random" in created.stdout
    assert "0.0% of those who always say yes" in created.stdout
    assert "90.2% of those who are right 95 %" in created.stdout
    # Ten known yes and ten known no in the set.
    assert "catch trials for 10 blocks per person" in created.stdout
    assert "note: [consent] ethics_body is empty" in created.stderr
    assert as_json("study", "show", NAME)["study"]["state"] == "draft"
    frozen = call("study", "freeze", NAME)
    assert frozen.stdout.startswith("tiny: open, frozen ")
    assert "lab (live)  http://127.0.0.1:8000/s/" in frozen.stdout
    # Nobody took part yet and every block is open, so nothing is missing.
    topped = as_json("study", "top-up", NAME)
    assert topped == {"n_missing": 0, "n_trials": 0, "n_blocks": 0}
    amended = as_json("study", "amend", NAME, "--text", "Typo on the consent page")
    assert amended["amendments"][0]["text"] == "Typo on the consent page"
    assert call("study", "close", NAME).stdout.startswith("tiny: closed")
    assert call("study", "open", NAME).stdout.startswith("tiny: open")


def test_opening_an_open_study_changes_nothing(call, files):
    create(call)
    assert call("study", "freeze", NAME, "--no-open").stdout.startswith("tiny: frozen")
    first = call("study", "open", NAME)
    assert call("study", "open", NAME).stdout == first.stdout


def test_what_the_build_warned_of_is_said_before_anybody_is_asked(call, files):
    path = Path("set/summary.json")
    summary = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**summary, "warnings": ["0 of 39 are right"]}), "utf-8")
    assert "WARNING: 0 of 39 are right" in create(call).stderr
    for command in ("pilot", "freeze", "open"):
        assert "WARNING: 0 of 39 are right" in call("study", command, NAME).stderr


def test_a_pilot_gives_pilot_links(call, files):
    create(call)
    assert "(pilot)  http://" in call("study", "pilot", NAME).stdout


def test_pilot_links_are_left_out_once_nobody_can_come_in_by_them(call, files, as_json):
    create(call)
    assert "(pilot)" in call("study", "show", NAME).stdout
    call("study", "pilot", NAME)
    assert "(pilot)" in call("study", "show", NAME).stdout
    assert "(pilot)" not in call("study", "freeze", NAME).stdout
    told = call("study", "show", NAME).stdout
    assert "(pilot)" not in told
    assert "(live)  http://" in told
    shown = as_json("study", "show", NAME)["study"]["recruitments"]
    assert {entry["environment"] for entry in shown} == {"live", "simulated"}


def test_a_summary_without_counts_is_refused_in_words(call, files):
    path = Path("set/summary.json")
    summary = json.loads(path.read_text())
    summary["controls"]["known_yes"] = None
    path.write_text(json.dumps(summary))
    result = call("study", "create", "study.toml", "--stimuli", "set", code=1)
    assert "controls.known_yes: expected a whole number" in result.output


def test_create_says_the_odds_to_machines_as_numbers(call, files, as_json):
    found = as_json("study", "create", "study.toml", "--stimuli", "set")
    assert found["catch_rule"]["pass_rates"]["random"] == pytest.approx(0.25)
    assert found["state"] == "draft"


def test_create_states_the_odds_of_a_recipe_with_words_of_its_own(call, files, as_json):
    """Catches are asked in the paradigm's terms, so the odds are of these."""
    summary = json.loads(Path("set/summary.json").read_text())
    summary["asks"] = {"is-it": {"slots": ["target"], "holds": ["class"]}}
    Path("set/summary.json").write_text(json.dumps(summary))
    lines = Path("set/trials.jsonl").read_text().splitlines()
    trials = [{**json.loads(line), "question": "is-it"} for line in lines]
    for trial in trials:
        if trial["key"] == {"relevant": "yes"}:
            trial["key"] = {"right": "1"}
    Path("set/trials.jsonl").write_text("\n".join(map(json.dumps, trials)) + "\n")
    found = as_json("study", "create", "study.toml", "--stimuli", "set")
    assert found["catch_rule"]["pass_rates"]["random"] == pytest.approx(0.25)


def test_create_warns_where_careful_people_would_fail_the_catch_rule(call, files):
    assert "careful people" not in create(call).stderr
    summary = json.loads(Path("set/summary.json").read_text())
    summary["controls"]["known_yes"] = summary["controls"]["known_no"] = 2
    Path("set/summary.json").write_text(json.dumps(summary))
    # All of four must be right: 0.95^4 = 0.815.
    warned = call("study", "create", "study.toml", "--stimuli", "set").stderr
    assert "warning: the catch rule (4 of 4 right) is failed by 19%" in warned


def test_every_problem_of_a_study_file_is_in_one_message(call, files):
    Path("study.toml").write_text(
        STUDY.replace("agreement = 2", "agreement = 9")
        .replace('name = "tiny"', 'name = "Tiny Study"')
        .replace("seed = 3", "sed = 3")
    )
    result = call("study", "create", "study.toml", "--stimuli", "set", code=1)
    assert "study.toml: 3 problems" in result.output
    assert "[study] name: expected lower-case" in result.output
    assert "[study] sed: unknown (did you mean 'seed'?)" in result.output
    assert "[analysis] agreement: expected at most" in result.output


def test_a_frozen_study_is_not_replaced_by_an_edited_file(call, files):
    create(call)
    call("study", "freeze", NAME)
    Path("study.toml").write_text(STUDY.replace("agreement = 2", "agreement = 1"))
    result = call("study", "create", "study.toml", "--stimuli", "set", code=1)
    assert "frozen" in result.output
    assert "amend" in result.output


def test_a_set_that_changed_after_creation_is_refused_and_nothing_is_lost(call, files):
    create(call)
    trials = Path("set/trials.jsonl")
    trials.write_text(trials.read_text().replace('"known_no"', '"known_yes"'))
    result = call("study", "freeze", NAME, code=1)
    assert "changed after the study was created" in result.output
    listed = call("study", "list").stdout.splitlines()
    assert [line.split()[:5] for line in listed] == [
        ["name", "state", "counts", "of", "valid"],
        ["tiny", "draft", "live", "0", "0"],
    ]


def test_a_folder_that_is_no_set_is_refused(call, files):
    result = call("study", "create", "study.toml", "--stimuli", "nowhere", code=1)
    assert "is not a finished stimulus set" in result.output


def test_an_unknown_study_lists_those_there_are(call, files):
    create(call)
    for verb in (
        ["show"],
        ["freeze"],
        ["close"],
        ["export", "--out", "b"],
        ["preview"],
    ):
        result = call("study", verb[0], "tinny", *verb[1:], code=1)
        assert "tinny" in result.output
        assert "tiny" in result.output.replace("tinny", "")


def test_a_list_without_studies_says_what_to_do(call):
    call("db", "upgrade")
    assert "study init" in call("study", "list").stdout


def test_show_tells_progress_links_and_reasons(call, ran, as_json):
    told = call("study", "show", NAME, "--environment", "simulated").stdout
    assert "too few catch trials right" in told
    assert "catch_accuracy" not in told
    assert "simulated: " in told
    found = as_json("study", "show", NAME, "--environment", "simulated")
    assert "catch_accuracy" in {group["reason"] for group in found["sessions"]}
    assert found["responses_per_trial"] == {"3": 12}
    assert found["study"]["recruitments"]


def test_a_bundle_is_written_and_replaced_only_by_force(call, ran, ran_study):
    result = call(
        "study", "export", NAME, "--out", "bundle", "--environment", "simulated"
    )
    assert "report make bundle" in result.stdout
    assert json.loads(Path("bundle/bundle.json").read_text())["is_simulated"]
    assert "--force" in call("study", "export", NAME, "--out", "bundle", code=1).output
    call("study", "export", NAME, "--out", "bundle", "--force", "--images", "none")
    assert not json.loads(Path("bundle/bundle.json").read_text())["is_simulated"]


def test_an_empty_study_is_exported_with_headers_only(call, files):
    create(call)
    call("study", "export", NAME, "--out", "bundle")
    with Path("bundle/responses.csv").open(newline="") as handle:
        assert list(csv.reader(handle))[1:] == []


def test_an_audit_is_drawn_and_its_page_named(call, ran, as_json):
    found = as_json("study", "audit", NAME, "--n", "5", "--environment", "simulated")
    assert found["n_trials"] == 5
    assert found["url"] == "http://127.0.0.1:8000/dashboard/studies/tiny/audit"
    result = call("study", "audit", NAME, "--n", "5", "--environment", "live", code=0)
    assert "5 trials drawn, 0 judged" in result.stdout


def test_simulated_participants_are_sent_by_command(call, files, as_json):
    create(call)
    call("study", "freeze", NAME)
    with opened(Path.cwd()) as services, serving(services) as url:
        found = as_json(
            "study", "simulate", NAME, "--server", url, "--n", "2", "--mix", "careful=1"
        )
    assert found["outcomes"] == {"completed": 2}
    assert found["competences"] == {"careful": 2}


@pytest.mark.parametrize("mix", ["careful", "careful=x", "=1"])
def test_a_mix_that_cannot_be_read_is_a_usage_error(call, files, mix):
    create(call)
    call("study", "simulate", NAME, "--mix", mix, code=2 if mix != "=1" else 1)


def test_a_preview_link_is_signed_and_opens_on_the_server(call, files, as_json):
    create(call)
    url = as_json("study", "preview", NAME)["url"]
    with serving_here() as address, httpx.Client() as client:
        path = url.split("/", 3)[3]
        assert client.get(f"{address}/{path}").status_code == 200
        assert client.get(f"{address}/{path[:-4]}xxx/").status_code == 404


@contextmanager
def serving_here():
    services = open_services(load_settings({}, folder=Path.cwd()))
    try:
        with serving(services) as address:
            yield address
    finally:
        services.store.close()


INIT = ("--images", "photos", "--classifier", "squeezenet1_1")


def test_init_writes_two_files_that_lead_on(call):
    Path("photos").mkdir()
    Path("weights.pth").write_bytes(b"x")
    call(
        "study", "init", "new", *INIT, "--weights", "weights.pth",
        "--paradigm", "relevance", "--recruiter", "prolific",
        "--completion-code", "C0DE99",
    )  # fmt: skip
    recipe = tomllib.loads(Path("new/recipe.toml").read_text())
    assert recipe["dataset"]["path"] == "../photos"
    assert recipe["classifier"] == {
        "torchvision": "squeezenet1_1",
        "weights": "../weights.pth",
    }
    assert recipe["controls"]["known_yes"] == recipe["controls"]["known_no"] == 3
    file = parse_study_file(Path("new/study.toml"))
    assert file.study.name == "relevance-squeezenet1-1"
    assert file.recruiter["link"].model_dump()["completion_code"] == "C0DE99"
    # The rules it suggests can be used as they stand.
    toml = Path("new/study.toml").read_text()
    Path("new/strict.toml").write_text(re.sub(r"(?m)^# (m|response)", r"\1", toml))
    quality = parse_study_file(Path("new/strict.toml")).quality
    suggested = (quality.response_seconds, quality.max_same_response_share)
    assert suggested == ((0.3, 300.0), 0.95)


def test_init_asks_at_a_terminal_for_what_is_not_given(call):
    Path("photos").mkdir()
    Path("model.py").write_text("def build(): ...\n")
    terminal, theirs = pty.openpty()
    os.write(terminal, b"photos\nmodel.py:build\nrelevance\nlab-personal\n")
    done = subprocess.run(  # noqa: S603 - our own interpreter and command
        secondlook_command("study", "init"),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(terminal)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Image folder" in done.stdout
    assert 'function = "model.py:build"' in Path("recipe.toml").read_text()
    assert "n_links = 20" in Path("study.toml").read_text()


def test_init_writes_a_study_for_a_market(call):
    Path("photos").mkdir()
    call(
        "study", "init", "--images", "photos", "--classifier", "demo",
        "--paradigm", "relevance", "--recruiter", "mturk",
    )  # fmt: skip
    section = parse_study_file(Path("study.toml")).recruiter["mturk"].model_dump()
    # $1.20 for six minutes are the 12 dollars an hour that nobody is paid less than.
    assert (section["reward"], section["minutes"]) == ("1.20", 6.0)
    assert section["floor_per_hour"] == "12.00"
    assert section["cap"] == "100.00"


def test_init_refuses_to_overwrite_without_force(call):
    Path("photos").mkdir()
    Path("study.toml").write_text("mine")
    more = (
        "--weights",
        "IMAGENET1K_V1",
        "--paradigm",
        "relevance",
        "--recruiter",
        "lab",
    )
    result = call("study", "init", *INIT, *more, code=1)
    assert "study.toml is there already; --force replaces it" in result.output
    assert Path("study.toml").read_text() == "mine"
    assert not Path("recipe.toml").exists()
    call("study", "init", *INIT, *more, "--force")
    assert 'weights = "IMAGENET1K_V1"' in Path("recipe.toml").read_text()


@pytest.mark.parametrize("classifier", ["model.py:build", "demo"])
def test_init_refuses_weights_for_what_brings_its_own(call, classifier):
    Path("photos").mkdir()
    Path("model.py").write_text("def build(): ...\n")
    Path("weights.pth").write_bytes(b"x")
    result = call(
        "study", "init", "--images", "photos", "--classifier", classifier,
        "--weights", "weights.pth", "--paradigm", "relevance", "--recruiter", "lab",
        code=1,
    )  # fmt: skip
    assert f"weights: {classifier} brings its own" in result.output
    assert not Path("recipe.toml").exists()


def test_init_refuses_a_function_that_is_none(call):
    Path("photos").mkdir()
    Path("model.py").write_text("def build(): ...\n")
    result = call(
        "study", "init", "--images", "photos", "--classifier", "model.py:2nd",
        "--paradigm", "relevance", "--recruiter", "lab", code=1,
    )  # fmt: skip
    assert "expected file.py:function" in result.output


def test_init_names_everything_that_is_missing_at_once(call):
    result = call(
        "study", "init", "--images", "nowhere", "--classifier", "no.py:build",
        "--weights", "none.pth", "--paradigm", "relevance", "--recruiter", "lab",
        code=1,
    )  # fmt: skip
    assert "images: expected a folder, got nowhere" in result.output
    assert "classifier: there is no file no.py" in result.output
    assert "weights: there is no file none.pth" in result.output
    assert not Path("study.toml").exists()


def test_a_recipe_written_by_init_is_one_that_stimuli_accepts(call):
    from stimuli.recipe_file import read_recipe
    from stimuli.recipes import RECIPES

    Path("photos").mkdir()
    more = (
        "--weights",
        "IMAGENET1K_V1",
        "--paradigm",
        "relevance",
        "--recruiter",
        "lab",
    )
    call("study", "init", *INIT, *more)
    kinds = {kind: entry[0] for kind, entry in RECIPES.items()}
    recipe = read_recipe(Path("recipe.toml"), kinds)
    assert recipe.controls.known_yes == 3


def test_init_writes_a_published_study(call):
    Path("imagenet/n01440764").mkdir(parents=True)
    result = call(
        "study", "init", "again", "--like", "stock-cisse/adversarial-whole",
        "--images", "imagenet", "--classifier", "demo", "--recruiter", "lab-personal",
    )  # fmt: skip
    assert "secondlook stimuli build again/recipe.toml" in result.stdout
    recipe = tomllib.loads(Path("again/recipe.toml").read_text())
    assert recipe["classifier"] == {"demo": True}
    assert recipe["dataset"]["path"] == "../imagenet"
    file = parse_study_file(Path("again/study.toml"))
    assert file.study.name == "stock-cisse-adversarial-whole"
