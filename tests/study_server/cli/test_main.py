import os
import subprocess
import sys
from pathlib import Path

import pytest

from study_server.cli import find_nouns


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["study", "--help"], ["db", "--help"]]
)
def test_help_imports_neither_torch_nor_pandas(arguments):
    code = (
        "import sys; from study_server.cli import main; "
        f"main({arguments!r}, standalone_mode=False); "
        "print([m for m in ('torch', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Usage: " in done.stdout


def test_every_noun_has_a_line_of_help():
    done = run_python("-m", "study_server", "--help")
    for noun in find_nouns():
        (line,) = [x for x in done.stdout.splitlines() if x.startswith(f"  {noun} ")]
        assert line.removeprefix(f"  {noun} ").strip(), noun


def test_the_folders_modules_are_nouns_and_private_ones_are_not():
    nouns = find_nouns()
    assert {"study", "server", "db", "user", "participant", "demo"} <= set(nouns)
    assert nouns["study"] == "study_server.cli.study:study"
    assert not [noun for noun in nouns if noun.startswith("_")]


def install_broken_plugin(folder: Path) -> None:
    (folder / "plugin.py").write_text('"""Plots."""\nimport no_such_library\n')
    installed = folder / "plugin-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: plugin\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(
        "[secondlook.commands]\nplot = plugin:plot\ngone = no_such_plugin.cli:gone\n"
    )


def test_a_broken_command_of_another_package_breaks_no_other(tmp_path):
    install_broken_plugin(tmp_path)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", "study_server", *arguments],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip

    listed = run("--help")
    assert listed.returncode == 0, listed.stderr
    assert "plot         Plots" in listed.stdout
    broken = run("plot")
    assert broken.returncode == 1
    assert "comes from plugin of another package" in broken.stderr
    assert "No module named 'no_such_library'" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_an_unknown_noun_is_a_usage_error(call):
    result = call("studdy", code=2)
    assert "No such command 'studdy'" in result.output


def test_what_a_user_can_mend_is_said_without_traceback_and_exits_with_1(call):
    call("db", "upgrade")
    result = call("study", "show", "nothing", code=1)
    assert "\nError: no study" in result.output
    assert "nothing" in result.output


def test_a_broken_settings_file_is_said_without_traceback(call):
    Path("secondlook.toml").write_text("databse_url = 'x'\n")
    result = call("study", "list", code=1)
    assert "'databse_url' is not a setting" in result.output


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hunter2@127.0.0.1:9/nowhere",
        "sqlite:////proc/nothing/here.sqlite3",
    ],
)
def test_a_database_that_cannot_be_reached_is_said_without_its_password(
    call, monkeypatch, url
):
    monkeypatch.setenv("SECONDLOOK_DATABASE_URL", url)
    for command in (["study", "list"], ["db", "upgrade"], ["db", "check"]):
        result = call(*command, code=1)
        assert result.output.startswith("Error: ")
        assert "hunter2" not in result.output


def test_a_file_that_is_no_database_is_said_plainly(call):
    Path("secondlook.sqlite3").write_bytes(b"years of work" * 1000)
    for command in (["study", "list"], ["db", "check"]):
        assert "not a" in call(*command, code=1).output
    assert Path("secondlook.sqlite3").read_bytes() == b"years of work" * 1000


def test_the_version_is_that_of_the_package(call):
    from importlib.metadata import PackageNotFoundError, version

    try:
        expected = version("secondlook")
    except PackageNotFoundError:
        pytest.skip("secondlook is not installed, only imported from its folder")
    assert call("--version").stdout == f"secondlook {expected}\n"
