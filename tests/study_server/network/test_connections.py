"""Who may connect how often."""

from __future__ import annotations

import asyncio

import pytest

from study_server.network.connections import Connections, group_of
from study_server.network.server_limits import ServerLimits


class Ends(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


def connections(**limits: int) -> Connections:
    return Connections(ServerLimits(max_body_bytes=1, n_threads=1, **limits))


def test_one_address_has_so_many_connections_and_others_have_theirs():
    room = connections(max_per_address=2)
    first = room.enter(Ends(), address="203.0.113.5")
    assert first is not None
    assert room.enter(Ends(), address="203.0.113.5") is not None
    assert room.enter(Ends(), address="203.0.113.5") is None
    assert room.enter(Ends(), address="203.0.113.6") is not None
    room.leave(first)
    room.leave(first)
    assert room.enter(Ends(), address="203.0.113.5") is not None
    assert room.enter(Ends(), address="203.0.113.5") is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_not_counted_as_a_web_server_may_stand_there(address):
    room = connections(max_per_address=1)
    assert room.enter(Ends(), address=address) is not None
    assert room.enter(Ends(), address=address) is not None


def test_an_ipv6_network_counts_as_one_address():
    assert group_of("2001:db8:1:2::5") == group_of("2001:db8:1:2:ffff::9")
    assert group_of("2001:db8:1:2::5") != group_of("2001:db8:1:3::5")
    assert group_of("::ffff:203.0.113.5") == group_of("203.0.113.5")
    assert group_of("fe80::1%eth0") == "fe80::/64"
    assert group_of("a socket") == "a socket"


def test_whoever_is_served_never_makes_room():
    room = connections(max_connections=2)
    served, waiting = Ends(), Ends()
    first = room.enter(served, address="203.0.113.5")
    assert first is not None
    first.begin()
    room.enter(waiting, address="203.0.113.6")
    room.enter(Ends(), address="203.0.113.7")
    assert waiting.is_aborted
    assert not served.is_aborted
    assert len(room) == 2
