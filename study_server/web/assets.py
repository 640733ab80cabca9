"""Scripts and styles of the hit templates."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, send_from_directory
from flask.typing import ResponseReturnValue

from hit_templates.base import FOLDER, find_paradigms

assets = Blueprint("assets", __name__)

# Templates and examples lie in the same folders and stay there.
_SERVED: Final = (".js", ".css", ".svg", ".png", ".wasm", ".glb")


@assets.get("/hit/_shared/<path:name>")
def shared(name: str) -> ResponseReturnValue:
    """What all paradigms share."""
    return _send("_shared", name)


@assets.get("/hit/<paradigm>/<path:name>")
def of_paradigm(paradigm: str, name: str) -> ResponseReturnValue:
    """What one paradigm brings."""
    if paradigm not in find_paradigms():
        abort(404)
    return _send(paradigm, name)


def _send(folder: str, name: str) -> ResponseReturnValue:
    if not name.endswith(_SERVED):
        abort(404)
    answer = send_from_directory(FOLDER / folder, name)
    answer.headers["Cache-Control"] = "no-cache"
    return answer
