"""Bytes of which two readers could make two different sequences of requests, over bare sockets.

smuggling.json has the cases: what is sent, and which requests are answered how. In what is sent,
@NEXT@ stands for a request of its own with the id `next`, @LENGTH@ for its length, @LONG@ for 20,000
letters. An answer is [status, id of the request]: null where no request was read. `closed`: the connection ends then, and
nothing behind that point was taken for a request.
"""
import json
import pathlib

import pytest

CASES = json.loads((pathlib.Path(__file__).parent / "smuggling.json").read_text())
NEXT = "GET /acct1/con/hello HTTP/1.1\r\nHost: h\r\nx-ms-client-request-id: next\r\n\r\n"

pytestmark = pytest.mark.usefixtures("unchanged")


def bytes_of(case) -> bytes:
    text = case["send"]
    for name, meaning in (("LENGTH", str(len(NEXT))), ("NEXT", NEXT), ("LONG", "a" * 20_000)):
        text = text.replace(f"@{name}@", meaning)
    return text.encode("latin-1")


def pieces_of(data: bytes, step: int) -> list[bytes]:
    """Of `step` bytes. But the byte behind the head comes with the head's end: a client that expects
    100 Continue, and of which there is the head alone, holds its body back, and may be answered and
    left without it (RFC 9110, section 10.1.1). That is another case, and would be a matter of
    time here."""
    ends = {*range(step, len(data), step), len(data)}
    head = data.find(b"\r\n\r\n") + 4
    if b"Expect: 100-continue" in data[:head] and head < len(data):
        ends.discard(head)
    begins = [0, *sorted(ends)]
    return [data[begin:end] for begin, end in zip(begins, begins[1:])]


def answers(raw, case) -> list:
    found = []
    for _ in case["answers"]:
        method = "HEAD" if case["send"].startswith("HEAD") and not found else "GET"
        response = raw.read_response(method)
        found.append([response.status, response.header("x-ms-client-request-id")])
        assert response.header("x-ms-request-id")
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_smuggling(daemon, case):
    data = bytes_of(case)
    for step in (len(data), 3 if len(data) < 2000 else 777):
        with daemon.raw() as raw:
            for piece in pieces_of(data, step):
                try:
                    raw.send(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break  # it has seen enough
            assert answers(raw, case) == case["answers"], f"in pieces of {step}"
            if not case["closed"]:
                raw.half_close()
            assert raw.is_closed()  # with nothing further to say


def test_nothing_but_what_was_asked_for_is_answered_after_an_error(daemon):
    """The other way round: an answer that came is the answer to the request before it."""
    with daemon.raw() as raw:
        for number in range(20):
            bad = "%zz" if number % 3 == 1 else "hello"
            body = "hello" if number % 2 else ""
            raw.send((f"GET /acct1/con/{bad} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n"
                      f"x-ms-client-request-id: {number}\r\n\r\n{body}").encode())
        for number in range(20):
            response = raw.read_response()
            assert response.header("x-ms-client-request-id") == str(number)
            assert response.status == (400 if number % 3 == 1 else 404)
