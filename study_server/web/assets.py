"""Scripts and styles of the hit templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, abort, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from hit_templates.base import FOLDER, find_paradigms, folder_of
from study_server.web.access import for_anyone

assets = Blueprint("assets", __name__)

# Templates and examples lie in the same folders and stay there.
_SERVED: Final = (".js", ".css", ".svg", ".png", ".wasm", ".glb")


@assets.get("/hit/_shared/<path:name>")
@for_anyone
def shared(name: str) -> ResponseReturnValue:
    """What all paradigms share."""
    return _send(FOLDER / "_shared", name)


@assets.get("/hit/<paradigm>/<path:name>")
@for_anyone
def of_paradigm(paradigm: str, name: str) -> ResponseReturnValue:
    """What one paradigm brings."""
    if paradigm not in find_paradigms():
        abort(404)
    return _send(folder_of(paradigm), name)


@cache
def has_asset(paradigm: str, name: str) -> bool:
    """Whether a paradigm brings a script or style of its own."""
    return (folder_of(paradigm) / name).is_file()


def style_url_of(paradigm: str) -> str | None:
    """Where a paradigm's own style is; None where it has none."""
    if not has_asset(paradigm, "trial.css"):
        return None
    return url_for("assets.of_paradigm", paradigm=paradigm, name="trial.css")


def _send(folder: Path, name: str) -> ResponseReturnValue:
    if not name.endswith(_SERVED):
        abort(404)
    answer = send_from_directory(folder, name)
    answer.headers["Cache-Control"] = "no-cache"
    return answer
