"""Corruptions: one module each, a frozen dataclass that is called on a picture.

A new one is a module and a line here; recipes take it by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from stimuli.methods.corruptions._base import Corruption, to_bytes, to_unit
from stimuli.methods.corruptions.contrast import LessContrast

CORRUPTIONS: Final[Mapping[str, Corruption]] = MappingProxyType(
    {each.name: each for each in (LessContrast(),)}
)

__all__ = ["CORRUPTIONS", "Corruption", "LessContrast", "to_bytes", "to_unit"]
