"""Pictures of 200 ms in headless Chromium, while another process loads a core.

The participant's own scripts and styles show a picture and a noise mask; the page says
after each how many frames it realised. This proves scheduling, not light: see
docs/timing.md.
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.harness import Row, Skipped, times
from hit_templates.base import FOLDER, TrialView, get_paradigm
from hit_templates.rendering import render_trial
from stimuli.manifest import ClassInfo

N_TRIALS: Final = 100
MOST_MISSED: Final = 0.01
TIMING: Final = {
    "fixation_ms": 100.0,
    "exposure_ms": 200.0,
    "mask": "noise",
    "mask_ms": 100.0,
    "after_ms": 50.0,
}
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync")
PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>trials</title>'
    '<link rel="stylesheet" href="/_shared/trial.css">'
    '<link rel="stylesheet" href="/categorise/trial.css"></head>'
    '<body><div class="sl-stage" id="stage"></div>'
    '<template id="trial">{trial}</template></body></html>'
)
RUN: Final = """async (nTrials) => {
  const { Clock } = await import("/_shared/clock.js");
  const { present } = await import("/_shared/exposure.js");
  const stage = document.getElementById("stage");
  const found = [];
  for (let n = 0; n < nTrials; n += 1) {
    stage.replaceChildren(document.getElementById("trial").content.cloneNode(true));
    await Promise.all([...stage.querySelectorAll("img")].map((image) => image.decode()));
    const clock = new Clock([]);
    await present(stage.querySelector("[data-timed]"), { token: `trial-${n}` }, clock);
    found.push(clock.events.find((event) => event.kind === "exposure"));
    clock.stop();
  }
  return found;
}"""


def measure() -> list[Row]:
    """How many of 100 pictures stayed for more than one frame too many or too few."""
    shown = _shown(times(N_TRIALS))
    missed = sum(bool(each["is_missed"]) for each in shown)
    off = Counter(each["frames"] - each["wanted_frames"] for each in shown)
    rates = sorted({each["rate"] for each in shown})
    spread = ", ".join(f"{frames:+d}: {n}" for frames, n in sorted(off.items()))
    return [
        Row(
            name="exposure of 200 ms within one frame, one core loaded",
            ours=f"{len(shown) - missed} of {len(shown)}",
            peer=f"{1 - MOST_MISSED:.0%} of them",
            ratio=missed / (MOST_MISSED * len(shown)),
            bar=1.0,
            note=f"frames off (trials): {spread}; at {', '.join(map(str, rates))} Hz",
        )
    ]


def _shown(n_trials: int) -> list[dict[str, Any]]:
    """The event "exposure" of each trial."""
    if find_spec("playwright") is None:
        raise Skipped("playwright is not installed (make setup)")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise Skipped("no Chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with _served() as url, _busy(), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=[*FLAGS])
        page = chromium.new_page()
        page.set_default_timeout(600_000)
        page.goto(url)
        found: list[dict[str, Any]] = page.evaluate(RUN, n_trials)
        chromium.close()
    return found


@contextmanager
def _busy() -> Iterator[None]:
    """Another process that never rests."""
    command = [sys.executable, "-c", "while True: pass"]
    process = subprocess.Popen(command)  # noqa: S603 - our own
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _served() -> Iterator[str]:
    """The address of a page with one trial, beside the participant's scripts."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("_shared", "categorise"):
            shutil.copytree(FOLDER / part, folder / part)
        (folder / "index.html").write_text(PAGE.format(trial=_trial()), "utf-8")
        handler = partial(_Quiet, directory=str(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing."""


def _trial() -> str:
    """A trial of 16 categories on a picture of noise, as people get it."""
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    infos = tuple(ClassInfo(id=f"c{n}", name=f"category {n}") for n in range(16))
    view = TrialView(question="category", classes=infos, images={"target": address})
    return str(
        render_trial(get_paradigm("categorise").configure({"timing": TIMING}), view)
    )
