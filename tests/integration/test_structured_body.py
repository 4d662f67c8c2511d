"""Structured messages in both directions."""
import base64
import struct

import crc64
import pytest

FORM = "XSM/1.0; properties=crc64"


def checksum(data):
    return base64.b64decode(crc64.crc64(data))


def encode(content, segment=4 << 20):
    parts = [content[i:i + segment] for i in range(0, len(content), segment)]
    length = 13 + 18 * len(parts) + len(content) + 8
    out = struct.pack("<BQHH", 1, length, 1, len(parts))
    for number, part in enumerate(parts, 1):
        out += struct.pack("<HQ", number, len(part)) + part + checksum(part)
    return out + checksum(content)


def decode(message):
    version, length, flags, count = struct.unpack_from("<BQHH", message)
    assert (version, length, flags) == (1, len(message), 1)
    at, content = 13, b""
    for number in range(1, count + 1):
        found, size = struct.unpack_from("<HQ", message, at)
        part = message[at + 10:at + 10 + size]
        assert found == number
        assert message[at + 10 + size:at + 18 + size] == checksum(part)
        content += part
        at += 18 + size
    assert message[at:] == checksum(content) and at + 8 == length
    return content


def headers(content, **more):
    return {"x-ms-structured-body": FORM, "x-ms-structured-content-length": str(len(content)),
            **more}


@pytest.mark.parametrize("content", [b"", b"hello world", bytes(range(256)) * 500])
def test_put_and_get(daemon, content):
    client = daemon.client()
    put = client.expect(201, "PUT", "con", "structured", body=encode(content, 1000),
                        headers=headers(content, **{"x-ms-blob-type": "BlockBlob"}))
    assert put.headers["x-ms-structured-body"] == FORM
    assert client.get("con", "structured") == content
    got = client.expect(200, "GET", "con", "structured", headers={"x-ms-structured-body": FORM})
    assert got.headers["x-ms-structured-body"] == FORM
    assert got.headers["x-ms-structured-content-length"] == str(len(content))
    assert int(got.headers["Content-Length"]) == len(got.body)
    assert decode(got.body) == content
    if content:
        part = client.expect(206, "GET", "con", "structured",
                             headers={"x-ms-structured-body": FORM, "x-ms-range": "bytes=1-4"})
        assert decode(part.body) == content[1:5]


def test_blocks(daemon):
    client = daemon.client()
    block = base64.b64encode(b"one").decode()
    client.expect(201, "PUT", "con", "sblocks", body=encode(b"x" * 5000, 999),
                  headers=headers(b"x" * 5000), comp="block", blockid=block)
    client.expect(201, "PUT", "con", "sblocks", comp="blocklist",
                  body=f"<BlockList><Latest>{block}</Latest></BlockList>".encode())
    assert client.get("con", "sblocks") == b"x" * 5000


def test_damage_is_refused_and_changes_nothing(daemon, unchanged):
    client = daemon.client()
    content = b"0123456789" * 50
    good = encode(content, 100)
    kind = {"x-ms-blob-type": "BlockBlob"}

    def put(message, **changed):
        answer = client.request("PUT", "con", "damaged", body=message,
                                headers=headers(content, **kind) | changed)
        return answer.status, answer.headers["x-ms-error-code"]
    for at in (30, len(good) - 12, len(good) - 1):  # content, the last segment's CRC, the footer
        bad = bytearray(good)
        bad[at] ^= 1
        assert put(bytes(bad)) == (400, "Crc64Mismatch"), at
    for at in (0, 1, 9, 11, 13):
        bad = bytearray(good)
        bad[at] ^= 1
        assert put(bytes(bad)) == (400, "InvalidInput"), at
    assert put(good[:-1]) == (400, "InvalidInput")
    assert put(good, **{"x-ms-structured-body": "XSM/2.0"}) == (400, "InvalidHeaderValue")
    assert put(good, **{"x-ms-structured-content-length": "5"}) == (400, "InvalidInput")
    assert put(good, **{"x-ms-structured-content-length": "x"}) == (400, "InvalidHeaderValue")
    assert put(good, **{"x-ms-structured-content-length": ""}) == (400, "MissingRequiredHeader")
    assert put(good, **{"x-ms-structured-content-length": "9999"}) == (400, "InvalidHeaderValue")
    assert put(good, **{"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}) == (400, "InvalidHeaderValue")


def test_an_empty_header_is_none(daemon):
    """Found by tests/fuzz/fuzz_requests.py: it ended the daemon."""
    client = daemon.client()
    empty = {"x-ms-structured-body": ""}
    client.expect(201, "PUT", "con", "plain", body=b"plain",
                  headers={"x-ms-blob-type": "BlockBlob", **empty})
    got = client.expect(200, "GET", "con", "plain", headers=empty)
    assert got.body == b"plain" and "x-ms-structured-body" not in got.headers
