"""Who may use a route: said at the route, refused where nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

ANYONE: Final = "anyone"
_ATTRIBUTE: Final = "who_may"

ViewT = TypeVar("ViewT", bound=Callable[..., Any])
Admit: TypeAlias = Callable[[frozenset[str]], ResponseReturnValue | None]


def open_to(*who: str) -> Callable[[ViewT], ViewT]:
    """Say who may use a view; it stands below the route, above the function."""

    def declare(view: ViewT) -> ViewT:
        setattr(view, _ATTRIBUTE, frozenset(who))
        return view

    return declare


def who_may(app: Flask) -> Mapping[str, frozenset[str]]:
    """Who may use every endpoint of an application; nobody where nothing is said."""
    return MappingProxyType(
        {
            endpoint: frozenset(getattr(view, _ATTRIBUTE, ()))
            for endpoint, view in app.view_functions.items()
        }
    )


def init_access(app: Flask, admit: Admit) -> None:
    """Ask before every view; for an application with all its routes.

    Args:
        app: The application.
        admit: Called with who may; gives what to answer instead, or None to go on.

    Raises:
        TypeError: If a route does not say who may use it.
    """
    if app.has_static_folder:
        open_to(ANYONE)(app.view_functions["static"])
    silent = sorted(name for name, who in who_may(app).items() if not who)
    if silent:
        raise TypeError(
            f"these routes do not say who may use them: {', '.join(silent)}; put one "
            "of the decorators of `access` between the route and its function"
        )

    @app.before_request
    def ask() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        who = who_may(current_app).get(request.endpoint, frozenset())
        if not who:
            abort(403)
        return None if ANYONE in who else admit(who)
