"""Saves responses for ever and says so after each; started to be killed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from study_server.config import Settings
from study_server.services import Services
from study_server.services.participation import responding
from study_server.store import open_store
from tests.study_server.walking import payload


def main(url: str, token: str) -> None:
    services = Services(
        settings=Settings(data_dir=Path(), database_url=url), store=open_store(url)
    )
    page = responding.load_block(services, token)
    for trial in page.trials:
        sent = payload(trial.token)
        responding.take_response(services, token, sent)
        sys.stdout.write(json.dumps(sent) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
