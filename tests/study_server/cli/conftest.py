import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from study_server.cli import main
from study_server.database import backups
from tests.study_server.serving import (
    STUDY,
    RanStudy,
    run_tiny_study,
    settings_in,
)
from tests.study_server.tiny_set import write_tiny_set

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The `secondlook` command in an empty folder; checks the exit code."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("DATA_DIR", "DATABASE_URL", "BASE_URL", "SECRET_KEY"):
        monkeypatch.delenv(f"SECONDLOOK_{name}", raising=False)

    def called(*arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return called


@pytest.fixture
def as_json(call: Call) -> Callable[..., object]:
    """What a command prints with --json."""
    return lambda *arguments: json.loads(call(*arguments, "--json").stdout)


@pytest.fixture
def files(call: Call) -> Path:
    """A study file and a stimulus set in the working folder."""
    write_tiny_set(Path("set"))
    Path("study.toml").write_text(STUDY, "utf-8")
    return Path.cwd()


@pytest.fixture(scope="session")
def ran_study(tmp_path_factory: pytest.TempPathFactory) -> RanStudy:
    """A study that simulated participants have filled; tests only read it."""
    return run_tiny_study(tmp_path_factory.mktemp("ran"))


@pytest.fixture
def ran(call: Call, ran_study: RanStudy) -> Path:
    """The working folder with a copy of the filled study's database."""
    url = settings_in(ran_study.folder).database_url
    backups.backup(url, to=Path("secondlook.sqlite3"))
    return Path.cwd()
