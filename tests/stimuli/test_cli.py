from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stimuli.cli import stimuli
from stimuli.files.images import open_image

from . import toy


def run(*arguments: object) -> Result:
    return CliRunner().invoke(stimuli, [str(a) for a in arguments])


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    toy.paint(tmp_path / "photos/bee/a.png", 3, 4)
    toy.paint(tmp_path / "photos/bee/b.png", 1, 4)
    (tmp_path / "photos/bee/c.png").write_bytes(b"")
    return toy.write_recipe(tmp_path)


def test_help_imports_neither_torch_nor_numpy():
    code = (
        "import sys\nfrom click.testing import CliRunner\n"
        "from stimuli.cli import stimuli\n"
        "for verb in ([], ['build'], ['check'], ['show']):\n"
        "    assert CliRunner().invoke(stimuli, [*verb, '--help']).exit_code == 0\n"
        "print([m for m in ('torch', 'numpy', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_build_prints_the_denominators_and_what_could_not_be_read(recipe, tmp_path):
    result = run("build", recipe, "--out", tmp_path / "set")
    assert result.exit_code == 0, result.output
    assert "3 images, 1 unreadable" in result.stdout
    assert "bee/c.png: the file is empty" in result.stdout
    assert "toy: 2 images seen, 1 wrong (top-1), 0 wrong (top-5)" in result.stdout
    assert "images/s" in result.stderr
    again = run("build", recipe, "--out", tmp_path / "set")
    assert "holds this very set already" in again.stdout


def test_json_goes_to_stdout_alone(recipe, tmp_path):
    result = run("build", recipe, "--out", tmp_path / "set", "--json")
    assert json.loads(result.stdout)["trials"]["main"] == 1
    checked = run("check", tmp_path / "set", "--json")
    assert json.loads(checked.stdout)["n_predictions"] == 1


def test_what_the_user_can_mend_is_one_message_and_exit_1(tmp_path):
    result = run("build", tmp_path / "none.toml", "--out", tmp_path / "set")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the recipe ")
    assert "Traceback" not in result.output
    assert run("check", tmp_path).exit_code == 1
    assert run("build").exit_code == 2


def test_check_names_what_differs_and_exits_1(recipe, tmp_path):
    run("build", recipe, "--out", tmp_path / "set")
    assert "all is well" in run("check", tmp_path / "set").stdout
    picture = next((tmp_path / "set/images").iterdir())
    picture.write_bytes(b"")
    result = run("check", tmp_path / "set")
    assert result.exit_code == 1
    assert f"differs: images/{picture.name} (bee/a.png)" in result.stdout


def test_show_writes_a_sheet_of_either_kind(built_folder, tmp_path):
    result = run("show", built_folder, "--out", tmp_path / "sheet.png", "--n", 12)
    assert result.exit_code == 0, result.output
    with open_image(tmp_path / "sheet.png") as sheet:
        # Six columns of 224 and gaps of 16.
        assert sheet.width == 6 * 240 + 16
    result = run("show", built_folder, "--out", tmp_path / "a.html", "--role", "catch")
    page = (tmp_path / "a.html").read_text()
    assert page.count("<figure") == 20
    assert "catch known yes" in page
    assert "asks: bee" in page
    assert "right: yes" in page
    assert "http" not in page


def test_show_refuses_other_files_and_empty_roles(built_folder, tmp_path):
    result = run("show", built_folder, "--out", tmp_path / "sheet.pdf")
    assert result.exit_code == 1
    assert "must end in .png or .html, got 'sheet.pdf'" in result.stderr
    result = run("show", built_folder, "--out", tmp_path / "s.png", "--role", "control")
    assert "has no control trials to show" in result.stderr
