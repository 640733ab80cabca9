"""A study that asks for a kind of device lets in that kind only."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from study_server.web.participation.participant import device_of
from tests.study_server.web.worlds import STUDY_TOML, make_world

LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605.1 Mobile/15E148"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 10) Chrome/156.0 Mobile Safari/537.36"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 16; SM-X900) Chrome/156.0 Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_2) AppleWebKit/605.1 Mobile/15E148"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (LAPTOP, "desktop"),
        (PHONE, "phone"),
        (ANDROID, "phone"),
        (ANDROID_TABLET, "tablet"),
        (IPAD, "tablet"),
        ("", "desktop"),
    ],
)
def test_a_device_is_told_from_what_the_browser_sends(agent: str, device: str):
    assert device_of(Headers({"User-Agent": agent})) == device


def test_a_phones_client_hint_counts_though_its_agent_says_desktop():
    hinted = Headers({"User-Agent": LAPTOP, "Sec-CH-UA-Mobile": "?1"})
    assert device_of(hinted) == "phone"


def test_a_desktop_study_turns_phones_away_and_takes_no_place(tmp_path: Path):
    toml = STUDY_TOML.replace("[design]\n", '[design]\ndevices = ["desktop"]\n')
    world = make_world(tmp_path, toml=toml)
    client = world.app.test_client()
    phone, laptop = {"User-Agent": PHONE}, {"User-Agent": LAPTOP}

    landing = client.get(world.link(), headers=phone)
    assert "can be done on these devices: desktop" in landing.text
    assert 'name="start"' not in landing.text
    assert client.post(world.link(), headers=phone).status_code == 403

    came_in = client.post(world.link(), headers=laptop)
    assert came_in.status_code == 303
    # Who is in already may go on with another device.
    assert client.get(came_in.location, headers=phone).status_code == 200
