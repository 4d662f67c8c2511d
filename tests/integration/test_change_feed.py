"""The change feed over sockets: every change once, laid out as Azure's, read only."""
import collections
import http.client
import re
import threading

import pytest

import blobgate_daemon
import change_feed
import fsck
from blob_client import UnexpectedStatus, parse_xml
from change_feed import CONTAINER, wait_for
from shifted_clock import ShiftedClock

FEED = {"enabled": True}
TAGS = b"<Tags><TagSet><Tag><Key>k</Key><Value>%s</Value></Tag></TagSet></Tags>"


def accounts(retention_days: int = 0) -> list[dict]:
    keys = blobgate_daemon.ACCOUNTS
    return [{"name": "acct1", "keys": [keys["acct1"]],
             "change_feed": {"enabled": True, "retention_days": retention_days}},
            {"name": "versioned", "keys": [keys["versioned"]], "versioning": True,
             "change_feed": FEED},
            {"name": "acct2", "keys": [keys["acct2"]]}]


@pytest.fixture
def clocked(request):
    """A daemon and its clock; every change is in the feed about a second later."""
    retention = getattr(request, "param", 0)
    config = {"accounts": accounts(retention), "background": {"change_feed_interval": 1}}
    daemon = blobgate_daemon.Daemon(config)
    clock = ShiftedClock(daemon)
    with daemon:
        yield daemon, clock
        if daemon.is_alive():
            assert daemon.stop() == 0, daemon.log_tail()
        code, report = fsck.run(daemon.data_directory)
        assert code == fsck.CLEAN, report


def wait_for_events(client, count: int) -> list[dict]:
    """Exactly `count` events, the way the blobs' names and times have them."""
    found = wait_for(lambda: (e := change_feed.events(client)) and len(e) >= count and e,
                     f"{count} events")
    assert len(found) == count, [(e["eventType"], e["subject"]) for e in found]
    return found


def short(event: dict) -> tuple[str, str, str]:
    return event["eventType"], event["data"]["api"], event["subject"].split("/blobs/")[1]


def test_every_kind_of_change(clocked):
    daemon, clock = clocked
    client = clock.client()
    client.create_container("con")
    put = client.put_blob("con", "a/b c.txt", b"0123456789", {
        "x-ms-blob-content-type": "text/plain", "x-ms-client-request-id": "client-1"})
    client.put_blocks("con", "blocks", [b"x" * 10, b"y"])
    client.expect(200, "PUT", "con", "a/b c.txt", comp="metadata", headers={"x-ms-meta-k": "v"})
    client.expect(200, "PUT", "con", "a/b c.txt", comp="properties", headers={
        "x-ms-blob-content-type": "text/html", "x-ms-blob-cache-control": "no-cache"})
    client.expect(204, "PUT", "con", "a/b c.txt", body=TAGS % b"one", comp="tags",
                  headers={"Content-Type": "application/xml"})
    client.expect(200, "PUT", "con", "a/b c.txt", comp="tier",
                  headers={"x-ms-access-tier": "Cool"})
    snapshot = client.expect(201, "PUT", "con", "a/b c.txt", comp="snapshot")
    client.expect(202, "PUT", "con", "copy", headers={
        "x-ms-copy-source": daemon.url("acct1", "con", "blocks", host_style=False)})
    client.expect(202, "DELETE", "con", "a/b c.txt", headers={"x-ms-delete-snapshots": "include"})
    # None of these is a change that the feed tells.
    client.expect(201, "PUT", "con", "blocks", comp="lease", headers={
        "x-ms-lease-action": "acquire", "x-ms-lease-duration": "15"})
    client.expect(201, "PUT", "con", "later", body=b"1", comp="block", blockid="AAAA")
    client.request("PUT", "con", "blocks", body=b"1", headers={"x-ms-blob-type": "BlockBlob"})
    client.expect(404, "DELETE", "con", "nothing")
    client.get("con", "copy")

    found = wait_for_events(client, 10)
    name = "a/b c.txt"
    assert [short(e) for e in found] == [
        ("BlobCreated", "PutBlob", name), ("BlobCreated", "PutBlockList", "blocks"),
        ("BlobPropertiesUpdated", "SetBlobMetadata", name),
        ("BlobPropertiesUpdated", "SetBlobProperties", name),
        ("BlobPropertiesUpdated", "SetBlobTags", name), ("BlobTierChanged", "SetBlobTier", name),
        ("BlobSnapshotCreated", "SnapshotBlob", name), ("BlobCreated", "CopyBlob", "copy"),
        ("BlobDeleted", "DeleteBlob", name), ("BlobDeleted", "DeleteBlob", name)]

    created = found[0]
    data = created["data"]
    assert created["schemaVersion"] == 6
    assert created["topic"].endswith("/providers/Microsoft.Storage/storageAccounts/acct1")
    assert created["subject"] == f"/blobServices/default/containers/con/blobs/{name}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", created["eventTime"])
    assert data["requestId"] == put.headers["x-ms-request-id"]
    assert created["id"][:28] == data["requestId"][:28] and len(created["id"]) == 36
    assert data["clientRequestId"] == "client-1"
    assert data["etag"] == put.headers["ETag"].strip('"')
    assert (data["contentType"], data["contentLength"]) == ("text/plain", 10)
    assert (data["blobType"], data["blobTier"]) == ("BlockBlob", "Hot")
    assert data["url"] == f"http://127.0.0.1:{daemon.ports[False]}/acct1/con/a/b%20c.txt"
    assert data["previousInfo"] is None and data["snapshot"] is None

    assert found[3]["data"]["blobPropertiesUpdated"] == {
        "ContentType": {"previous": "text/plain", "current": "text/html"},
        "CacheControl": {"previous": "", "current": "no-cache"},
        "ContentMD5": {"previous": put.headers["Content-MD5"], "current": ""}}
    assert found[4]["data"]["blobTagsUpdated"] == {"previous": {}, "current": {"k": "one"}}
    assert found[5]["data"]["blobTier"] == "Cool"
    assert found[5]["data"]["previousInfo"] == {"PreviousTier": "Hot"}
    assert found[6]["data"]["snapshot"] == snapshot.headers["x-ms-snapshot"]
    assert {e["data"]["snapshot"] for e in found[8:]} == {None, snapshot.headers["x-ms-snapshot"]}
    assert len({e["id"] for e in found}) == len(found)
    sequencers = [e["data"]["sequencer"] for e in found if short(e)[2] == name]
    assert sequencers == sorted(set(sequencers)) and len(sequencers[0]) == 48


def test_versions_and_overwrites(clocked):
    _, clock = clocked
    client = clock.client("versioned")
    client.create_container("con")
    first = client.put_blob("con", "v", b"1").headers["x-ms-version-id"]
    second = client.put_blob("con", "v", b"22").headers["x-ms-version-id"]
    client.delete("con", "v")
    client.expect(202, "DELETE", "con", "v", versionid=first)
    found = wait_for_events(client, 4)
    assert [e["data"]["blobVersion"] for e in found] == [first, second, second, first]
    assert found[1]["data"]["previousInfo"] == {
        "LastVersion": first, "BlobVersion": second, "PreviousTier": "Hot"}
    assert [e["eventType"] for e in found[2:]] == ["BlobDeleted"] * 2
    assert "current" not in str(change_feed.files(client)), "the feed has no versions"
    versions = client.names(CONTAINER, include="versions")
    assert len(versions) == len(set(versions))


def test_rehydration_is_told_when_it_begins_and_ends(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("con")
    for name in ("stays", "goes"):
        client.put_blob("con", name, b"1", {"x-ms-access-tier": "Archive"})
        client.expect(202, "PUT", "con", name, comp="tier", headers={"x-ms-access-tier": "Hot"})
    client.delete("con", "goes")
    clock.advance(minutes=1)
    found = wait_for_events(client, 6)
    assert sorted(short(e) for e in found) == sorted([
        ("BlobCreated", "PutBlob", "stays"), ("BlobCreated", "PutBlob", "goes"),
        ("BlobAsyncOperationInitiated", "SetBlobTier", "stays"),
        ("BlobAsyncOperationInitiated", "SetBlobTier", "goes"), ("BlobDeleted", "DeleteBlob", "goes"),
        ("BlobTierChanged", "SetBlobTier", "stays")])
    begun = next(e for e in found if e["eventType"] == "BlobAsyncOperationInitiated")
    assert begun["data"]["asyncOperationInfo"] == {"DestinationTier": "Hot"}
    assert begun["data"]["blobTier"] == "Archive"
    ended = next(e for e in found if e["eventType"] == "BlobTierChanged")
    assert ended["data"]["asyncOperationInfo"] == {
        "DestinationTier": "Hot", "WasAsyncOperation": "true"}
    assert ended["data"]["blobTier"] == "Hot"
    assert ended["data"]["previousInfo"] == {"PreviousTier": "Archive"}
    assert ended["eventTime"] > begun["eventTime"]


def test_undelete(clocked):
    _, clock = clocked
    client = clock.client()
    client.expect(202, "PUT", restype="service", comp="properties", body=(
        b"<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days>"
        b"</DeleteRetentionPolicy></StorageServiceProperties>"))
    client.create_container("con")
    client.put_blob("con", "u", b"1")
    client.delete("con", "u")
    client.expect(200, "PUT", "con", "u", comp="undelete")
    found = wait_for_events(client, 3)
    assert [short(e)[:2] for e in found] == [("BlobCreated", "PutBlob"),
                                             ("BlobDeleted", "DeleteBlob"),
                                             ("BlobCreated", "UndeleteBlob")]
    assert found[2]["data"]["previousInfo"] == {"WasBlobSoftDeleted": "true"}


def test_layout_and_segments(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("con")
    client.put_blob("con", "first", b"1")
    wait_for_events(client, 1)
    opened = change_feed.last_consumable(client)
    hour = opened[:13].replace("-", "/").replace("T", "/") + "00"
    manifests = change_feed.manifests(client)
    assert set(manifests) == {"idx/segments/1601/01/01/0000/meta.json",
                              f"idx/segments/{hour}/meta.json"}
    manifest = manifests[f"idx/segments/{hour}/meta.json"]
    assert manifest["status"] == "Publishing" and manifest["intervalSecs"] == 3600
    assert manifest["begin"] == opened
    assert manifest["chunkFilePaths"] == [f"$blobchangefeed/log/00/{hour}/"]
    assert change_feed.files(client, "log/") == [f"log/00/{hour}/00000.avro"]
    chunk = client.head(CONTAINER, f"log/00/{hour}/00000.avro")
    assert chunk.headers["x-ms-blob-type"] == "AppendBlob"

    clock.advance(hours=1)
    finished = wait_for(lambda: (at := change_feed.last_consumable(client)) > opened and at,
                        "the hour is finished")
    manifest = change_feed.manifests(client)[f"idx/segments/{hour}/meta.json"]
    assert manifest["status"] == "Finalized"
    content = client.get(CONTAINER, f"log/00/{hour}/00000.avro")
    client.put_blob("con", "second", b"2")
    wait_for_events(client, 2)
    assert client.get(CONTAINER, f"log/00/{hour}/00000.avro") == content, "what is final stays"
    assert len(change_feed.manifests(client)) == 3
    assert change_feed.last_consumable(client) == finished


def test_clients_only_read_it(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("con")
    client.put_blob("con", "b", b"1")
    wait_for_events(client, 1)
    for method, blob, query in (("PUT", "x", {}), ("DELETE", "meta/segments.json", {}),
                                ("PUT", "meta/segments.json", {"comp": "metadata"}),
                                ("DELETE", "", {"restype": "container"}),
                                ("PUT", "", {"restype": "container", "comp": "acl"})):
        answer = client.request(method, CONTAINER, blob, headers={"x-ms-blob-type": "BlockBlob"},
                                **query)
        assert (answer.status, answer.error_code) == (403, "InsufficientAccountPermissions")
    body = (b"--batch_1\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n"
            b"DELETE /acct1/$blobchangefeed/meta/segments.json HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
            b"--batch_1--\r\n")
    batch = client.expect(202, "POST", body=body, comp="batch", headers={
        "Content-Type": "multipart/mixed; boundary=batch_1"})
    assert b"HTTP/1.1 202" not in batch.body
    assert change_feed.last_consumable(client)
    assert CONTAINER not in client.list_containers()
    listed = parse_xml(client.expect(200, "GET", comp="list", include="system").body)
    assert CONTAINER in [n.text for n in listed.iter("Name")]
    # An account without a feed has none.
    other = clock.client("acct2")
    other.create_container("con")
    other.put_blob("con", "b", b"1")
    assert other.request("GET", CONTAINER, restype="container").status == 404


def test_a_deleted_container_keeps_its_events(clocked):
    daemon, clock = clocked
    client = clock.client()
    daemon.restart({"background": {"change_feed_interval": 3600}})
    client.create_container("con")
    for index in range(20):
        client.put_blob("con", f"b{index}", b"1")
    client.delete_container("con")
    daemon.restart({"background": {"change_feed_interval": 1}})
    found = wait_for_events(client, 20)
    assert {short(e)[2] for e in found} == {f"b{index}" for index in range(20)}


@pytest.mark.parametrize("clocked", [2], indirect=True)
def test_retention(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("con")
    client.put_blob("con", "old", b"1")
    wait_for_events(client, 1)
    clock.advance(days=1)
    client.put_blob("con", "younger", b"1")
    wait_for_events(client, 2)
    clock.advance(days=1, hours=2)
    wait_for(lambda: [short(e)[2] for e in change_feed.events(client)] == ["younger"],
             "the first day is removed")
    assert len(change_feed.manifests(client)) == 2, "with its manifest"


def test_kills_lose_nothing_and_double_nothing(clocked):
    """Writers all the time, kill -9 in between: each acknowledged change is in the feed once, and
    what was not acknowledged at most once."""
    daemon, clock = clocked
    for container in ("con0", "con1", "con2", "con3"):  # their events meet in one chunk
        clock.client().create_container(container)
    acknowledged: list[str] = []
    tried: list[str] = []
    lock = threading.Lock()

    def write(worker: int, round_number: int, stop: threading.Event) -> None:
        client, container = clock.client(), f"con{worker}"
        index = 0
        while not stop.is_set():
            name = f"{round_number}/{worker}/{index % 7}"
            mark = f"{round_number}-{worker}-{index}"
            index += 1
            with lock:
                tried.append(mark)
            try:
                headers = {"x-ms-client-request-id": mark}
                if index % 3 == 0:
                    client.expect(200, "PUT", container, name, comp="metadata", retry=False,
                                  headers=headers)
                else:
                    client.put_blob(container, name, mark.encode(), headers, retry=False)
            except UnexpectedStatus as error:
                if error.response.status < 500:
                    continue  # metadata of a blob that is not there yet
                return
            except (OSError, http.client.HTTPException):
                return
            with lock:
                acknowledged.append(mark)

    for round_number in range(8):
        stop = threading.Event()
        workers = [threading.Thread(target=write, args=(w, round_number, stop)) for w in range(4)]
        for worker in workers:
            worker.start()
        before = len(acknowledged)
        wait_for(lambda: len(acknowledged) > before + 300, "writes go on")
        daemon.kill()
        stop.set()
        for worker in workers:
            worker.join()
        daemon.start()

    client = clock.client()
    wanted = set(acknowledged)

    def all_there():
        seen = collections.Counter(e["data"]["clientRequestId"] for e in change_feed.events(client))
        return seen if wanted <= set(seen) else None

    seen = wait_for(all_there, f"{len(wanted)} acknowledged changes")
    assert not {mark: n for mark, n in seen.items() if n > 1}, "none twice"
    assert set(seen) <= set(tried)
    # Per blob the order is that of the changes.
    order = collections.defaultdict(list)
    for event in change_feed.events(client):
        order[event["subject"]].append(event["data"]["sequencer"])
    assert all(times == sorted(times) for times in order.values())
