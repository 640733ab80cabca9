"""Settings: read once, from `secondlook.toml` and SECONDLOOK_* variables."""

from __future__ import annotations

import re
import secrets
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from study_server.errors import SettingsError

PREFIX: Final = "SECONDLOOK_"
FILE_NAME: Final = "secondlook.toml"
SECRET_FILE: Final = ".secondlook-secret"  # noqa: S105 - a file name
_MIN_SECRET_LENGTH: Final = 32
_PROXIES: Final = re.compile(r"[0-9]")
_ENGINES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things lie and how the server is reached.

    Attributes:
        data_dir: Folder of what the server writes.
        database_url: `sqlite:///...` or `postgresql://...`; where left out,
            `secondlook.sqlite3` in `data_dir`.
        base_url: The address people reach the server at, no slash at the end.
        secret_key: Signs cookies; at least 32 characters, or None (see
            `secret_key`).
        trusted_proxies: How many web servers of yours stand in front and add to
            X-Forwarded-For; 0 takes the address of whoever connects.
    """

    data_dir: Path = Path()
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str | None = None
    trusted_proxies: int = 0

    @property
    def is_embedded(self) -> bool:
        """Whether the database is SQLite, in a file beside the data."""
        return self.database_url.startswith("sqlite")


NAMES: Final = tuple(entry.name for entry in fields(Settings))


def load_settings(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """The settings of `folder`; variables win over `secondlook.toml`.

    Args:
        environ: Usually `os.environ`; only SECONDLOOK_* names of settings count.
        folder: Where `secondlook.toml` may lie and relative paths start.

    Raises:
        SettingsError: Every unknown or malformed setting at once.
    """
    written = _read_file(folder / FILE_NAME)
    problems = [
        f"{FILE_NAME}: {name!r} is not a setting; there are: {', '.join(NAMES)}"
        for name in written
        if name not in NAMES
    ]
    for name in NAMES:
        if (given := environ.get(PREFIX + name.upper())) is not None:
            written[name] = given
    problems += [
        f"{name}: expected text, got {value!r}"
        for name, value in written.items()
        if name in NAMES and not isinstance(value, str)
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    return complete_settings(written, folder=folder)


def complete_settings(written: Mapping[str, str], *, folder: Path) -> Settings:
    """Settings from their text form, defaults filled in.

    Raises:
        SettingsError: Every malformed setting at once.
    """
    data_dir = (folder / written.get("data_dir", ".")).resolve()
    default_url = f"sqlite:///{data_dir / 'secondlook.sqlite3'}"
    n_proxies = written.get("trusted_proxies", "0")
    is_count = _PROXIES.fullmatch(n_proxies) is not None
    settings = Settings(
        data_dir=data_dir,
        database_url=written.get("database_url", default_url),
        base_url=written.get("base_url", Settings.base_url).rstrip("/"),
        secret_key=written.get("secret_key"),
        trusted_proxies=int(n_proxies) if is_count else 0,
    )
    problems = _problems(settings)
    if not is_count:
        problems.append(
            "trusted_proxies: expected how many web servers of yours stand in front, "
            f"0 to 9, got {n_proxies!r}"
        )
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def with_secret_key(settings: Settings) -> Settings:
    """The settings with a key that signs cookies.

    On the embedded default a key is made once and kept in `data_dir`, readable
    by its owner only.

    Raises:
        SettingsError: If the database is shared and no key is given: every
            server of a study needs the same one.
    """
    if settings.secret_key is not None:
        return settings
    if not settings.is_embedded:
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is not set: servers that share a database need the "
            "same key, at least 32 characters; make one with `python -c "
            "'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    return replace(settings, secret_key=_kept_secret(settings.data_dir / SECRET_FILE))


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole before it gets its name: several workers start at once,
        # and all must read the same key.
        made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48) + "\n", "utf-8")
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text("utf-8").strip()


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        written = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    # The one number among the settings, which variables write as text.
    if type(n_proxies := written.get("trusted_proxies")) is int:
        written["trusted_proxies"] = str(n_proxies)
    return written


def _problems(settings: Settings) -> list[str]:
    problems = []
    if settings.database_url.split(":")[0].split("+")[0] not in _ENGINES:
        problems.append(
            "database_url: expected sqlite:///FILE or postgresql://USER@HOST/NAME, "
            f"got one that starts with {settings.database_url.split(':')[0]!r}"
        )
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        problems.append(
            f"base_url: expected an http(s) address, got {settings.base_url!r}"
        )
    if settings.secret_key is not None and len(settings.secret_key) < 32:
        problems.append(
            f"secret_key: expected at least {_MIN_SECRET_LENGTH} characters, "
            f"got {len(settings.secret_key)}"
        )
    return problems
