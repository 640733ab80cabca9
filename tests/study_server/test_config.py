"""Settings: from variables and a file, every problem at once."""

from __future__ import annotations

import stat

import pytest

from study_server.config import (
    SECRET_FILE,
    Settings,
    load_settings,
    rotate_kept_secret,
    with_secret_key,
)
from study_server.errors import SettingsError


def test_the_embedded_default_lies_in_the_folder(tmp_path):
    settings = load_settings({}, folder=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'secondlook.sqlite3'}"
    assert settings.is_embedded


def test_variables_win_over_the_file(tmp_path):
    (tmp_path / "secondlook.toml").write_text(
        'base_url = "https://lab.example"\ndata_dir = "here"\n'
    )
    environ = {"SECONDLOOK_BASE_URL": "https://other.example/", "HOME": "/"}
    settings = load_settings(environ, folder=tmp_path)
    assert settings.base_url == "https://other.example"
    assert settings.data_dir == tmp_path / "here"


def test_trusted_proxies_are_a_small_number(tmp_path):
    (tmp_path / "secondlook.toml").write_text("trusted_proxies = 2\n")
    assert load_settings({}, folder=tmp_path).trusted_proxies == 2
    environ = {"SECONDLOOK_TRUSTED_PROXIES": "1"}
    assert load_settings(environ, folder=tmp_path).trusted_proxies == 1
    for wrong in ("-1", "yes", "", "1.5", "100"):
        environ = {"SECONDLOOK_TRUSTED_PROXIES": wrong}
        with pytest.raises(SettingsError, match="trusted_proxies: expected"):
            load_settings(environ, folder=tmp_path)
    (tmp_path / "secondlook.toml").write_text("trusted_proxies = true\n")
    with pytest.raises(SettingsError, match="trusted_proxies: expected"):
        load_settings({}, folder=tmp_path)


def test_networks_of_labs_are_read(tmp_path):
    environ = {"SECONDLOOK_LAB_ADDRESSES": "192.0.2.0/24, 2001:db8::/32,"}
    settings = load_settings(environ, folder=tmp_path)
    assert [str(one) for one in settings.lab_networks] == [
        "192.0.2.0/24",
        "2001:db8::/32",
    ]
    environ = {"SECONDLOOK_LAB_ADDRESSES": "the lab"}
    with pytest.raises(SettingsError, match="lab_addresses: expected networks"):
        load_settings(environ, folder=tmp_path)


def test_every_problem_of_the_settings_is_named_at_once(tmp_path):
    (tmp_path / "secondlook.toml").write_text('colour = "red"\nbase_url = 8000\n')
    with pytest.raises(SettingsError) as caught:
        load_settings({}, folder=tmp_path)
    assert "'colour' is not a setting" in str(caught.value)
    assert "base_url: expected text" in str(caught.value)
    environ = {
        "SECONDLOOK_BASE_URL": "lab",
        "SECONDLOOK_DATABASE_URL": "mysql://x",
        "SECONDLOOK_SECRET_KEY": "short",
    }
    (tmp_path / "secondlook.toml").unlink()
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, folder=tmp_path)
    for name in ("base_url", "database_url", "secret_key"):
        assert name in str(caught.value)


def test_a_password_in_the_database_address_is_not_repeated(tmp_path):
    environ = {"SECONDLOOK_DATABASE_URL": "mysql://me:hunter22@host/db"}
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, folder=tmp_path)
    assert "hunter22" not in str(caught.value)


def test_the_embedded_secret_is_made_once_for_its_owner_only(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="sqlite:///x")
    first = with_secret_key(settings).secret_key
    assert first is not None
    assert len(first) >= 32
    assert with_secret_key(settings).secret_key == first
    mode = stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode)
    assert mode == 0o600


def test_servers_that_share_a_database_need_the_same_secret(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="postgresql://host/db")
    with pytest.raises(SettingsError, match="SECONDLOOK_SECRET_KEY"):
        with_secret_key(settings)


def test_a_replaced_key_is_kept_as_a_former_one_and_can_be_forgotten(tmp_path):
    settings = Settings(data_dir=tmp_path, database_url="sqlite:///x")
    first = with_secret_key(settings).secret_key
    assert rotate_kept_secret(settings) == 1
    second = with_secret_key(settings)
    assert second.secret_key != first
    assert second.keys == (second.secret_key, first)
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600
    assert rotate_kept_secret(settings, forget=True) == 0
    assert len(with_secret_key(settings).keys) == 1


def test_an_empty_key_is_refused_and_no_former_one_signs_for_it(tmp_path):
    # As from `SECONDLOOK_SECRET_KEY=${KEY}` where KEY is not set.
    for former in ("", "a" * 40):
        environ = {"SECONDLOOK_SECRET_KEY": "", "SECONDLOOK_FORMER_KEYS": former}
        with pytest.raises(SettingsError, match="secret_key: expected at least 32"):
            load_settings(environ, folder=tmp_path)


def test_former_keys_are_settings_too_and_must_be_long_enough(tmp_path):
    environ = {
        "SECONDLOOK_SECRET_KEY": "n" * 40,
        "SECONDLOOK_FORMER_KEYS": f"{'a' * 40}, {'b' * 40}",
    }
    found = load_settings(environ, folder=tmp_path)
    assert found.keys == ("n" * 40, "a" * 40, "b" * 40)
    with pytest.raises(SettingsError, match="former_keys: expected at least 32"):
        load_settings({**environ, "SECONDLOOK_FORMER_KEYS": "short"}, folder=tmp_path)
