"""What a write makes of a blob's properties, metadata and block list."""

import base64
import http.client

import pytest


@pytest.fixture(scope="module")
def client(daemon):
    client = daemon.client()
    client.create_container("props")
    return client


def test_metadata_of_one_name_is_joined(daemon, client):
    """As AzCopy sends it with a symbolic link: the name as it was read, and its own spelling."""
    connection = http.client.HTTPConnection(*client.address)
    connection.putrequest("PUT", "/acct1/props/link?" + daemon.account_sas("acct1"))
    for name, value in (("x-ms-blob-type", "BlockBlob"), ("x-ms-version", "2024-11-04"),
                        ("x-ms-meta-Is_symlink", "true"), ("x-ms-meta-other", "1"),
                        ("x-ms-meta-is_symlink", "yes"), ("Content-Length", "0")):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 201
    connection.close()
    headers = client.head("props", "link").headers
    assert headers["x-ms-meta-Is_symlink"] == "true,yes"
    assert headers["x-ms-meta-other"] == "1"


PROPERTIES = {"x-ms-blob-content-type": "text/x", "x-ms-blob-content-encoding": "gzip",
              "x-ms-blob-content-language": "de", "x-ms-blob-cache-control": "private",
              "x-ms-blob-content-disposition": "inline"}
NAMES = ("Content-Encoding", "Content-Language", "Cache-Control", "Content-Disposition",
         "Content-MD5")


def test_properties_that_are_not_sent_are_cleared(client):
    client.put_blob("props", "cleared", b"x", PROPERTIES)
    before = client.head("props", "cleared").headers
    assert all(name in before for name in NAMES)
    client.expect(200, "PUT", "props", "cleared", comp="properties")
    after = client.head("props", "cleared").headers
    assert not [name for name in NAMES if name in after]
    assert after.get("Content-Type") != "text/x"


def test_a_resize_leaves_the_properties(client):
    client.expect(201, "PUT", "props", "pages", headers={
        "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": "512", **PROPERTIES})
    client.expect(200, "PUT", "props", "pages", comp="properties",
                  headers={"x-ms-blob-content-length": "1024"})
    assert client.head("props", "pages").headers["Cache-Control"] == "private"


def test_only_put_block_list_commits_blocks(client):
    client.put_blocks("props", "source", [b"a" * 1000, b"b" * 1000])
    source = f"http://{client.address[0]}:{client.address[1]}/acct1/props/source"
    client.expect(201, "PUT", "props", "target", headers={
        "x-ms-blob-type": "BlockBlob", "x-ms-copy-source": source})
    client.expect(202, "PUT", "props", "copy", headers={"x-ms-copy-source": source})
    for name, blocks in (("source", 2), ("target", 0), ("copy", 2)):
        listed = client.expect(200, "GET", "props", name, comp="blocklist", blocklisttype="all")
        assert listed.body.count(b"<Block>") == blocks, name
    block = base64.b64encode(b"one").decode()
    client.expect(201, "PUT", "props", "target", body=b"c", comp="block", blockid=block)
    refused = client.request("PUT", "props", "target", comp="blocklist", body=(
        "<BlockList><Committed>%s</Committed></BlockList>" % block).encode())
    assert (refused.status, refused.error_code) == (400, "InvalidBlockList")
