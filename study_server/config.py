"""Settings: read once, from `secondlook.toml` and SECONDLOOK_* variables."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from stimuli.files.text import TextFileError, read_toml
from study_server.errors import SettingsError
from study_server.private_files import (
    close_to_others,
    make_private_file,
    warn_if_readable,
)

PREFIX: Final = "SECONDLOOK_"
FILE_NAME: Final = "secondlook.toml"
SECRET_FILE: Final = ".secondlook-secret"  # noqa: S105 - a file name
_MIN_SECRET_LENGTH: Final = 32
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
# Cookies and links live for two months at most; nobody rotates every week.
_MOST_FORMER: Final = 8
_ENGINES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    """What a number among the settings says, and which it may be."""

    words: str
    values: range


_NUMBERS: Final[Mapping[str, _Allowed]] = {
    "trusted_proxies": _Allowed(
        words="how many web servers of yours stand in front", values=range(10)
    ),
    "sign_in_hours": _Allowed(words="hours", values=range(1, 721)),
    "sign_in_idle_minutes": _Allowed(words="minutes", values=range(5, 43_201)),
    "keep_identities_days": _Allowed(words="days", values=range(36_501)),
}


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
        former_keys: Keys that were replaced, the newest first, separated by
            commas: what they signed is still read, and nothing new is signed with
            them.
        trusted_proxies: How many web servers of yours stand in front and add to
            X-Forwarded-For; 0 takes the address of whoever connects.
        lab_addresses: Networks of labs, like "192.0.2.0/24, 2001:db8::/32": any
            number of people may start there at the same moment.
        sign_in_hours: How long users of the dashboard stay signed in at most.
        sign_in_idle_minutes: And how long without asking for a page.
        keep_identities_days: So many days after the last study that a person took
            part in was closed, and once all pay for it is settled, the server erases
            who they are and what they wrote in the exit survey; their responses
            stay. 0 keeps identities until `participant erase`.
    """

    data_dir: Path = Path()
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str | None = None
    former_keys: str = ""
    trusted_proxies: int = 0
    lab_addresses: str = ""
    sign_in_hours: int = 12
    sign_in_idle_minutes: int = 120
    keep_identities_days: int = 0

    @property
    def lab_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`lab_addresses`, read.

        Raises:
            ValueError: If one is no network.
        """
        parts = (part.strip() for part in self.lab_addresses.split(","))
        return tuple(ip_network(part) for part in parts if part)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key and those it replaced, the newest first."""
        former = (key.strip() for key in self.former_keys.split(","))
        return tuple(key for key in (self.secret_key, *former) if key)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is SQLite, in a file beside the data."""
        return self.database_url.startswith("sqlite")

    @property
    def has_own_database(self) -> bool:
        """Whether the database is the one that is made in `data_dir` by itself."""
        return self.database_url == _own_database(self.data_dir)

    @property
    def serving_mark(self) -> Path:
        """The path beside which a running server says that it runs."""
        if self.is_embedded:
            return Path(self.database_url.partition(":///")[2].partition("?")[0])
        return self.data_dir / "secondlook"


NAMES: Final = tuple(entry.name for entry in fields(Settings))


def load_settings(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """The settings of `folder`; variables win over `secondlook.toml`.

    Args:
        environ: Usually `os.environ`; only SECONDLOOK_* names of settings count.
        folder: Where `secondlook.toml` may lie and relative paths start.

    Raises:
        SettingsError: Every unknown or malformed setting at once.
    """
    path = folder / FILE_NAME
    written = _read_file(path)
    if found := _secrets_in(written):
        warn_if_readable(path, holding=" and ".join(found))
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
    numbers, problems = _read_numbers(written)
    settings = Settings(
        data_dir=data_dir,
        database_url=written.get("database_url", _own_database(data_dir)),
        base_url=written.get("base_url", Settings.base_url).rstrip("/"),
        secret_key=written.get("secret_key"),
        former_keys=written.get("former_keys", ""),
        lab_addresses=written.get("lab_addresses", ""),
        **numbers,
    )
    if problems := [*_problems(settings), *problems]:
        raise SettingsError("\n".join(problems))
    return settings


def _own_database(data_dir: Path) -> str:
    return f"sqlite:///{data_dir / 'secondlook.sqlite3'}"


def _read_numbers(written: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    numbers, problems = {}, []
    for name, allowed in _NUMBERS.items():
        if (given := written.get(name)) is None:
            continue
        if _DIGITS.fullmatch(given) and int(given) in allowed.values:
            numbers[name] = int(given)
            continue
        problems.append(
            f"{name}: expected {allowed.words}, {allowed.values[0]} to "
            f"{allowed.values[-1]}, got {given!r}"
        )
    return numbers, problems


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
    newest, *former = _kept_secrets(settings.data_dir / SECRET_FILE)
    former += settings.keys
    return replace(settings, secret_key=newest, former_keys=",".join(former))


def rotate_kept_secret(settings: Settings, *, forget: bool = False) -> int:
    """Put a new key before those kept in `data_dir`; says how many former ones stay.

    Args:
        settings: With neither a key of their own nor a shared database.
        forget: Whether the former ones go: what they signed ends at once.
    """
    path = settings.data_dir / SECRET_FILE
    former = [] if forget else _kept_secrets(path)[:_MOST_FORMER]
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    make_private_file(made)
    made.write_text("\n".join([new_secret(), *former]) + "\n", "utf-8")
    made.replace(path)
    return len(former)


def new_secret() -> str:
    """A key nobody can guess."""
    return secrets.token_urlsafe(48)


def _kept_secrets(path: Path) -> list[str]:
    if path.exists():
        close_to_others(path)
    else:
        # Written whole before it gets its name: several workers start at once,
        # and all must read the same key.
        made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        make_private_file(made)
        made.write_text(new_secret() + "\n", "utf-8")
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text("utf-8").split()


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        written = read_toml(path).tables
    except TextFileError as error:
        raise SettingsError(f"the settings {error}") from error
    # Variables write numbers as text, so text is what is read.
    for name in _NUMBERS:
        if type(number := written.get(name)) is int:
            written[name] = str(number)
    return written


def _secrets_in(written: Mapping[str, Any]) -> list[str]:
    found = []
    if written.get("secret_key") or written.get("former_keys"):
        found.append("the key that signs cookies")
    if "@" in str(written.get("database_url", "")):
        found.append("the way into the database")
    return found


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
    try:
        _ = settings.lab_networks
    except ValueError as error:
        problems.append(
            f'lab_addresses: expected networks like "192.0.2.0/24", got {error}'
        )
    if settings.secret_key is not None and not settings.secret_key:
        problems.append(
            f"secret_key: expected at least {_MIN_SECRET_LENGTH} characters, got none; "
            "leave it out where the server is to make one"
        )
    for key in settings.keys:
        if len(key) < _MIN_SECRET_LENGTH:
            name = "secret_key" if key == settings.secret_key else "former_keys"
            problems.append(
                f"{name}: expected at least {_MIN_SECRET_LENGTH} characters, "
                f"got {len(key)}"
            )
    return problems
