"""How the responses look while a study runs, for whoever is signed in."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from study_server.services.quality.study_quality import study_quality
from study_server.web.access import for_viewers
from study_server.web.application import services
from study_server.web.dashboard.studies import SHOWN, shown_environment

quality = Blueprint("quality", __name__)

MAX_PARTICIPANTS = 500


@quality.get("/dashboard/studies/<name>/quality")
@for_viewers
def overview(name: str) -> ResponseReturnValue:
    """Participants, conditions and trials; flags first."""
    found = study_quality(services(), name, environment=shown_environment(name))
    return render_template(
        "dashboard/quality.html",
        found=found,
        study=found.study,
        environments=SHOWN,
        participants=found.participants[:MAX_PARTICIPANTS],
        n_left_out=max(0, len(found.participants) - MAX_PARTICIPANTS),
    )
