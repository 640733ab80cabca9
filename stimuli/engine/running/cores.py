"""Cores of this machine, and how many of them one calculation takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def count_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


@contextmanager
def one_core_each() -> Iterator[None]:
    """Let torch use one core per calling thread, for as long as this lasts.

    Threads that split one batch wait for each other at every layer; on a busy
    machine that costs more than it gains.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
