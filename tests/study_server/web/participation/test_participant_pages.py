"""The pages of a participant's way, from the link to the handoff."""

from __future__ import annotations

import re

import pytest

from study_server.services.studies.life import (
    close_study,
    create_study,
    freeze_study,
    open_study,
    pilot_study,
)
from tests.hit_templates.markup import Markup
from tests.study_server.web.worlds import NAMES, STUDY_TOML, Visitor, World, make_world


def heading(html: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    return found[1] if found else ""


def test_the_link_shows_what_it_leads_to_and_stores_nothing(world: World):
    answer = world.app.test_client().get(world.link())
    assert answer.status_code == 200
    assert "What do you see?" in answer.text
    assert answer.headers.getlist("Set-Cookie") == []


def test_the_whole_way_in_order(world: World):
    visitor = world.visitor()
    assert visitor.come_in().status_code == 303
    seen = [heading(visitor.page())]
    for step, fields in (
        ("consent", {"agree": "yes"}),
        ("warning", {}),
        ("instructions", {}),
        ("comprehension", {"question_0": "0", "question_1": "1"}),
    ):
        assert visitor.post(step, **fields).status_code == 303
        seen.append(heading(visitor.page()))
    visitor.respond_to_all()
    seen.append(heading(visitor.page()))
    visitor.respond_to_all()
    seen.append(heading(visitor.page()))
    visitor.post("survey", age_group="25–34", comments="fine")
    seen.append(heading(visitor.page()))
    visitor.post("debriefing")
    seen.append(heading(visitor.page()))
    assert seen == [
        "Consent to take part",
        "Before you go on",
        "What to do",
        "A quick check",
        "Practice",
        "Now it counts",
        "Last questions",
        "What this was about",
        "Thank you",
    ]


def test_consent_names_board_protocol_contact_and_version(world: World):
    visitor = world.visitor()
    visitor.come_in()
    page = Markup(visitor.page()).text
    for words in ("the Board of Examples", "EX-7", "lab@example.org", "Version 3"):
        assert words in page


def test_the_content_warning_is_markdown(world: World):
    visitor = world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    assert "<strong>insects</strong>" in visitor.page()


def test_consent_without_the_tick_says_so_and_stays(world: World):
    visitor = world.visitor()
    visitor.come_in()
    answer = visitor.post("consent")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert heading(visitor.page()) == "Consent to take part"


def test_steps_sent_twice_or_out_of_order_change_nothing(world: World):
    visitor = world.visitor()
    visitor.come_in()
    for step in ("debriefing", "survey", "comprehension", "warning"):
        assert visitor.post(step).status_code == 303
        assert heading(visitor.page()) == "Consent to take part"
    visitor.post("consent", agree="yes")
    assert visitor.post("consent", agree="yes").status_code == 303
    assert heading(visitor.page()) == "Before you go on"


def test_wrong_choices_get_a_hint_and_then_the_end(world: World):
    visitor = world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    visitor.post("instructions")
    wrong = {"question_0": "0", "question_1": "0"}
    visitor.post("comprehension", **wrong, **{"try": "0"})
    page = visitor.page()
    assert page.count("Hint:") == 1
    visitor.post("comprehension", **wrong, **{"try": "0"})
    assert heading(visitor.page()) == "A quick check"  # a double click is one try
    visitor.post("comprehension", **wrong, **{"try": "1"})
    assert heading(visitor.page()) == "Thank you for your interest"


def test_every_page_offers_to_withdraw(world: World):
    visitor = world.visitor()
    visitor.come_in()
    pages = [visitor.page()]
    for step, fields in (
        ("consent", {"agree": "yes"}),
        ("warning", {}),
        ("instructions", {}),
        ("comprehension", {"question_0": "0", "question_1": "1"}),
    ):
        visitor.post(step, **fields)
        pages.append(visitor.page())
    pages.append(visitor.client.get(f"{visitor.home}?go=practice").text)
    visitor.respond_to_all()
    pages.append(visitor.client.get(f"{visitor.home}?go=trials").text)
    assert all(f"{visitor.home}withdraw" in page for page in pages)


def test_leaving_early_says_what_to_do_at_the_site_one_came_from(world: World):
    visitor = world.visitor("link", WHO="p1").walk_to_trials()
    visitor.post("withdraw")
    page = visitor.page()
    assert "return your submission on <bdi>the site you came from</bdi>" in page
    assert "DONE-42" not in page
    lab = world.visitor()
    lab.come_in()
    lab.post("withdraw")
    assert "You can close this page now." in lab.page()
    assert "submission" not in lab.page()


def test_withdrawing_after_the_last_page_keeps_the_code_in_reach(world: World):
    visitor = world.visitor("link", WHO="p1").walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")
    visitor.post("withdraw")
    page = visitor.page()
    assert heading(page) == "You have withdrawn"
    assert 'id="code">DONE-42<' in page


def test_who_fails_the_check_is_sent_back_and_may_withdraw(world: World):
    visitor = world.visitor("link", WHO="p1")
    visitor.come_in()
    visitor.post("consent", agree="yes")
    visitor.post("warning")
    visitor.post("instructions")
    for number in ("0", "1"):
        visitor.post("comprehension", question_0="0", question_1="0", **{"try": number})
    page = visitor.page()
    assert heading(page) == "Thank you for your interest"
    assert "return your submission" in page
    assert "DONE-42" not in page
    assert f"{visitor.home}withdraw" in page
    assert visitor.client.get(f"{visitor.home}withdraw").status_code == 200
    visitor.post("withdraw")
    assert heading(visitor.page()) == "You have withdrawn"


def test_withdrawing_asks_first_and_is_for_good(world: World):
    visitor = world.visitor().walk_to_trials()
    asked = visitor.client.get(f"{visitor.home}withdraw")
    assert "Withdraw from the study?" in asked.text
    assert heading(visitor.page()) == "Now it counts"
    assert visitor.post("withdraw").status_code == 303
    assert heading(visitor.page()) == "You have withdrawn"
    again = visitor.client.get(f"{visitor.home}withdraw")
    assert again.status_code == 303


def test_the_signed_cookie_brings_an_open_link_back_to_the_same_place(world: World):
    visitor = world.visitor()
    visitor.come_in()
    visitor.post("consent", agree="yes")
    assert "Welcome back" in visitor.client.get(visitor.link).text
    again = visitor.client.post(visitor.link)
    assert again.headers["Location"] == visitor.home


def test_two_people_share_a_computer_in_the_lab(world: World):
    first = world.visitor()
    first.come_in()
    page = first.client.get(first.link).text
    assert "Somebody else is at this computer" in page
    visit = re.search(r'name="visit" value="([^"]+)"', page)
    assert visit is not None
    form = {"visit": visit[1], "somebody": "else"}
    # A double click: the second sends the cookie that the first brought.
    homes = {
        first.client.post(first.link, data=form).headers["Location"] for _ in range(2)
    }
    assert len(homes) == 1
    assert homes != {first.home}
    went_on = first.client.post(first.link)
    assert {went_on.headers["Location"]} == homes


def test_a_browser_of_the_pilot_is_told_at_the_live_link(world: World, tmp_path):
    path = tmp_path / "piloted.toml"
    path.write_text(STUDY_TOML.replace('name = "small"', 'name = "piloted"'))
    create_study(world.services, path, stimuli=world.study.set_folder)
    study = pilot_study(world.services, "piloted")
    piloted = World(app=world.app, services=world.services, study=study)
    client = world.app.test_client()
    assert client.post(piloted.link(environment="pilot")).status_code == 303
    freeze_study(world.services, "piloted")
    open_study(world.services, "piloted")
    page = client.get(piloted.link()).text
    assert "earlier round" in page
    assert "Welcome back" not in page
    assert 'name="start"' not in page
    assert 'name="somebody" value="else"' in page
    assert client.post(piloted.link()).status_code == 403
    # Another study knows nothing of it.
    assert client.post(world.link()).status_code == 303


def test_the_landing_says_that_somebody_has_finished_here(world: World):
    visitor = world.visitor().walk_to_survey()
    visitor.post("survey")
    visitor.post("debriefing")
    page = visitor.client.get(visitor.link).text
    assert "Somebody took part in this study on this computer" in page
    assert 'name="somebody" value="else"' in page
    fresh = world.app.test_client().get(visitor.link).text
    assert 'name="somebody"' not in fresh


def test_a_forged_resume_cookie_counts_for_nothing(world: World):
    visitor = world.visitor()
    visitor.come_in()
    other = world.app.test_client()
    name = visitor.link.rpartition("/")[2]
    token = visitor.home.split("/")[2]
    other.set_cookie(f"resume-{name}", token, path=visitor.link)
    assert "Welcome back" not in other.get(visitor.link).text


def test_a_link_without_the_id_it_needs_says_so_and_tells_the_log_why(
    world: World, caplog: pytest.LogCaptureFixture
):
    answer = world.app.test_client().get(world.link("link"))
    assert answer.status_code == 400
    assert "whole link you were given" in answer.text
    assert "WHO" in caplog.text


def test_the_completion_code_is_shown_at_the_end_and_again(world: World):
    visitor = world.visitor("link", WHO="p1").walk_to_survey()
    assert "DONE-42" not in visitor.page()
    visitor.post("survey")
    visitor.post("debriefing")
    assert 'id="code">DONE-42<' in visitor.page()
    assert 'data-copy="DONE-42"' in visitor.page()


def test_a_full_study_says_so(world: World):
    # Six main trials in blocks of three, each wanted twice: four places.
    came = [world.visitor("link", WHO=f"p{number}").come_in() for number in range(5)]
    assert [answer.status_code for answer in came] == [303, 303, 303, 303, 403]
    assert heading(came[-1].text) == "All places are taken"
    landing = world.app.test_client().get(world.link())
    assert "taken at the moment" in landing.text


def test_one_more_block_where_there_is_none_says_why(world: World):
    visitor = world.visitor().walk_to_survey()
    answer = visitor.post("another")
    assert answer.status_code == 403
    assert "1 per person" in answer.text
    assert heading(visitor.page()) == "Last questions"


def test_one_more_block_leads_to_other_trials(tmp_path):
    toml = STUDY_TOML.replace(
        "trials_per_block = 5", "trials_per_block = 5\nmax_blocks_per_participant = 2"
    )
    world = make_world(tmp_path, toml=toml)
    visitor = world.visitor().walk_to_trials()
    seen = {trial["images"][0] for trial in visitor.block()["trials"]}
    visitor.respond_to_all()
    visitor.post("survey")
    assert "Do another part" in visitor.page()
    assert visitor.post("another").status_code == 303
    assert heading(visitor.page()) == "The next part"
    assert seen.isdisjoint(trial["images"][0] for trial in visitor.block()["trials"])


def test_a_closed_study_says_so(world: World):
    close_study(world.services, world.study.name)
    landing = world.app.test_client().get(world.link())
    assert "closed" in landing.text
    answer = world.visitor().come_in()
    assert answer.status_code == 403
    assert heading(answer.text) == "The study is not open"


@pytest.mark.parametrize(
    "path",
    [
        "/s/no-such-recruitment-token",
        "/p/no-such-enrolment-token/",
        "/p/no-such-enrolment-token/withdraw",
        "/media/no-such-media-token",
        "/p/%00%00%00%00%00%00%00%00%00/",
        "/p/../../of/the/host/",
        "/hit/relevance/trial.html",
        "/hit/relevance/paradigm.py",
        "/hit/relevance/examples.jsonl",
        "/hit/nothing/trial.js",
        "/hit/_shared/../base.py",
    ],
)
def test_what_is_not_there_is_a_page_in_words(world: World, path):
    answer = world.app.test_client().get(path)
    assert answer.status_code == 404
    assert heading(answer.text)
    assert "Traceback" not in answer.text


def test_html_in_a_study_text_is_shown_not_used(world: World):
    from study_server.web.pages import render_markdown

    html = str(render_markdown("<script>alert(1)</script> [x](javascript:alert(1))"))
    assert "<script" not in html
    assert "href" not in html


def block_and_pages(visitor: Visitor) -> str:
    texts = [visitor.page(), visitor.client.get(f"{visitor.home}?go=practice").text]
    texts.append(visitor.client.get(f"{visitor.home}block.json").text)
    visitor.respond_to_all()
    texts.append(visitor.client.get(f"{visitor.home}?go=trials").text)
    texts.append(visitor.client.get(f"{visitor.home}block.json").text)
    return "\n".join(texts)


def test_no_page_and_no_block_reveals_roles_keys_or_files(world: World):
    text = block_and_pages(world.visitor().walk_to_practice())
    secrets = [
        *(
            "known_yes",
            "known_no",
            '"catch"',
            '"main"',
            '"control"',
            "truth",
        ),
        *(entry.name for entry in (world.study.set_folder / "images").iterdir()),
        *(p.stem for p in (world.study.set_folder / "images").iterdir()),
        *("photos/", world.study.name + '"', "squeezenet"),
    ]
    assert [secret for secret in secrets if secret in text] == []
    assert any(name in text for name in NAMES)


def test_catches_and_main_trials_look_alike(world: World):
    trials = world.visitor().walk_to_trials().block()["trials"]
    names = "|".join(NAMES)
    shapes = {
        re.sub(r"/media/[\w-]+", "/media/X", re.sub(names, "NAME", trial["html"]))
        for trial in trials
    }
    # Apart from class name, gloss and examples, which belong to the class.
    without_gloss = {
        re.sub(
            r'<(span class="sl-gloss"|div class="sl-examples").*?</(span|div)>',
            "",
            shape,
            flags=re.DOTALL,
        )
        for shape in shapes
    }
    assert len({"".join(shape.split()) for shape in without_gloss}) == 1


def test_media_is_cached_for_ever_under_a_name_that_says_nothing(world: World):
    visitor = world.visitor().walk_to_practice()
    url = visitor.block()["trials"][0]["images"][0]
    answer = visitor.client.get(url, buffered=True)
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers.get("Content-Disposition") is None
    again = visitor.client.get(
        url, buffered=True, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_changed_image_is_not_shown(tmp_path):
    world = make_world(tmp_path)
    visitor = world.visitor().walk_to_practice()
    url = visitor.block()["trials"][0]["images"][0]
    for path in (world.study.set_folder / "images").iterdir():
        path.write_bytes(b"something else")
    answer = visitor.client.get(url, buffered=True)
    assert answer.status_code == 409
