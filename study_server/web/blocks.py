"""A block of trials as the runner reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import Response, jsonify, request, url_for

from hit_templates.base import TrialView
from hit_templates.rendering import render_trial
from study_server.services.participation.trial_pages import (
    BlockPage,
    Receipt,
    TrialPage,
)
from study_server.web.assets import has_asset


def block_json(block: BlockPage, *, post_url: str, done_url: str) -> Response:
    """block.json: every trial rendered, and nothing that gives a key away."""
    return jsonify(
        kind=block.kind,
        session=block.session,
        n_done=block.n_done,
        has_feedback=block.has_feedback,
        image_px=block.image_px,
        pixel_ratio=block.pixel_ratio,
        trials=[_trial(page) for page in block.trials],
        post_url=post_url,
        done_url=done_url,
        lease_ends_at=block.lease_ends_at.isoformat(),
    )


def receipt_json(receipt: Receipt) -> Response:
    """What the browser's outbox is told of a saved response."""
    feedback = receipt.feedback
    return jsonify(
        saved=True,
        is_duplicate=receipt.is_duplicate,
        n_done=receipt.n_done,
        n_trials=receipt.n_trials,
        feedback=feedback
        and {
            "is_right": feedback.is_right,
            "text": feedback.text,
            "right": dict(feedback.right),
        },
    )


def _trial(page: TrialPage) -> dict[str, Any]:
    # What is done is not shown again, so its page need not travel.
    html = "" if page.is_done else render_trial(page.paradigm, _from_here(page.view))
    return {
        "token": page.token,
        "position": page.position,
        "html": html,
        "images": _below_root(page.images),
        "exposure": dict(page.exposure),
        "script": _script_url(page.paradigm.name),
        "is_done": page.is_done,
    }


def _from_here(view: TrialView) -> TrialView:
    """The view with addresses of images as they are at this site."""
    slots = zip(view.images, _below_root(view.images.values()), strict=True)
    examples = {name: tuple(_below_root(urls)) for name, urls in view.examples.items()}
    return replace(view, images=dict(slots), examples=examples)


def _below_root(paths: Iterable[str]) -> list[str]:
    return [request.script_root + path for path in paths]


def _script_url(paradigm: str) -> str | None:
    if not has_asset(paradigm, "trial.js"):
        return None
    return url_for("assets.of_paradigm", paradigm=paradigm, name="trial.js")
