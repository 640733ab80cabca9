"""A self-contained page of timed trials, in Chromium and without a server."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from PIL import Image
from playwright.sync_api import Browser

from hit_templates.base import TrialView, get_paradigm
from hit_templates.rendering import render_trial
from hit_templates.sheet import SheetPage, render_sheet
from stimuli.manifest import ClassInfo
from study_server.services.study_files.texts import all_texts

pytestmark = pytest.mark.browser
TIMING = {
    "fixation_ms": 50.0,
    "exposure_ms": 100.0,
    "mask": "noise",
    "mask_ms": 50.0,
    "response_ms": 20_000.0,
    "after_ms": 0.0,
}
PARADIGM = get_paradigm("categorise").configure({"timing": TIMING})
# What the page would hand in; nothing is sent.
HANDED_IN = """() => new Promise((resolve) => {
  HTMLFormElement.prototype.submit = function () {
    resolve(this.elements.secondlook.value);
  };
  document.querySelector("[data-step=debriefing] [data-go]").click();
})"""


def fragment() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    infos = tuple(ClassInfo(id=name, name=name) for name in ("bear", "boat", "clock"))
    view = TrialView(question="category", classes=infos, images={"target": address})
    return str(render_trial(PARADIGM, view))


def sheet() -> str:
    trials = [
        {"token": f"t{n}", "kind": "trials", "html": fragment(), "exposure": {}}
        for n in range(2)
    ]
    words = {"right": "Right.", "wrong": "Wrong.", "late": "Late.", "right_is": ""}
    block = {"sheet": "s", "n_tries": 1, "right": [], "words": words, "trials": trials}
    return render_sheet(
        SheetPage(
            language="en",
            direction="ltr",
            title="Which of these is it?",
            texts=all_texts(PARADIGM.default_texts),
            consent=Markup("<p>Agree?</p>"),
            warning=Markup(""),
            instructions=Markup("<p>Look.</p>"),
            debriefing=Markup("<p>Thanks.</p>"),
            questions=(),
            comprehension_intro="",
            trials_intro="",
            contact="",
            survey=(),
            has_practice=False,
            is_rehearsal=False,
            pays_who_fails=False,
            pays_leavers=False,
            takes="",
            minimum_age=None,
            submit_url="https://market.invalid/submit",
            block=block,
            paradigm=PARADIGM,
        )
    )


def test_timed_trials_run_without_a_server(chromium: Browser, tmp_path: Path):
    (tmp_path / "page.html").write_text(sheet(), "utf-8")
    page = chromium.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{(tmp_path / 'page.html').as_uri()}?assignmentId=A1")
    page.check("[data-step=consent] input")
    page.click("[data-step=consent] [data-go]")
    page.click("[data-step=instructions] [data-go]")
    for number in (1, 2):
        page.wait_for_function(
            "words => document.getElementById('trial-count').textContent === words"
            " && document.querySelector('button[data-field]:not([disabled])')",
            arg=f"{number} / 2",
        )
        page.wait_for_timeout(200)
        page.keyboard.press("2")
    page.wait_for_selector("[data-step=debriefing]:not([hidden])")
    kept: dict[str, Any] = json.loads(page.evaluate(HANDED_IN))
    assert [each["response"] for each in kept["responses"]] == 2 * [
        {"category": "boat"}
    ]
    for each in kept["responses"]:
        (shown,) = (e for e in each["events"] if e["kind"] == "exposure")
        # 100 ms at 60 a second are 6 frames.
        assert shown["wanted_frames"] == 6
        assert shown["frames"] >= 6
    assert complaints == []
    page.close()
