"""What a set made by somebody else cannot do to a study or this machine."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from analysis.bundles.reading import BundleError, read_bundle
from stimuli.errors import StimuliError
from stimuli.manifest import StimulusSetError
from stimuli.publishing.target import PublishingTarget
from stimuli.publishing.uploading import publish_set
from study_server.errors import StimulusSetChangedError, StudyError
from study_server.services.bundles.exporting import export_study
from study_server.services.participation import stimulus_images
from study_server.services.studies.ingest import load_set
from study_server.services.studies.life import create_study
from study_server.store.tables import Stimulus
from tests.study_server.conftest import write_study

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def first_line(stimuli: Path) -> dict[str, object]:
    path = stimuli / "manifest.jsonl"
    found: dict[str, object] = json.loads(path.read_text().splitlines()[0])
    return found


def change_first(stimuli: Path, **values: object) -> None:
    path = stimuli / "manifest.jsonl"
    lines = path.read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), **values})
    path.write_text("\n".join(lines) + "\n")


def with_bytes(stimuli: Path, blob: bytes) -> None:
    """The set with other bytes for its first image, and all names to match."""
    old = str(first_line(stimuli)["id"])
    new = hashlib.sha256(blob).hexdigest()
    (stimuli / "images" / f"{old}.png").unlink()
    (stimuli / "images" / f"{new}.png").write_bytes(blob)
    for name in ("manifest.jsonl", "trials.jsonl"):
        path = stimuli / name
        path.write_text(path.read_text().replace(old, new))


def test_a_drawing_that_runs_scripts_is_not_taken_in(services, stimuli, tmp_path):
    with_bytes(stimuli, SVG)
    with pytest.raises(StimulusSetError, match="not made of pixels"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)


def test_an_image_that_is_a_web_page_as_well_is_not_taken_in(stimuli):
    picture = next((stimuli / "images").iterdir()).read_bytes()
    with_bytes(stimuli, picture + b"<script>alert(1)</script>")
    with pytest.raises(StimulusSetError, match="something else after the image"):
        load_set(stimuli)


def test_an_image_of_another_size_than_stated_is_not_taken_in(
    services, stimuli, tmp_path
):
    buffer = io.BytesIO()
    Image.new("1", (5000, 3000)).save(buffer, "PNG")
    with_bytes(stimuli, buffer.getvalue())
    with pytest.raises(StimulusSetError, match=r"5000 x 3000 pixels, the manifest say"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)
    change_first(stimuli, width=20_000, height=20_000)
    with pytest.raises(StimulusSetError, match="the manifest says 20000 x 20000"):
        load_set(stimuli)


def test_an_image_that_would_fill_the_memory_is_not_taken_in(stimuli):
    # 20,000 x 20,000 in a header, declared as whatever the manifest says.
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b""))
    blob = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        check = zlib.crc32(kind + content)
        blob += struct.pack(">I", len(content)) + kind + content
        blob += struct.pack(">I", check)
    with_bytes(stimuli, blob)
    with pytest.raises(StimulusSetError, match="more than 50,000,000 pixels"):
        load_set(stimuli)


def test_a_path_out_of_the_set_is_not_taken_in(services, stimuli, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    change_first(stimuli, file="../secret.png", id=hashlib.sha256(b"x").hexdigest())
    with pytest.raises(StimulusSetError, match="may lead out"):
        create_study(services, write_study(tmp_path), stimuli=stimuli)


@pytest.fixture
def linked(stimuli, tmp_path):
    """A set one of whose images is a link to the same bytes elsewhere."""
    path = stimuli / str(first_line(stimuli)["file"])
    path.rename(tmp_path / "elsewhere.png")
    path.symlink_to(tmp_path / "elsewhere.png")
    return stimuli


def test_a_link_in_a_set_is_not_taken_in(linked):
    with pytest.raises(StimulusSetChangedError, match="is a link"):
        load_set(linked)


def test_a_link_in_a_set_is_not_sent_to_a_bucket(linked):
    with pytest.raises(StimuliError, match="is a link"):
        publish_set(linked, PublishingTarget(bucket="b"), client=None)


def test_what_became_a_link_later_is_neither_served_nor_exported(
    opened, stimuli, tmp_path
):
    with opened.store.read() as tx:
        media = tx.scalars(select(Stimulus).limit(1)).one()
    path = stimuli / media.file
    assert stimulus_images.media_file(opened, media.media_token) == path
    path.rename(tmp_path / "elsewhere.png")
    path.symlink_to(tmp_path / "elsewhere.png")
    with pytest.raises(StimulusSetChangedError, match="a link now"):
        stimulus_images.media_file(opened, media.media_token)
    with pytest.raises((StudyError, StimuliError), match="is a link"):
        export_study(opened, "things", out=tmp_path / "b", images="full")


@pytest.fixture
def exported(opened, tmp_path) -> Path:
    out = export_study(opened, "things", out=tmp_path / "b")
    with_head(out, stimuli={"classifiers": []})
    return out


def with_head(bundle: Path, **values: object) -> None:
    head = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps({**head, **values}))


def test_a_bundle_that_names_files_outside_itself_is_refused(exported):
    with_head(exported, files={"../secret": "0" * 64})
    with pytest.raises(BundleError, match=r"'\.\./secret' may lead out"):
        read_bundle(exported)


def test_a_picture_of_a_bundle_is_looked_for_in_the_bundle_only(exported, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    bundle = read_bundle(exported)
    stimulus = str(bundle.stimuli["stimulus"].iloc[0])
    assert bundle.image_path(stimulus) is not None
    assert bundle.image_path("../../secret") is None
