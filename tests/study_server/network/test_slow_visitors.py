"""Whoever sends or reads slowly takes no thread, and is hung up on in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.study_server.network.echo_server import (
    BIG,
    N_THREADS,
    Running,
    echoing,
    has_ended,
    read_all,
)

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
HALF_HEADERS = HEAD + b"X-Slow: "
HALF_BODY = HEAD + b"Content-Length: 10\r\n\r\nabc"
HALF_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"
# More of each than there are threads by far.
MANY = 40
ASK_BIG = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"


HALVES = pytest.mark.parametrize(
    "half", [b"", HALF_HEADERS, HALF_BODY, HALF_CHUNKS], ids=repr
)


@pytest.fixture(scope="module")
def patient() -> Iterator[Running]:
    with echoing(header_s=8.0, body_s=8.0, reply_s=8.0) as running:
        yield running


@pytest.fixture(scope="module")
def hasty() -> Iterator[Running]:
    with echoing(header_s=1.0, body_s=1.0, reply_s=1.0, keepalive_s=1) as running:
        yield running


@HALVES
def test_ordinary_requests_are_answered_while_many_are_half_sent(patient, half):
    with ExitStack() as stack:
        slow = [stack.enter_context(patient.connect(half)) for _ in range(MANY)]
        assert patient.ask("/while")["path"] == "/while"
        assert not any(has_ended(made) for made in slow), "they were waited for"


@HALVES
def test_what_stays_half_sent_is_ended_in_time(hasty, half):
    started = time.monotonic()
    with hasty.connect(half) as made:
        answer = read_all(made)
    assert 0.8 < time.monotonic() - started < 5
    assert answer[:12] == (b"HTTP/1.1 408" if b"\r\n\r\n" in half else b"")


@pytest.mark.parametrize("half", [HALF_HEADERS, HALF_BODY])
def test_a_byte_now_and_then_does_not_move_the_deadline(hasty, half):
    started = time.monotonic()
    with hasty.connect(half) as made:
        made.settimeout(0.2)
        while time.monotonic() - started < 5:
            try:
                made.sendall(b"a")
                if not made.recv(1000):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert 0.8 < time.monotonic() - started < 4


def test_a_second_request_of_a_connection_has_a_deadline_too(hasty):
    with hasty.connect(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as made:
        assert made.recv(12) == b"HTTP/1.1 200"
        made.sendall(HALF_HEADERS)
        started = time.monotonic()
        read_all(made)
        assert time.monotonic() - started < 5


def test_whoever_does_not_read_the_replies_takes_no_thread(patient):
    with ExitStack() as stack:
        started = time.monotonic()
        for _ in range(2 * N_THREADS):
            stack.enter_context(patient.connect(ASK_BIG))
        assert patient.ask("/while")["path"] == "/while"
        assert time.monotonic() - started < 7


def test_a_reply_that_is_not_read_is_broken_off(hasty):
    with hasty.connect(ASK_BIG) as made:
        time.sleep(2.5)
        assert len(read_all(made)) < BIG


def test_when_all_places_are_taken_the_longest_waiting_makes_room():
    with echoing(max_connections=20) as server, ExitStack() as stack:
        slow = [stack.enter_context(server.connect(HALF_BODY)) for _ in range(30)]
        assert server.ask("/while")["path"] == "/while"
        for made in slow[:10]:
            assert read_all(made) == b""


def test_half_sent_bodies_hold_a_bounded_number_of_bytes():
    half = HEAD + b"Content-Length: 900\r\n\r\n" + b"a" * 600
    with echoing(max_held_bytes=2000) as server, ExitStack() as stack:
        slow = [stack.enter_context(server.connect(half)) for _ in range(8)]
        refused = [made for made in slow[3:] if made.recv(12) == b"HTTP/1.1 503"]
        assert len(refused) == 5
        assert server.ask("/while")["path"] == "/while"
