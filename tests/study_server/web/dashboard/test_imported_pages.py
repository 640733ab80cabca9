"""Imported studies on the dashboard: seen, told apart, and led nowhere."""

from __future__ import annotations

from analysis.importing import ImportOptions
from study_server.services.bundles.importing import import_study
from tests.study_server.web.dashboard.test_studies import client, inside, sign_in

__all__ = ["client", "inside"]

VOTES = "worker,stimulus,response\nann,a,yes\nbob,a,no\nann,b,yes\n"


def stored(world, tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(VOTES, "utf-8")
    import_study(
        world.services,
        [path],
        ImportOptions(name="old-votes", title="Old votes"),
        format_name="long",
    )


def test_an_imported_study_stands_apart_in_the_list(world, inside, tmp_path):
    assert "Collected elsewhere" not in inside.get("/dashboard/").text
    stored(world, tmp_path)
    page = inside.get("/dashboard/").text
    assert page.index("small") < page.index("Collected elsewhere")
    assert page.index("Collected elsewhere") < page.index("old-votes")


def test_its_page_says_what_was_read_and_names_nobody(world, inside, tmp_path):
    stored(world, tmp_path)
    answer = inside.get("/dashboard/imported/old-votes")
    assert answer.status_code == 200
    for part in ("<b>3</b>", "<b>2</b>", "votes.csv", "study export old-votes"):
        assert part in answer.text
    assert "ann" not in answer.text.replace("Scanned", "")
    assert inside.get("/dashboard/imported/gone").status_code == 404


def test_it_is_shown_to_nobody_outside(world, client, tmp_path):
    stored(world, tmp_path)
    answer = client.get("/dashboard/imported/old-votes")
    assert answer.status_code == 302
    assert sign_in(client).status_code == 303
