"""Page blobs over sockets: the SDK, raw requests, sparse giants, and what stays in the store."""
import concurrent.futures
import os
import random

import blobgate_daemon
import fsck
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import PremiumPageBlobTier
from blob_client import parse_xml
from test_append_blobs import own, service  # noqa: F401  (a fixture)

MIB = 1024 * 1024
TIB = 1024 * 1024 * MIB


def create(client, blob, size, **headers):
    return client.request("PUT", "con", blob, retry=False, headers={
        "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(size),
        **{k.replace("_", "-"): v for k, v in headers.items()}})


def put_page(client, blob, offset, body, span=None, write="update", **headers):
    last = offset + (span or len(body)) - 1
    return client.request("PUT", "con", blob, body=body, comp="page", retry=False, headers={
        "x-ms-page-write": write, "x-ms-range": f"bytes={offset}-{last}",
        **{k.replace("_", "-"): v for k, v in headers.items()}})


def ranges(client, blob, **query):
    root = parse_xml(client.expect(200, "GET", "con", blob, comp="pagelist", **query).body)
    return [(int(n.findtext("Start")), int(n.findtext("End"))) for n in root.iter("PageRange")]


def test_the_sdk(daemon):
    blob = service(daemon).get_blob_client("con", "page/sdk")
    blob.create_page_blob(8192, sequence_number=3, metadata={"kind": "disk"})
    assert blob.upload_page(b"a" * 1024, offset=512, length=1024)["blob_sequence_number"] == 3
    blob.upload_page(b"b" * 512, offset=4096, length=512, validate_content=True)
    assert blob.download_blob().readall() == (
        b"\0" * 512 + b"a" * 1024 + b"\0" * 2560 + b"b" * 512 + b"\0" * 3584)
    found = blob.get_page_ranges()[0]
    assert found == [{"start": 512, "end": 1535}, {"start": 4096, "end": 4607}]
    assert [(r.start, r.end) for r in blob.list_page_ranges(results_per_page=1)] == [
        (512, 1535), (4096, 4607)]
    blob.clear_page(offset=1024, length=512)
    assert blob.get_page_ranges()[0] == [{"start": 512, "end": 1023}, {"start": 4096, "end": 4607}]
    blob.resize_blob(1024)
    assert blob.download_blob().readall() == b"\0" * 512 + b"a" * 512
    assert blob.set_sequence_number("increment")["blob_sequence_number"] == 4
    assert blob.set_sequence_number("max", 10)["blob_sequence_number"] == 10
    assert blob.set_sequence_number("update", "1")["blob_sequence_number"] == 1
    with pytest.raises(HttpResponseError) as refused:
        blob.upload_page(b"c" * 512, offset=0, length=512, if_sequence_number_lt=1)
    assert refused.value.error_code == "SequenceNumberConditionNotMet"
    properties = blob.get_blob_properties()
    assert properties.blob_type == "PageBlob" and properties.page_blob_sequence_number == 1
    blob.set_premium_page_blob_tier(PremiumPageBlobTier.P20)
    assert blob.get_blob_properties().blob_tier == "P20"
    with pytest.raises(HttpResponseError) as refused:
        blob.set_premium_page_blob_tier(PremiumPageBlobTier.P4)
    assert refused.value.error_code == "CannotChangeToLowerTier"


def test_upload_of_a_disk(daemon):
    """Zeros between written parts stay unwritten."""
    data = os.urandom(4 * MIB) + b"\0" * (8 * MIB) + os.urandom(2 * MIB)  # parts of 4 MiB
    blob = service(daemon).get_blob_client("con", "page/disk")
    blob.upload_blob(data, blob_type="PageBlob", max_concurrency=4)
    assert blob.download_blob(max_concurrency=4).readall() == data
    written = sum(r.end + 1 - r.start for r in blob.list_page_ranges())
    assert written < len(data)


def test_copies(daemon):
    svc = service(daemon)
    source = svc.get_blob_client("con", "page/source")
    source.create_page_blob(16 * MIB, sequence_number=9)
    source.upload_page(b"s" * 8192, offset=4 * MIB - 4096, length=8192)
    copy = svc.get_blob_client("con", "page/copy")
    assert copy.start_copy_from_url(source.url)["copy_status"] == "success"
    properties = copy.get_blob_properties()
    assert properties.blob_type == "PageBlob" and properties.size == 16 * MIB
    assert properties.page_blob_sequence_number == 9
    assert copy.get_page_ranges()[0] == source.get_page_ranges()[0]
    dest = svc.get_blob_client("con", "page/from-url")
    dest.create_page_blob(8192)
    dest.upload_pages_from_url(source.url, offset=512, length=1024, source_offset=4 * MIB - 4608)
    assert dest.download_blob().readall() == b"\0" * 1024 + b"s" * 512 + b"\0" * 6656
    assert dest.get_page_ranges()[0] == [{"start": 512, "end": 1535}]
    block = svc.get_blob_client("con", "page/as-block")
    block.start_copy_from_url(source.url, requires_sync=True)
    assert block.get_blob_properties().blob_type == "BlockBlob"
    assert block.download_blob().readall() == source.download_blob().readall()


def test_answers(daemon):
    client = daemon.client()
    created = create(client, "page/answers", 4096)
    assert created.status == 201
    assert "Content-MD5" not in created.headers and "x-ms-content-crc64" not in created.headers
    done = put_page(client, "page/answers", 0, b"x" * 512)
    assert done.status == 201 and done.headers["x-ms-blob-sequence-number"] == "0"
    assert done.headers["x-ms-content-crc64"] and "Content-MD5" not in done.headers
    assert done.headers["x-ms-request-server-encrypted"] == "true"
    cleared = put_page(client, "page/answers", 0, b"", span=4096, write="clear")
    assert cleared.status == 201 and "x-ms-content-crc64" not in cleared.headers
    assert "x-ms-request-server-encrypted" not in cleared.headers
    listed = client.expect(200, "GET", "con", "page/answers", comp="pagelist")
    assert listed.headers["x-ms-blob-content-length"] == "4096"
    assert listed.headers["ETag"] == cleared.headers["ETag"]
    assert parse_xml(listed.body).tag == "PageList" and not list(parse_xml(listed.body))
    listing = client.expect(200, "GET", "con", restype="container", comp="list",
                            prefix="page/answers")
    properties = parse_xml(listing.body).find("Blobs/Blob/Properties")
    assert properties.findtext("BlobType") == "PageBlob"
    assert properties.findtext("x-ms-blob-sequence-number") == "0"


@pytest.mark.parametrize("size,headers,status,code", [
    ("511", {}, 400, "InvalidHeaderValue"),
    ("-512", {}, 400, "InvalidHeaderValue"),
    (str(8 * TIB + 512), {}, 400, "InvalidHeaderValue"),
    (str(2 ** 64), {}, 400, "InvalidHeaderValue"),
    ("512", {"x_ms_blob_sequence_number": str(2 ** 63)}, 400, "InvalidHeaderValue"),
    ("512", {"x_ms_blob_sequence_number": "one"}, 400, "InvalidHeaderValue"),
    ("512", {"x_ms_access_tier": "Hot"}, 400, "InvalidBlobTier"),
    (str(TIB), {"x_ms_access_tier": "P4"}, 409, "BlobTierInadequateForContentLength"),
])
def test_creation_is_refused(daemon, size, headers, status, code):
    response = create(daemon.client(), "page/refused", size, **headers)
    assert (response.status, response.error_code) == (status, code)
    assert not daemon.client().exists("con", "page/refused")


@pytest.mark.parametrize("span,length,headers,status,code", [
    ("bytes=0-510", 511, {}, 400, "InvalidHeaderValue"),
    ("bytes=1-512", 512, {}, 400, "InvalidHeaderValue"),
    ("bytes=0-", 512, {}, 400, "InvalidHeaderValue"),
    ("bytes=-512", 512, {}, 400, "InvalidHeaderValue"),
    ("bytes=512-0", 512, {}, 400, "InvalidHeaderValue"),
    ("", 512, {}, 400, "InvalidHeaderValue"),
    ("bytes=0-1023", 512, {}, 400, "InvalidHeaderValue"),
    (f"bytes=0-{2 ** 64}", 512, {}, 400, "InvalidHeaderValue"),
    (f"bytes={2 ** 64 - 512}-{2 ** 64 - 1}", 512, {}, 416, "InvalidPageRange"),
    ("bytes=4096-4607", 512, {}, 416, "InvalidPageRange"),
    ("bytes=3584-4607", 1024, {}, 416, "InvalidPageRange"),
    (f"bytes=0-{4 * MIB + 511}", 4 * MIB + 512, {}, 413, "RequestBodyTooLarge"),
    ("bytes=0-511", 512, {"x-ms-page-write": "erase"}, 400, "InvalidHeaderValue"),
    ("bytes=0-511", 512, {"x-ms-page-write": ""}, 400, "MissingRequiredHeader"),
    ("bytes=0-511", 512, {"x-ms-if-sequence-number-eq": "1"}, 412,
     "SequenceNumberConditionNotMet"),
    ("bytes=0-511", 512, {"x-ms-if-sequence-number-le": "x"}, 400, "InvalidHeaderValue"),
    ("bytes=0-511", 512, {"If-Match": '"0x1"'}, 412, "ConditionNotMet"),
    ("bytes=0-511", 512, {"x-ms-content-crc64": "AAAAAAAAAAA="}, 400, "Crc64Mismatch"),
])
def test_writes_are_refused(daemon, span, length, headers, status, code):
    client = daemon.client()
    create(client, "page/refused", 4096)
    response = client.request("PUT", "con", "page/refused", body=b"x" * length, comp="page",
                              retry=False, headers={"x-ms-page-write": "update",
                                                    "x-ms-range": span, **headers})
    assert (response.status, response.error_code) == (status, code)
    assert client.get("con", "page/refused") == b"\0" * 4096
    client.delete("con", "page/refused")


def test_eight_tebibytes(own):
    client = own.client()
    size = 8 * TIB
    before = own.disk_bytes()
    assert create(client, "giant", size).status == 201
    spots = {0: b"first" * 1024, 3 * TIB: b"third" * 1024, size - 5120: b"final" * 1024}
    for offset, body in spots.items():
        assert put_page(client, "giant", offset, body).status == 201
    assert ranges(client, "giant") == [(o, o + 5119) for o in sorted(spots)]
    for offset, body in spots.items():
        start = max(offset - 512, 0)
        got = client.request("GET", "con", "giant", headers={
            "x-ms-range": f"bytes={start}-{offset + 5119}"})
        assert got.status == 206 and got.body == b"\0" * (offset - start) + body
    assert client.head("con", "giant").headers["Content-Length"] == str(size)
    memory = own.memory_mib()
    middle = client.request("GET", "con", "giant", headers={
        "x-ms-range": f"bytes={TIB}-{TIB + 256 * MIB - 1}"})
    assert middle.body == b"\0" * (256 * MIB)
    assert own.memory_mib() - memory < 64
    assert own.disk_bytes() - before < 256 * MIB
    assert put_page(client, "giant", 0, b"", span=size, write="clear").status == 201
    assert ranges(client, "giant") == []
    assert client.request("PUT", "con", "giant", comp="properties",
                          headers={"x-ms-blob-content-length": "0"}).status == 200
    client.delete("con", "giant")


def test_many_writers(own):
    client = own.client()
    create(client, "disk", 64 * MIB)
    order = list(range(1024))
    random.Random(5).shuffle(order)

    def write(part):
        mine = own.client()
        for index in order[part::64]:
            body = b"%04d" % index * 1024 * 4
            assert put_page(mine, "disk", index * 65536, body).status == 201
        mine.close()

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        list(pool.map(write, range(64)))
    got = client.get("con", "disk")
    for index in range(1024):
        assert got[index * 65536:index * 65536 + 16384] == b"%04d" % index * 1024 * 4
    assert len(ranges(client, "disk")) == 1024


def test_random_writes_restart_and_fsck(own):
    """Small writes over each other in a few chunks; then a kill, and the store is looked at."""
    rng = random.Random(7)
    client = own.client()
    size = 9 * MIB
    create(client, "disk", size)
    model = bytearray(size)
    for step in range(600):
        pages = rng.choice((1, 1, 2, 8, 100))
        offset = rng.randrange(0, (size - pages * 512) // 512) * 512
        if rng.random() < 0.5:
            offset = min(4 * MIB - 2048 + rng.randrange(0, 16) * 512, size - pages * 512)
        if rng.random() < 0.25:
            assert put_page(client, "disk", offset, b"", span=pages * 512,
                            write="clear").status == 201
            model[offset:offset + pages * 512] = b"\0" * (pages * 512)
        else:
            body = rng.randbytes(pages * 512)
            assert put_page(client, "disk", offset, body).status == 201
            model[offset:offset + pages * 512] = body
    assert client.get("con", "disk") == model
    create(client, "cut", 2 * TIB)
    for index in range(100):
        put_page(client, "cut", index * 8 * MIB, b"c" * 512)
    client.expect(200, "PUT", "con", "cut", comp="properties",
                  headers={"x-ms-blob-content-length": str(16 * MIB)})
    own.kill()
    own.start()
    client = own.client()
    assert client.get("con", "disk") == model
    assert ranges(client, "cut") == [(0, 511), (8 * MIB, 8 * MIB + 511)]
    client.delete("con", "cut")
    own.stop()
    code, report = fsck.run(own.data_directory, "--data")
    assert code == fsck.CLEAN, report
    own.start()


def test_other_types(daemon):
    client = daemon.client()
    client.put_blob("con", "page/block", b"x")
    assert put_page(client, "page/block", 0, b"x" * 512).error_code == "InvalidBlobType"
    assert put_page(client, "page/none", 0, b"x" * 512).error_code == "BlobNotFound"
    create(client, "page/types", 512)
    put = client.request("PUT", "con", "page/types", body=b"x", comp="block", blockid="QUE=")
    assert (put.status, put.error_code) == (409, "InvalidBlobType")
    replaced = [client.request("PUT", "con", "page/types", body=body,
                               headers={"x-ms-blob-type": kind})
                for kind, body in (("BlockBlob", b"x"), ("AppendBlob", b""))]
    source = f"http://{client.address[0]}:{client.address[1]}/acct1/con/page/block"
    for kind in ({"x-ms-blob-type": "BlockBlob"}, {}, {"x-ms-requires-sync": "true"}):
        replaced.append(client.request("PUT", "con", "page/types",
                                       headers={"x-ms-copy-source": source, **kind}))
    for answer in replaced:
        assert (answer.status, answer.error_code) == (409, "InvalidBlobType")
    assert client.get("con", "page/types") == b"\0" * 512
    client.expect(202, "DELETE", "con", "page/types")
    client.put_blob("con", "page/types", b"a block blob now")


def test_diff_between_snapshots(daemon):
    svc = service(daemon)
    blob = svc.get_blob_client("con", "page/diff")
    blob.create_page_blob(16 * MIB)
    blob.upload_page(b"a" * 2048, offset=0, length=2048)
    one = blob.create_snapshot()["snapshot"]
    blob.upload_page(b"b" * 512, offset=512, length=512)
    blob.clear_page(offset=1024, length=512)
    two = blob.create_snapshot()["snapshot"]
    blob.upload_page(b"c" * 512, offset=8 * MIB, length=512)
    assert blob.get_page_range_diff_for_managed_disk(
        previous_snapshot_url=f"{blob.url}?snapshot={two}")[0] == [
            {"start": 8 * MIB, "end": 8 * MIB + 511}]
    found, cleared = blob.get_page_ranges(previous_snapshot_diff=one)
    assert found == [{"start": 512, "end": 1023}, {"start": 8 * MIB, "end": 8 * MIB + 511}]
    assert cleared == [{"start": 1024, "end": 1535}]
    old = svc.get_blob_client("con", "page/diff", snapshot=two)
    found, cleared = old.get_page_ranges(previous_snapshot_diff=one)
    assert found == [{"start": 512, "end": 1023}]
    assert old.download_blob(offset=0, length=2048).readall() == \
        b"a" * 512 + b"b" * 512 + b"\0" * 512 + b"a" * 512
    first = svc.get_blob_client("con", "page/diff", snapshot=one)
    with pytest.raises(HttpResponseError) as refused:
        first.get_page_ranges(previous_snapshot_diff=two)
    assert refused.value.error_code == "PreviousSnapshotCannotBeNewer"
    old.delete_blob()
    found, cleared = blob.get_page_ranges(previous_snapshot_diff=one)
    assert [r["start"] for r in found] == [512, 8 * MIB] and len(cleared) == 1
    with pytest.raises(HttpResponseError) as refused:
        blob.get_page_ranges(previous_snapshot_diff=two)
    assert refused.value.error_code == "PreviousSnapshotNotFound"
    blob.create_page_blob(512)
    with pytest.raises(HttpResponseError) as refused:
        blob.get_page_ranges(previous_snapshot_diff=one)
    assert refused.value.error_code == "BlobOverwritten"
    blob.delete_blob(delete_snapshots="include")


def test_incremental_copies(own):  # noqa: F811
    svc = service(own)
    source = svc.get_blob_client("con", "disk")
    copy = svc.get_blob_client("con", "backup")
    source.create_page_blob(64 * MIB)
    model, states = bytearray(64 * MIB), []
    rng = random.Random(3)
    for _ in range(6):
        for _ in range(10):
            offset = rng.choice((0, 4 * MIB - 4096, 32 * MIB)) + rng.randrange(16) * 512
            body = rng.randbytes(2048)
            source.upload_page(body, offset=offset, length=2048)
            model[offset:offset + 2048] = body
        source.clear_page(offset=0, length=1024)
        model[0:1024] = b"\0" * 1024
        snapshot = source.create_snapshot()["snapshot"]
        copy.start_copy_from_url(f"{source.url}?snapshot={snapshot}", incremental_copy=True)
        properties = copy.get_blob_properties()
        assert properties.copy.incremental_copy and properties.copy.status == "success"
        states.append((properties.copy.destination_snapshot, bytes(model)))
    with pytest.raises(HttpResponseError) as refused:
        copy.download_blob()
    assert refused.value.error_code == "OperationNotAllowedOnIncrementalCopyBlob"
    source.delete_blob(delete_snapshots="include")
    middle = states.pop(2)[0]
    svc.get_blob_client("con", "backup", snapshot=middle).delete_blob()
    own.kill()
    own.start()
    svc = service(own)
    for snapshot, expected in states:
        client = svc.get_blob_client("con", "backup", snapshot=snapshot)
        assert client.download_blob(max_concurrency=2).readall() == expected
    changed = svc.get_blob_client("con", "backup", snapshot=states[-1][0]).get_page_ranges(
        previous_snapshot_diff=states[0][0])[0]
    assert changed and all(r["end"] < 33 * MIB for r in changed)
    own.stop()
    code, report = fsck.run(own.data_directory, "--data")
    assert code == fsck.CLEAN, report
    own.start()
