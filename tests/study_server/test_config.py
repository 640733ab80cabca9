"""Settings: from variables and a file, every problem at once."""

from __future__ import annotations

import stat

import pytest

from study_server.config import (
    SECRET_FILE,
    Settings,
    load_settings,
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
