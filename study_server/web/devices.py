"""What kind of device a browser says it runs on."""

from __future__ import annotations

from werkzeug.datastructures import Headers

from study_server.services.admission import Device


def device_of(headers: Headers) -> Device:
    """Phone, tablet or desktop, from what the browser sends.

    An iPad that asks for desktop pages is taken for a desktop: nothing it sends
    tells them apart.
    """
    agent = headers.get("User-Agent", "")
    is_android = "Android" in agent
    if "iPad" in agent or "Tablet" in agent or (is_android and "Mobile" not in agent):
        return "tablet"
    says_mobile = headers.get("Sec-CH-UA-Mobile", "").strip() == "?1"
    return "phone" if says_mobile or "Mobi" in agent else "desktop"
