"""What is sent reaches the application to the byte, and stopping loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from tests.study_server.network.echo_server import Running, echoing


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with echoing() as running:
        yield running


def test_a_body_with_a_length_arrives_whole(server):
    body = bytes(range(256))
    told = server.ask(more=b"Content-Length: 256\r\n", body=body)
    assert told["body"].encode("latin-1") == body
    assert told["length"] == "256"


def test_a_body_in_chunks_arrives_whole_and_with_a_length(server):
    more = b"Transfer-Encoding: chunked\r\n"
    told = server.ask(more=more, body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert (told["body"], told["length"]) == ("abcde", "5")
    assert "HTTP_TRANSFER_ENCODING" not in told["headers"]


def test_whoever_waits_to_be_asked_for_the_body_is_asked(server):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    with server.connect(
        head + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    ) as made:
        assert made.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        made.sendall(b"abc")
        assert b'"body": "abc"' in made.recv(1000)


def test_a_stated_length_beyond_the_limit_is_left_to_the_application(server):
    # It answers with a page of its own; these bytes are never read.
    told = server.ask(more=b"Content-Length: 1001\r\n")
    assert (told["body"], told["length"]) == ("", "1001")


def test_a_length_of_many_digits_is_beyond_the_limit_too(server):
    told = server.ask(more=f"Content-Length: {'9' * 25}\r\n".encode())
    assert told["body"] == ""
    assert int(told["length"]) > 10**18


def test_a_length_of_more_digits_than_python_reads_is_refused(server):
    sent = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {'9' * 5000}\r\n\r\n"
    assert server.say(sent.encode()).startswith(b"HTTP/1.1 400 ")


def test_chunks_beyond_the_limit_are_refused(server):
    sent = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n"
    with server.connect(sent + chunks) as made:
        assert made.recv(12) == b"HTTP/1.1 413"


def test_paths_and_queries_arrive_as_the_bytes_they_stand_for(server):
    told = server.ask("/a%20b%FF%0A?q=%FF&r=a+b")
    assert told["path"].encode("latin-1") == b"/a b\xff\n"
    assert told["query"] == "q=%FF&r=a+b"
    assert server.ask("http://elsewhere/there?x")["path"] == "/there"


def test_a_header_twice_is_one_list_and_cookies_are_one_cookie_line(server):
    told = server.ask(more=b"X-A: 1\r\nX-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n")
    assert told["headers"]["HTTP_X_A"] == "1,2"
    assert told["headers"]["HTTP_COOKIE"] == "a=1; b=2"


def test_nobody_can_say_by_a_header_how_they_came(server):
    more = b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\nScript_Name: /x\r\n"
    told = server.ask(more=more)
    assert told["scheme"] == "http"
    assert "HTTP_SCRIPT_NAME" not in told["headers"]


def test_two_requests_in_one_go_are_answered_one_after_the_other(server):
    one = b"GET /one HTTP/1.1\r\nHost: a\r\n\r\n"
    two = b"GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = server.say(one + two)
    assert answer.index(b'"/one"') < answer.index(b'"/two"')


def test_hanging_up_leaves_no_word_of_the_reply(server):
    assert server.say(b"GET /hang-up HTTP/1.1\r\nHost: a\r\n\r\n") == b""


def test_a_stop_waits_for_what_is_worked_on_and_for_nobody_who_waits():
    with echoing() as server:
        idle = server.connect(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        half = server.connect(b"GET / HTTP/1.1\r\nHo")
        answers = []
        asked = threading.Thread(target=lambda: answers.append(server.ask("/sleep?1")))
        asked.start()
        time.sleep(0.3)
        took = server.stop()
        asked.join(timeout=5)
        for made in (idle, half):
            made.close()
    assert answers[0]["path"] == "/sleep"
    assert took < 4


def test_another_worker_takes_over_from_one_that_was_killed():
    with echoing(workers=2) as server:
        killed = server.ask()["pid"]
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            assert server.ask()["pid"] != killed
            time.sleep(0.05)
            if time.monotonic() > deadline - 4.5:
                break
