"""The image behind an address, checked before it is sent, and who asked for it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from stimuli.files.paths import PathOutsideError, inside
from study_server.errors import (
    StimulusSetChangedError,
    UnknownTokenError,
)
from study_server.services import Services
from study_server.services.studies.ingest import file_sha256
from study_server.store import trials
from study_server.store.participation.image_requests import RequestedImage


def media_file(
    services: Services, media_token: str, *, session: str | None = None
) -> Path:
    """The PNG behind an address, its bytes checked against its hash.

    Args:
        services: The services.
        media_token: The image's public name.
        session: Public name of the session that asks, for the server's own record
            of what was sent; None where nobody's session does.

    Raises:
        UnknownTokenError: If there is none.
        StimulusSetChangedError: If the file is gone or has other bytes.
    """
    try:
        path = _checked_file(services, media_token)
    except StimulusSetChangedError:
        _note_image(services, media_token, session=session, is_sent=False)
        raise
    _note_image(services, media_token, session=session, is_sent=True)
    return path


def _note_image(
    services: Services, media_token: str, *, session: str | None, is_sent: bool
) -> None:
    if session is not None:
        asked = RequestedImage(session=session, media_token=media_token)
        services.images.note(asked, is_sent=is_sent)


def _checked_file(services: Services, media_token: str) -> Path:
    with services.store.read() as tx:
        media = trials.find_media(tx, media_token)
    if media is None:
        raise UnknownTokenError("there is no image at this address")
    try:
        path = inside(Path(media.set_folder), media.file)
        stat = path.stat()
    except PathOutsideError as error:
        raise StimulusSetChangedError(
            f"an image of the stimulus set in {media.set_folder} is a link now: "
            f"{media.file}; it is not shown"
        ) from error
    except OSError as error:
        raise StimulusSetChangedError(
            f"an image of the stimulus set in {media.set_folder} is gone: {media.file}"
        ) from error
    found = _sha256_at(path, stat.st_mtime_ns, stat.st_size)
    if found != media.sha256:
        raise StimulusSetChangedError(
            f"an image of the stimulus set in {media.set_folder} changed: {media.file}; "
            "it is not shown, since nobody would know what was judged"
        )
    return path


@lru_cache(maxsize=65_536)
def _sha256_at(path: Path, _mtime_ns: int, _size: int) -> str | None:
    return file_sha256(path)
