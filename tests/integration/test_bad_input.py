"""Hostile and mistaken requests over bare sockets: the answer, the connection, the store."""
import contextlib
import socket
import ssl

import pytest

import azure_auth
import blobgate_daemon
from raw_http import Closed

pytestmark = pytest.mark.usefixtures("unchanged")
HOST = b"Host: 127.0.0.1\r\n"

# Malformed heads: name, bytes, status.
HEADS = [
    ("no version", b"GET /acct1/con\r\n\r\n", 400),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/3.0", b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
    ("no host", b"GET /acct1/con HTTP/1.1\r\n\r\n", 400),
    ("two hosts", b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    ("space before colon", b"GET / HTTP/1.1\r\n" + HOST + b"X-A : b\r\n\r\n", 400),
    ("folded line", b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\r\n c\r\n\r\n", 400),
    ("bare LF", b"GET / HTTP/1.1\nHost: x\n\n", 400),
    ("NUL in a value", b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\0c\r\n\r\n", 400),
    ("NUL in the target", b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("empty field name", b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n", 400),
    ("bad escape in the path", b"GET /acct1/con/%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("escape cut short", b"GET /acct1/con/a?b=%4 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("head too large", b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ("too many headers", b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 300 + b"\r\n", 431),
]


@pytest.mark.parametrize("name,head,status", HEADS, ids=[h[0] for h in HEADS])
def test_malformed_heads(daemon, name, head, status):
    with daemon.raw() as raw:
        raw.send(head)
        response = raw.read_response()
        assert response.status == status
        assert b"<Error><Code>" in response.body
        assert response.header("x-ms-error-code")
        assert response.header("x-ms-request-id")


def signed(daemon, method, path, headers=None, version="2022-11-02"):
    """Head fields of a request with a good signature."""
    complete = {"x-ms-version": version, "x-ms-date": azure_auth.http_date(), **(headers or {})}
    complete["Authorization"] = azure_auth.shared_key(
        "acct1", blobgate_daemon.ACCOUNTS["acct1"], method, path, complete)
    return complete


def exchange(daemon, method, path, headers, body=b""):
    with daemon.raw() as raw:
        lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        raw.send(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + body)
        return raw.read_response(method)


def code_of(response):
    return response.status, response.header("x-ms-error-code")


def test_no_credentials(daemon):
    response = exchange(daemon, "GET", "/acct1/con/hello", {"x-ms-version": "2022-11-02"})
    assert code_of(response) == (401, "NoAuthenticationInformation")
    assert response.header("WWW-Authenticate").startswith("Bearer authorization_uri=")


def test_wrong_signature(daemon):
    headers = signed(daemon, "GET", "/acct1/con/hello")
    headers["Authorization"] = "SharedKey acct1:" + "A" * 43 + "="
    response = exchange(daemon, "GET", "/acct1/con/hello", headers)
    assert code_of(response) == (403, "AuthenticationFailed")
    assert b"<AuthenticationErrorDetail>" in response.body
    assert blobgate_daemon.ACCOUNTS["acct1"].encode() not in response.body


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "SharedKey", "SharedKey acct1",
                                   "nonsense"])
def test_malformed_authorization(daemon, value):
    response = exchange(daemon, "GET", "/acct1/con/hello",
                        {"Authorization": value, "x-ms-date": azure_auth.http_date(),
                         "x-ms-version": "2022-11-02"})
    assert code_of(response) == (400, "InvalidAuthenticationInfo")


def test_old_date(daemon):
    headers = {"x-ms-version": "2022-11-02", "x-ms-date": "Thu, 15 Jan 2015 12:00:00 GMT"}
    headers["Authorization"] = azure_auth.shared_key(
        "acct1", blobgate_daemon.ACCOUNTS["acct1"], "GET", "/acct1/con/hello", headers)
    assert code_of(exchange(daemon, "GET", "/acct1/con/hello", headers)) == (
        403, "AuthenticationFailed")


def test_unknown_account(daemon):
    assert code_of(exchange(daemon, "GET", "/nobody/con/hello", {})) == (404, "ResourceNotFound")


def test_newer_versions_are_accepted(daemon):
    path = "/acct1/con/hello"
    response = exchange(daemon, "GET", path, signed(daemon, "GET", path, version="2099-12-31"))
    assert (response.status, response.header("x-ms-version")) == (200, "2099-12-31")


def test_a_version_that_is_no_date(daemon):
    path = "/acct1/con/hello"
    response = exchange(daemon, "GET", path, signed(daemon, "GET", path, version="latest"))
    assert code_of(response) == (400, "InvalidHeaderValue")
    assert b"<HeaderName>x-ms-version</HeaderName>" in response.body


@pytest.mark.parametrize("value", ["bytes=11-", "bytes=100-200"])
def test_ranges_beyond_the_end(daemon, value):
    response = daemon.client().request("GET", "con", "hello", headers={"x-ms-range": value})
    assert (response.status, response.error_code) == (416, "InvalidRange")
    assert response.headers["Content-Range"] == "bytes */11"


def test_any_range_of_an_empty_blob(daemon):
    response = daemon.client().request("GET", "con", "empty", headers={"Range": "bytes=0-"})
    assert (response.status, response.error_code) == (416, "InvalidRange")
    assert response.headers["Content-Range"] == "bytes */0"


RANGES = ["bytes=5-2", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=-3",
          "bytes=0--1"]


@pytest.mark.parametrize("value", RANGES)
def test_ranges_that_are_not_understood(daemon, value):
    """Ignored (RFC 9110 section 14.2), also in Azure's own header, which beats Range all the same."""
    for headers in ({"Range": value}, {"x-ms-range": value},
                    {"x-ms-range": value, "Range": "bytes=0-1"}):
        response = daemon.client().request("GET", "con", "hello", headers=headers)
        assert (response.status, response.body) == (200, b"hello world")
        assert "Content-Range" not in response.headers


def test_metadata_too_large_on_its_own(daemon):
    response = daemon.client().request("PUT", "con", "hello", comp="metadata",
                                       headers={"x-ms-meta-a": "v" * 9000})
    assert (response.status, response.error_code) == (400, "MetadataTooLarge")


def test_errors_of_head_have_the_code_as_header(daemon):
    path = "/acct1/con/hello"
    forged = {**signed(daemon, "HEAD", path), "Authorization": "SharedKey acct1:" + "A" * 43 + "="}
    with daemon.raw() as raw:
        for headers, wanted in (
                ({"x-ms-version": "2022-11-02"}, (401, "NoAuthenticationInformation")),
                (forged, (403, "AuthenticationFailed")),
                (signed(daemon, "HEAD", path, {"If-Match": '"0x1"'}), (412, "ConditionNotMet")),
                (signed(daemon, "HEAD", path), (200, None))):
            lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
            raw.send(f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
            # A body would be taken for the next status line: the connection goes on.
            assert code_of(raw.read_response("HEAD")) == wanted


@pytest.mark.parametrize("query,body,code", [
    ({"comp": "blocklist"}, b"<BlockList><Latest>QQ==", "InvalidXmlDocument"),
    ({"comp": "blocklist"}, b"<!DOCTYPE x [<!ENTITY a 'b'>]><BlockList/>",
     "InvalidXmlDocument"),
    ({"comp": "blocklist"}, b"<BlockList><Latest>bm9uZQ==</Latest></BlockList>",
     "InvalidBlockList"),
    ({"comp": "tags"}, b"<Tags><TagSet><Tag><Key>a</Key></Tag></TagSet></Tags>",
     "MissingRequiredXmlNode"),
    ({"comp": "tags"}, b"<Tags><TagSet></Tags>", "InvalidXmlDocument"),
    ({"comp": "blocklist"}, b"", "InvalidXmlDocument"),
    ({"comp": "block", "blockid": "***"}, b"x", "InvalidQueryParameterValue"),
    ({"comp": "nonsense"}, b"", "InvalidQueryParameterValue"),
])
def test_bad_bodies_and_queries(daemon, query, body, code):
    response = daemon.client().request("PUT", "con", "hello", body=body, **query)
    assert (response.status, response.error_code) == (400, code)
    assert response.headers["Content-Type"] == "application/xml"


def test_a_block_list_that_is_too_long(daemon):
    body = b"<BlockList>" + b"<Latest>QUFBQQ==</Latest>" * 50_001 + b"</BlockList>"
    response = daemon.client().request("PUT", "con", "hello", body=body, comp="blocklist")
    assert (response.status, response.error_code) == (400, "BlockListTooLong")


@pytest.mark.parametrize("headers,status,code", [
    ({"x-ms-blob-type": "BlockBlob", "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, 400,
     "Md5Mismatch"),
    ({"x-ms-blob-type": "BlockBlob", "Content-MD5": "short"}, 400, "InvalidMd5"),
    ({"x-ms-blob-type": "BlockBlob", "x-ms-content-crc64": "AAAAAAAAAAA="}, 400, "Crc64Mismatch"),
    ({"x-ms-blob-type": "BlockBlob", "x-ms-meta-a": "v" * 9000}, 400, "MetadataTooLarge"),
    ({"x-ms-blob-type": "BlockBlob", "x-ms-meta-a-b": "v"}, 400, "InvalidMetadata"),
    ({"x-ms-blob-type": "BlockBlob", "x-ms-access-tier": "Warm"}, 400, "InvalidHeaderValue"),
    ({"x-ms-blob-type": "Blob"}, 400, "InvalidHeaderValue"),
    ({}, 400, "MissingRequiredHeader"),
    ({"x-ms-blob-type": "BlockBlob", "If-None-Match": "*"}, 409, "BlobAlreadyExists"),
    ({"x-ms-blob-type": "BlockBlob", "If-Match": '"0x1"'}, 412, "ConditionNotMet"),
    ({"x-ms-blob-type": "BlockBlob", "x-ms-lease-id": "b9c1a0e2-0000-4000-8000-000000000001"}, 412,
     "LeaseNotPresentWithBlobOperation"),
])
def test_put_blob_refused(daemon, headers, status, code):
    response = daemon.client().request("PUT", "con", "hello", body=b"new", headers=headers)
    assert (response.status, response.error_code) == (status, code)


def test_put_without_length(daemon):
    path = "/acct1/con/new"
    headers = signed(daemon, "PUT", path, {"x-ms-blob-type": "BlockBlob"})
    assert code_of(exchange(daemon, "PUT", path, headers)) == (411, "MissingContentLengthHeader")


def test_a_body_that_is_too_large_is_refused_unread(daemon):
    path = "/acct1/con/new"
    headers = signed(daemon, "PUT", path, {"x-ms-blob-type": "BlockBlob",
                                           "Content-Length": str(5001 << 20)})
    assert code_of(exchange(daemon, "PUT", path, headers)) == (413, "RequestBodyTooLarge")


def test_a_body_that_ends_early_changes_nothing(daemon):
    path = "/acct1/con/hello"
    headers = signed(daemon, "PUT", path, {"x-ms-blob-type": "BlockBlob", "Content-Length": "100"})
    with daemon.raw() as raw:
        lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        raw.send(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + b"only this")
        raw.half_close()
        with pytest.raises((Closed, AssertionError)):
            assert raw.read_response().status < 400


def test_slow_heads_are_cut(daemon):
    with daemon.raw() as raw:
        raw.send(b"GET /acct1/con HTTP/1.1\r\nHost: x\r\n")
        assert raw.read_response().status == 408
        assert raw.is_closed()


@pytest.mark.parametrize("name,code", [
    ("Upper", "InvalidResourceName"), ("a", "OutOfRangeInput"), ("a--b", "InvalidResourceName"),
    ("-ab", "InvalidResourceName"), ("a" * 64, "OutOfRangeInput"), ("a_b", "InvalidResourceName"),
])
def test_bad_container_names(daemon, name, code):
    response = daemon.client().request("PUT", name, restype="container")
    assert (response.status, response.error_code) == (400, code)


def test_methods_that_do_not_exist(daemon):
    response = daemon.client().request("PATCH", "con", "hello")
    assert (response.status, response.error_code) == (405, "UnsupportedHttpVerb")


def test_stalled_handshakes_keep_nobody_out(daemon):
    """More than may be in the middle of theirs at a time, and as many that say nothing at all."""
    address = ("127.0.0.1", daemon.ports[True])
    trust = ssl.create_default_context(cafile=daemon.ca_file)
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(socket.create_connection(address))
            begun = stack.enter_context(socket.create_connection(address))
            begun.sendall(b"\x16\x03\x01\x02\x00")  # the head of a record that never comes
        with socket.create_connection(address, timeout=30) as plain, \
                trust.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert client.recv(9) == b"HTTP/1.1 "
        begun.settimeout(30)
        assert begun.recv(100) == b""  # cut in the end
