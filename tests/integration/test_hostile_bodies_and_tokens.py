"""Chunked bodies that try to smuggle, bodies that stall, SAS tokens that say too little."""
import pytest

import azure_auth
import blobgate_daemon
from raw_http import Closed

pytestmark = pytest.mark.usefixtures("unchanged")
HOST = b"Host: 127.0.0.1\r\n"


def signed(method, path, headers=None):
    complete = {"x-ms-version": "2022-11-02", "x-ms-date": azure_auth.http_date(),
                **(headers or {})}
    complete["Authorization"] = azure_auth.shared_key(
        "acct1", blobgate_daemon.ACCOUNTS["acct1"], method, path, complete)
    return complete


def head_of(method, path, headers):
    lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def get(daemon, path, headers=None):
    with daemon.raw() as raw:
        raw.send(head_of("GET", path, headers or {}))
        return raw.read_response()


def code_of(response):
    return response.status, response.header("x-ms-error-code")


# Chunked bodies that readers take differently, or that never end: name, bytes after the head.
CHUNKS = [
    ("no digits", b"\r\nhello\r\n0\r\n\r\n"),
    ("not hexadecimal", b"5g\r\nhello\r\n0\r\n\r\n"),
    ("a 0x in front", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("a sign in front", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("negative", b"-1\r\nhello\r\n0\r\n\r\n"),
    ("a blank in front", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("more than 64 bits", b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    ("bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("nothing after the data", b"5\r\nhello0\r\n\r\n"),
    ("data longer than its size", b"4\r\nhello\r\n0\r\n\r\n"),
    ("an endless extension", b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"),
    ("endless trailers", b"5\r\nhello\r\n0\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n"),
]


@pytest.mark.parametrize("name,chunks", CHUNKS, ids=[c[0] for c in CHUNKS])
def test_chunked_tricks(daemon, name, chunks):
    path = "/acct1/con/smuggled"
    headers = signed("PUT", path, {"x-ms-blob-type": "BlockBlob"})
    with daemon.raw() as raw:
        raw.send(head_of("PUT", path, {**headers, "Transfer-Encoding": "chunked"}) + chunks
                 + b"GET /acct1/con/hello HTTP/1.1\r\n" + HOST + b"\r\n")
        answers = []
        try:
            while True:
                answers.append(raw.read_response("PUT").status)
        except (Closed, OSError):
            pass  # what comes after the trick must not be read as a request
    assert answers == [411]


def test_a_well_formed_chunked_body_is_read_to_its_end(daemon):
    """Refused, as Azure wants a length; but the connection goes on with the next request."""
    path = "/acct1/con/smuggled"
    headers = {**signed("PUT", path, {"x-ms-blob-type": "BlockBlob"}),
               "Transfer-Encoding": "chunked"}
    with daemon.raw() as raw:
        raw.send(head_of("PUT", path, headers) + b"5;ext=1\r\nhello\r\n0\r\nX-A: b\r\n\r\n"
                 + head_of("GET", "/acct1/con/hello", signed("GET", "/acct1/con/hello")))
        assert code_of(raw.read_response("PUT")) == (411, "MissingContentLengthHeader")
        assert raw.read_response().body == b"hello world"


def test_a_body_that_stalls_is_cut(daemon):
    path = "/acct1/con/hello"
    headers = signed("PUT", path, {"x-ms-blob-type": "BlockBlob", "Content-Length": "100"})
    with daemon.raw() as raw:
        raw.send(head_of("PUT", path, headers) + b"only this")
        try:
            assert raw.read_response("PUT").status >= 400
        except Closed:
            return
        assert raw.is_closed()


@pytest.mark.parametrize("sas,status,code", [
    ({"expiry": azure_auth.iso_time(-60)}, 403, "AuthenticationFailed"),
    ({"start": azure_auth.iso_time(3600), "expiry": azure_auth.iso_time(7200)}, 403,
     "AuthenticationFailed"),
    ({"services": "q"}, 403, "AuthorizationServiceMismatch"),
    ({"resources": "sc"}, 403, "AuthorizationResourceTypeMismatch"),
    ({"permissions": "l"}, 403, "AuthorizationPermissionMismatch"),
    ({"ip": "10.0.0.1-10.0.0.9"}, 403, "AuthorizationSourceIPMismatch"),
    ({"protocol": "https"}, 403, "AuthorizationProtocolMismatch"),
], ids=["expired", "not yet", "service", "resource type", "permission", "address", "protocol"])
def test_account_sas_refused(daemon, sas, status, code):
    token = daemon.account_sas(**sas)
    response = get(daemon, f"/acct1/con/hello?{token}")
    assert code_of(response) == (status, code)
    assert token.rsplit("sig=", 1)[1].encode() not in response.body


@pytest.mark.parametrize("change", [("sp=r", "sp=rw"), ("sr=b", "sr=c"), ("se=20", "se=21")])
def test_a_changed_sas_is_refused(daemon, change):
    token = azure_auth.service_sas("acct1", blobgate_daemon.ACCOUNTS["acct1"], "con", "hello",
                                   permissions="r")
    assert get(daemon, f"/acct1/con/hello?{token}").status == 200
    changed = token.replace(*change)
    assert changed != token
    assert code_of(get(daemon, f"/acct1/con/hello?{changed}")) == (
        403, "AuthenticationFailed")


def test_a_blob_sas_opens_no_other_blob(daemon):
    token = azure_auth.service_sas("acct1", blobgate_daemon.ACCOUNTS["acct1"], "con", "hello",
                                   permissions="r")
    for path in ("/acct1/con/hello2", "/acct1/con/hello/x", "/acct1/other/hello",
                 "/acct2/con/hello"):
        assert get(daemon, f"{path}?{token}").status == 403


def test_bytes_in_shared_key_lite(daemon):
    headers = {"x-ms-version": "2022-11-02", "x-ms-date": azure_auth.http_date()}
    headers["Authorization"] = azure_auth.shared_key_lite(
        "acct1", blobgate_daemon.SECOND_KEY, "GET", "/acct1/con/hello", headers)
    assert get(daemon, "/acct1/con/hello", headers).body == b"hello world"
