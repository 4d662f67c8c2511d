"""Append blobs over sockets: the SDK, raw requests, many writers, and what stays in the store."""
import concurrent.futures
import io
import os
import threading

import blobgate_daemon
import fsck
import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from blob_client import parse_xml

MIB = 1024 * 1024


@pytest.fixture
def own():
    """A daemon of the test's own: its store is looked at afterwards."""
    with blobgate_daemon.Daemon({"access_log": "off"}) as running:
        running.client().create_container("con")
        yield running


def service(daemon, **more):
    account = "acct1"
    host, port = daemon.client().address
    credential = {"account_name": account, "account_key": blobgate_daemon.ACCOUNTS[account]}
    return BlobServiceClient(f"http://{host}:{port}/{account}", credential=credential, **more)


def create(client, blob, **headers):
    return client.expect(201, "PUT", "con", blob,
                         headers={"x-ms-blob-type": "AppendBlob", **headers})


def append(client, blob, body, **headers):
    return client.request("PUT", "con", blob, body=body, comp="appendblock", retry=False,
                          headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_sdk(daemon):
    blob = service(daemon).get_blob_client("con", "append/sdk")
    blob.create_append_blob(metadata={"kind": "log"})
    assert blob.append_block(b"first,")["blob_append_offset"] == "0"
    second = blob.append_block(b"second", validate_content=True)
    assert second["blob_append_offset"] == "6" and second["blob_committed_block_count"] == 2
    assert blob.download_blob().readall() == b"first,second"
    properties = blob.get_blob_properties()
    assert properties.blob_type == "AppendBlob"
    assert properties.append_blob_committed_block_count == 2
    with pytest.raises(HttpResponseError) as refused:
        blob.append_block(b"x", appendpos_condition=3)
    assert refused.value.error_code == "AppendPositionConditionNotMet"
    with pytest.raises(HttpResponseError) as refused:
        blob.append_block(b"x", maxsize_condition=12)
    assert refused.value.error_code == "MaxBlobSizeConditionNotMet"
    assert blob.seal_append_blob()["blob_sealed"]
    with pytest.raises(HttpResponseError) as refused:
        blob.append_block(b"x")
    assert refused.value.error_code == "BlobIsSealed"
    listed = [b for b in service(daemon).get_container_client("con").list_blobs("append/sdk")]
    assert listed[0].blob_type == "AppendBlob" and listed[0].get("size") == 12


def test_upload_of_a_stream(daemon):
    data = os.urandom(3 * MIB + 77)
    blob = service(daemon, max_block_size=256 * 1024).get_blob_client("con", "append/stream")
    blob.upload_blob(io.BytesIO(data), blob_type="AppendBlob")
    blob.upload_blob(io.BytesIO(b"tail"), blob_type="AppendBlob")
    assert blob.download_blob().readall() == data + b"tail"
    assert blob.download_blob(offset=MIB, length=999_999).readall() == data[MIB:MIB + 999_999]
    blob.upload_blob(b"new", blob_type="AppendBlob", overwrite=True)
    assert blob.download_blob().readall() == b"new"


def test_copies(daemon):
    svc = service(daemon)
    source = svc.get_blob_client("con", "append/source")
    source.create_append_blob()
    source.append_block(b"abc")
    source.append_block(b"def")
    copy = svc.get_blob_client("con", "append/copy")
    assert copy.start_copy_from_url(source.url, seal_destination_blob=True)["copy_status"] == "success"
    properties = copy.get_blob_properties()
    assert properties.blob_type == "AppendBlob" and properties.is_append_blob_sealed
    assert properties.append_blob_committed_block_count == 2
    assert copy.download_blob().readall() == b"abcdef"
    dest = svc.get_blob_client("con", "append/from-url")
    dest.create_append_blob()
    dest.append_block_from_url(source.url, source_offset=1, source_length=4)
    dest.append_block_from_url(source.url)
    assert dest.download_blob().readall() == b"bcdeabcdef"
    with pytest.raises(HttpResponseError) as refused:
        dest.append_block_from_url(source.url, source_etag="0x1",
                                   source_match_condition=MatchConditions.IfNotModified)
    assert refused.value.status_code == 412
    assert refused.value.error_code == "CannotVerifyCopySource"


def test_answers(daemon):
    client = daemon.client()
    created = create(client, "append/answers")
    assert "Content-MD5" not in created.headers and "x-ms-content-crc64" not in created.headers
    done = append(client, "append/answers", b"123")
    assert done.status == 201
    for name, value in {"x-ms-blob-append-offset": "0", "x-ms-blob-committed-block-count": "1",
                        "x-ms-request-server-encrypted": "true"}.items():
        assert done.headers[name] == value
    assert done.headers["ETag"] and done.headers["Last-Modified"]
    assert done.headers["x-ms-content-crc64"]
    head = client.expect(200, "HEAD", "con", "append/answers")
    assert head.headers["x-ms-blob-type"] == "AppendBlob"
    assert head.headers["x-ms-blob-committed-block-count"] == "1"
    assert "x-ms-blob-sealed" not in head.headers
    listing = client.expect(200, "GET", "con", restype="container", comp="list",
                            prefix="append/answers")
    properties = parse_xml(listing.body).find("Blobs/Blob/Properties")
    assert properties.findtext("BlobType") == "AppendBlob"
    assert properties.find("AccessTier") is None and properties.find("Sealed") is None
    client.expect(200, "PUT", "con", "append/answers", comp="seal")
    listing = client.expect(200, "GET", "con", restype="container", comp="list",
                            prefix="append/answers")
    assert parse_xml(listing.body).findtext("Blobs/Blob/Properties/Sealed") == "true"


@pytest.mark.parametrize("headers,body,status,code", [
    ({}, b"", 400, "InvalidHeaderValue"),
    ({"x_ms_blob_condition_appendpos": "-1"}, b"x", 400, "InvalidHeaderValue"),
    ({"x_ms_blob_condition_appendpos": "99999999999999999999"}, b"x", 400, "InvalidHeaderValue"),
    ({"x_ms_blob_condition_appendpos": "1"}, b"x", 412, "AppendPositionConditionNotMet"),
    ({"x_ms_blob_condition_maxsize": "0"}, b"x", 412, "MaxBlobSizeConditionNotMet"),
    ({"If_Match": '"0x1"'}, b"x", 412, "ConditionNotMet"),
    ({"Content_MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, b"x", 400, "Md5Mismatch"),
    ({"x_ms_content_crc64": "AAAAAAAAAAA="}, b"x", 400, "Crc64Mismatch"),
    ({"x_ms_lease_id": "00000000-0000-4000-8000-000000000001"}, b"x", 412,
     "LeaseNotPresentWithBlobOperation"),
    ({"x_ms_version": "2019-02-02"}, b"x" * (4 * MIB + 1), 413, "RequestBodyTooLarge"),
])
def test_refusals(daemon, headers, body, status, code):
    client = daemon.client()
    create(client, "append/refused")
    response = append(client, "append/refused", body, **headers)
    assert (response.status, response.error_code) == (status, code)
    assert client.get("con", "append/refused") == b""


def test_other_types(daemon):
    client = daemon.client()
    client.put_blob("con", "append/block", b"x")
    assert append(client, "append/block", b"x").error_code == "InvalidBlobType"
    assert append(client, "append/none", b"x").error_code == "BlobNotFound"
    create(client, "append/append")
    for method, query in (("PUT", {"comp": "block", "blockid": "QUE="}),
                          ("GET", {"comp": "blocklist"}), ("GET", {"comp": "pagelist"})):
        answer = client.request(method, "con", "append/append", body=b"x" * (method == "PUT"),
                                **query)
        assert (answer.status, answer.error_code) == (409, "InvalidBlobType"), query


def test_many_writers(own):
    """Every block is there once and whole, in the order that the answers give."""
    blobs, writers, blocks = 3, 96, 12
    setup = own.client()
    for index in range(blobs):
        create(setup, f"log{index}")
    placed = [dict() for _ in range(blobs)]
    lock = threading.Lock()

    def write(number):
        client = own.client()
        index = number % blobs
        for block in range(blocks):
            body = f"{number:03d}.{block:03d};".encode() * (1 + (number * block) % 64)
            answer = append(client, f"log{index}", body)
            assert answer.status == 201, answer
            with lock:
                placed[index][int(answer.headers["x-ms-blob-append-offset"])] = body
        client.close()

    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    for index in range(blobs):
        expected = b""
        for offset in sorted(placed[index]):
            assert offset == len(expected)
            expected += placed[index][offset]
        assert len(placed[index]) == writers // blobs * blocks
        assert setup.get("con", f"log{index}") == expected
        head = setup.expect(200, "HEAD", "con", f"log{index}")
        assert head.headers["x-ms-blob-committed-block-count"] == str(writers // blobs * blocks)


def test_only_one_writer_at_a_position(own):
    client = own.client()
    create(client, "log")

    def race(number):
        mine = own.client()
        answer = append(mine, "log", b"%02d" % number, x_ms_blob_condition_appendpos="0")
        mine.close()
        return answer.status

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = sorted(pool.map(race, range(32)))
    assert answers == [201] + [412] * 31
    assert len(client.get("con", "log")) == 2


def test_after_a_restart_and_fsck(own):
    client = own.client()
    create(client, "kept")
    for index in range(20):
        append(client, "kept", b"%d," % index * 1000)
    expected = client.get("con", "kept")
    client.expect(202, "PUT", "con", "copy",
                  headers={"x-ms-copy-source": f"http://{client.address[0]}:{client.address[1]}"
                                               "/acct1/con/kept"})
    create(client, "replaced")
    append(client, "replaced", b"gone" * 1000)
    create(client, "replaced")
    create(client, "deleted")
    append(client, "deleted", b"gone" * 1000)
    client.expect(202, "DELETE", "con", "deleted")
    own.kill()
    own.start()
    client = own.client()
    assert client.get("con", "kept") == expected == client.get("con", "copy")
    assert append(client, "kept", b"more").status == 201
    own.stop()
    code, report = fsck.run(own.data_directory, "--data")
    assert code == fsck.CLEAN, report
    own.start()
