"""Whole answers of the main operations, and HTTP as clients use it."""
import base64
import hashlib
import re

import azure_auth
import blobgate_daemon
from blob_client import parse_xml

COMMON = {"server", "x-ms-request-id", "x-ms-version", "date", "content-length"}
HTTP_DATE = re.compile(r"^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$")


def names(response):
    return {name.lower() for name in response.headers.keys()}


def test_put_blob(daemon):
    body = b"some content"
    response = daemon.client().put_blob("con", "ops/put", body)
    assert names(response) == COMMON | {"etag", "last-modified", "content-md5",
                                        "x-ms-content-crc64", "x-ms-request-server-encrypted"}
    assert re.fullmatch(r'"0x8D[0-9A-F]{13}"', response.headers["ETag"])
    assert HTTP_DATE.match(response.headers["Last-Modified"])
    assert response.headers["Content-MD5"] == base64.b64encode(hashlib.md5(body).digest()).decode()
    assert response.body == b""


def test_put_block_and_list(daemon):
    client = daemon.client()
    block = client.expect(201, "PUT", "con", "ops/blocks", body=b"abc", comp="block",
                          blockid="QUFBQUFBQUE=")
    assert names(block) == COMMON | {"x-ms-content-crc64", "x-ms-request-server-encrypted"}
    listed = client.expect(200, "GET", "con", "ops/blocks", comp="blocklist",
                           blocklisttype="all")
    root = parse_xml(listed.body)
    assert [n.text for n in root.find("UncommittedBlocks").iter("Name")] == ["QUFBQUFBQUE="]
    assert "etag" not in names(listed)
    assert client.request("GET", "con", "ops/blocks").status == 404
    done = client.put_blocks("con", "ops/blocks", [b"x" * 10, b"y" * 20])
    assert {"etag", "last-modified", "x-ms-content-crc64"} <= names(done)
    assert client.get("con", "ops/blocks") == b"x" * 10 + b"y" * 20


def test_get_and_head(daemon):
    client = daemon.client()
    client.put_blob("con", "ops/get", b"0123456789",
                    {"x-ms-meta-Key": "Value", "x-ms-blob-content-type": "text/plain"})
    whole = client.expect(200, "GET", "con", "ops/get")
    head = client.expect(200, "HEAD", "con", "ops/get")
    assert whole.body == b"0123456789" and head.body == b""
    of_blob = COMMON | {"accept-ranges", "content-type", "etag", "last-modified",
                        "x-ms-blob-type", "x-ms-creation-time", "x-ms-lease-state",
                        "x-ms-lease-status", "x-ms-meta-key", "x-ms-server-encrypted"}
    assert names(whole) == of_blob | {"content-md5"}
    assert names(head) == of_blob | {"content-md5", "x-ms-access-tier",
                                     "x-ms-access-tier-inferred"}
    for response in (whole, head):
        assert response.headers["Content-Length"] == "10"
        assert response.headers["x-ms-blob-type"] == "BlockBlob"
        assert response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["Content-Type"] == "text/plain"
        assert response.headers["x-ms-lease-state"] == "available"
        assert response.headers["x-ms-server-encrypted"] == "true"
        assert "x-ms-meta-Key" in response.headers.keys()
        assert response.headers["Content-MD5"]
    assert head.headers["x-ms-access-tier"] == "Hot"
    part = client.expect(206, "GET", "con", "ops/get",
                         headers={"x-ms-range": "bytes=2-4", "Range": "bytes=0-0"})
    assert part.body == b"234"
    assert names(part) == of_blob | {"content-range", "x-ms-blob-content-md5"}
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert "Content-MD5" not in part.headers and part.headers["x-ms-blob-content-md5"]
    hashed = client.expect(206, "GET", "con", "ops/get", headers={
        "x-ms-range": "bytes=0-3", "x-ms-range-get-content-md5": "true"})
    assert hashed.headers["Content-MD5"] == base64.b64encode(
        hashlib.md5(b"0123").digest()).decode()


def test_conditions_on_reads(daemon):
    client = daemon.client()
    etag = client.put_blob("con", "ops/if", b"x").headers["ETag"]
    assert client.request("GET", "con", "ops/if", headers={"If-None-Match": etag}).status == 304
    assert client.request("GET", "con", "ops/if", headers={"If-Match": etag}).status == 200
    assert client.request("GET", "con", "ops/if", headers={"If-Match": '"x"'}).status == 412


def test_errors_of_head_have_the_code_as_header(daemon):
    response = daemon.client().request("HEAD", "con", "nothing")
    assert (response.status, response.error_code, response.body) == (404, "BlobNotFound", b"")


def test_error_body(daemon):
    response = daemon.client().request("GET", "con", "nothing")
    root = parse_xml(response.body)
    assert response.body.startswith(b"\xef\xbb\xbf<?xml")
    assert root.findtext("Code") == "BlobNotFound"
    message = root.findtext("Message").split("\n")
    assert message[0] == response.reason == "The specified blob does not exist."
    assert message[1] == "RequestId:" + response.headers["x-ms-request-id"]
    assert re.fullmatch(r"Time:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", message[2])


def test_client_request_id_is_echoed(daemon):
    response = daemon.client().request("GET", "con", "hello",
                                       headers={"x-ms-client-request-id": "abc-123"})
    assert response.headers["x-ms-client-request-id"] == "abc-123"


def test_list_blobs_has_what_azcopy_needs(daemon):
    client = daemon.client()
    client.put_blob("con", "list/a", b"a")
    client.put_blob("con", "list/b/c", b"bc")
    blobs, prefixes, marker = client.list_page("con", prefix="list/", delimiter="/")
    assert ([b.name for b in blobs], prefixes, marker) == (["list/a"], ["list/b/"], "")
    for name in ("Last-Modified", "Etag", "Content-Length", "Content-Type", "Content-MD5",
                 "BlobType", "AccessTier", "LeaseStatus", "LeaseState", "Creation-Time"):
        assert blobs[0].properties[name]


def test_headers_of_lists_and_errors(daemon):
    client = daemon.client()
    blobs = client.expect(200, "GET", "con", restype="container", comp="list")
    containers = client.expect(200, "GET", comp="list")
    missing = client.expect(404, "GET", "con", "nothing")
    assert names(blobs) == names(containers) == COMMON | {"content-type"}
    assert names(missing) == COMMON | {"content-type", "x-ms-error-code"}
    for response in (blobs, containers, missing):
        assert response.headers["Content-Type"] == "application/xml"
        assert int(response.headers["Content-Length"]) == len(response.body)
        assert response.headers["x-ms-version"] == azure_auth.VERSION
        assert HTTP_DATE.match(response.headers["Date"])
        # No header twice.
        assert len(response.headers.keys()) == len(names(response))
    root = parse_xml(blobs.body)
    assert root.get("ContainerName") == "con"
    assert root.get("ServiceEndpoint").endswith("/acct1/")


def get_head(daemon, path, extra=""):
    headers = {"x-ms-version": "2022-11-02", "x-ms-date": azure_auth.http_date()}
    headers["Authorization"] = azure_auth.shared_key(
        "acct1", blobgate_daemon.ACCOUNTS["acct1"], "GET", path, headers)
    lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}{extra}\r\n".encode()


def test_pipelined_requests_are_answered_in_order(daemon):
    with daemon.raw() as raw:
        raw.send(get_head(daemon, "/acct1/con/hello") * 3
                 + get_head(daemon, "/acct1/con/nothing"))
        answers = [raw.read_response() for _ in range(4)]
    assert [a.status for a in answers] == [200, 200, 200, 404]
    assert [a.body for a in answers[:3]] == [b"hello world"] * 3


def test_expect_continue(daemon):
    path = "/acct1/con/ops/continue"
    headers = {"x-ms-version": "2022-11-02", "x-ms-date": azure_auth.http_date(),
               "x-ms-blob-type": "BlockBlob", "Content-Length": "5"}
    headers["Authorization"] = azure_auth.shared_key(
        "acct1", blobgate_daemon.ACCOUNTS["acct1"], "PUT", path, headers)
    lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    with daemon.raw() as raw:
        raw.send(f"PUT {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{lines}\r\n".encode())
        assert raw.read_response("PUT").status == 100
        raw.send(b"12345")
        assert raw.read_response("PUT").status == 201
    assert daemon.client().get("con", "ops/continue") == b"12345"


def test_host_style_over_tls(daemon):
    with daemon.raw(tls=True) as raw:
        sas = daemon.account_sas()
        raw.send(f"GET /con/hello?{sas} HTTP/1.1\r\nHost: acct1.blob.gate.test\r\n\r\n".encode())
        assert raw.read_response().body == b"hello world"
        raw.send(f"GET /acct1/con/hello?{sas} HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n".encode())
        assert raw.read_response().body == b"hello world"


def test_a_deleted_container_can_be_made_again(daemon):
    client = daemon.client()
    client.create_container("again")
    client.put_blob("again", "x", b"x")
    client.delete_container("again")
    assert client.request("GET", "again", "x").error_code == "ContainerNotFound"
    client.create_container("again")
    assert client.names("again") == []
    client.delete_container("again")


def test_metadata_of_a_container(daemon):
    client = daemon.client()
    client.create_container("meta")
    before = client.expect(200, "GET", "meta", restype="container").headers["ETag"]
    client.expect(200, "PUT", "meta", restype="container", comp="metadata",
                  headers={"x-ms-meta-Colour": "blue", "x-ms-meta-size": "3"})
    for method in ("GET", "HEAD"):
        found = client.expect(200, method, "meta", restype="container", comp="metadata")
        assert found.metadata == {"colour": "blue", "size": "3"}
        assert found.headers["ETag"] != before
        assert found.body == b""
    client.expect(200, "PUT", "meta", restype="container", comp="metadata")
    assert client.expect(200, "GET", "meta", restype="container", comp="metadata").metadata == {}
    early = client.request("PUT", "meta", restype="container", comp="metadata",
                           headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert (early.status, early.error_code) == (412, "ConditionNotMet")


def test_metadata_of_a_blob(daemon):
    client = daemon.client()
    client.put_blob("con", "ops/meta", b"12345", {"x-ms-meta-Colour": "blue"})
    for method in ("GET", "HEAD"):
        found = client.expect(200, method, "con", "ops/meta", comp="metadata")
        assert found.metadata == {"colour": "blue"}
        assert found.body == b""
    assert client.request("GET", "con", "ops/none", comp="metadata").error_code == "BlobNotFound"
