"""A path in a file of somebody else's never leads out of its folder."""

import os

import pytest

from stimuli.files.paths import PathOutsideError, check_relative, inside, is_plain_id
from stimuli.manifest import StimulusSet, StimulusSetError, stimulus_from_json

OUT = [
    "",
    "/of/the/host",
    "../secret.png",
    "images/../../secret.png",
    "images/..",
    "images/./a.png",
    "images//a.png",
    "images/ ../a.png",
    "images/.. /a.png",
    "images/.../a.png",
    "~/a.png",
    "~root/a.png",
    "C:/a.png",
    "C:a.png",
    "images\\a.png",
    "..\\a.png",
    "\\\\host\\share\\a.png",
    "file:images/a.png",
    "images/a.png:stream",
    "images/a\x00.png",
    "images/a\n.png",
    "images/" + "a" * 2000,
    None,
    7,
]


@pytest.mark.parametrize("name", OUT)
def test_a_path_that_may_lead_out_is_refused(name, tmp_path):
    with pytest.raises(PathOutsideError):
        check_relative(name)
    with pytest.raises(PathOutsideError):
        inside(tmp_path, name)


def test_plain_paths_stay_and_need_not_be_there(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "été 1.png").write_bytes(b"x")
    assert inside(tmp_path, "images/été 1.png").read_bytes() == b"x"
    assert inside(tmp_path, "images/b.png") == tmp_path / "images" / "b.png"


@pytest.mark.parametrize("where", ["images", "images/a.png"])
def test_a_link_on_the_way_is_refused_wherever_it_leads(where, tmp_path):
    real, folder = tmp_path / "real", tmp_path / "set"
    (real / "images").mkdir(parents=True)
    (real / "images" / "a.png").write_bytes(b"x")
    (folder / where).parent.mkdir(parents=True, exist_ok=True)
    (folder / where).symlink_to(real / where)
    with pytest.raises(PathOutsideError, match="is a link"):
        inside(folder, "images/a.png")
    # The folder itself may be reached by one: people keep sets on other disks.
    (tmp_path / "shortcut").symlink_to(real)
    assert inside(tmp_path / "shortcut", "images/a.png").read_bytes() == b"x"


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(PathOutsideError, match="not a file"):
        inside(tmp_path, "a.png")


def test_a_manifest_line_with_such_a_path_or_id_is_refused(built_folder):
    line = (built_folder / "manifest.jsonl").read_text().splitlines()[0]
    stimulus = stimulus_from_json(line)
    for old, new in (
        (stimulus.file, "../../secret.png"),
        (f'"id":"{stimulus.id}"', '"id":"../../secret"'),
    ):
        assert old in line
        with pytest.raises(StimulusSetError):
            stimulus_from_json(line.replace(old, new))
    for name in ("../../secret", "..", "a/b", "a\\b", "", None):
        assert not is_plain_id(name)
    with pytest.raises(StimulusSetError):
        StimulusSet(built_folder).image_path("../summary")
