"""Other people's implementations, where they are installed."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

import pytest


def import_peer(name: str) -> ModuleType:
    """The module, or a skip that says how to get it."""
    with warnings.catch_warnings():
        # They are years old; what they warn about is not ours to mend.
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError as error:
            pytest.skip(
                f"{name} cannot be imported ({error}); get it with "
                "pip install --no-deps -r requirements/peers.txt"
            )
