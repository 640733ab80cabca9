"""Take the pictures of README.md anew from a finished demo (`make demo`)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, sync_playwright

from hit_templates.base import get_paradigm
from study_server.cli._processes import run_secondlook, serve_folder

IMAGES = Path(__file__).parent / "images"
QUESTIONS = get_paradigm("relevance").default_comprehension
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@click.command()
@click.option("--demo", default="runs/demo", type=click.Path(path_type=Path))
def main(demo: Path) -> None:
    """Write docs/images/participant.png and report.png."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright, serve_folder(demo) as url:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS
        )
        participant(browser, url, demo)
        report(browser, demo)
        browser.close()


def participant(browser: Browser, url: str, demo: Path) -> None:
    """The first main trial, as a person sees it."""
    shown = run_secondlook(demo, "study", "show", "demo", is_quiet=True)
    link = re.search(r"lab \(live\)\s+http://[^/]+(/s/\S+)", shown)
    if link is None:
        raise click.ClickException(f"no open link in: {shown}")
    page = browser.new_page(viewport={"width": 900, "height": 820})
    page.goto(url + link.group(1))
    walk_to_trials(page)
    page.screenshot(path=IMAGES / "participant.png")
    page.close()


def walk_to_trials(page: Page) -> None:
    """Press on until the first image of a block is up."""
    for _ in range(12):
        page.wait_for_load_state("networkidle")
        if page.locator("[data-block-url] img").count():
            page.wait_for_timeout(800)
            return
        for number, question in enumerate(QUESTIONS):
            if page.locator(f"input[name='question_{number}']").count():
                page.check(f"input[name='question_{number}'][value='{question.right}']")
        for box in page.locator("input[type=checkbox][required]").all():
            box.check()
        page.locator("main form button.btn-primary, main a.btn-primary").first.click()
    raise click.ClickException("never came to the trials")


def report(browser: Browser, demo: Path) -> None:
    """The top of the report."""
    page = browser.new_page(viewport={"width": 900, "height": 820})
    page.goto((demo / "report" / "index.html").resolve().as_uri())
    page.screenshot(path=IMAGES / "report.png")
    page.close()


if __name__ == "__main__":
    main()
