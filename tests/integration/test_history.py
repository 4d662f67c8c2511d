"""Snapshots, versions, soft delete of blobs and containers, through the Python SDK."""
import datetime
import uuid

import azure.core.exceptions
import blobgate_daemon
import pytest
from azure.storage.blob import (BlobSasPermissions, BlobServiceClient, RetentionPolicy,
                                generate_blob_sas)


def service(daemon, account):
    return BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{account}",
                             credential={"account_name": account,
                                         "account_key": blobgate_daemon.ACCOUNTS[account]},
                             retry_total=0)


@pytest.fixture
def plain(daemon):
    return service(daemon, "acct1").create_container(f"h-{uuid.uuid4()}")


@pytest.fixture
def versioned(daemon):
    return service(daemon, "versioned").create_container(f"h-{uuid.uuid4()}")


@pytest.fixture(scope="module")
def keeping(daemon):
    account = service(daemon, "kept")
    account.set_service_properties(
        delete_retention_policy=RetentionPolicy(enabled=True, days=7))
    return account


@pytest.fixture
def kept(keeping):
    return keeping.create_container(f"h-{uuid.uuid4()}")


def refused(code, status, call, *args, **named):
    with pytest.raises(azure.core.exceptions.HttpResponseError) as caught:
        call(*args, **named)
    assert (caught.value.error_code, caught.value.status_code) == (code, status)


def shown(container, *include):
    """(name, snapshot, version, current, deleted) of every entry."""
    return [(b.name, b.snapshot, b.version_id, b.is_current_version, bool(b.deleted))
            for b in container.list_blobs(include=list(include))]


def test_a_snapshot_keeps_content_and_properties(plain):
    blob = plain.get_blob_client("a")
    blob.upload_blob(b"one", metadata={"k": "1"})
    before = blob.get_blob_properties()
    first = blob.create_snapshot()
    assert (first["etag"], first["last_modified"]) == (before.etag, before.last_modified)
    blob.upload_blob(b"two", overwrite=True, metadata={"k": "2"})
    second = blob.create_snapshot(metadata={"own": "yes"})
    assert second["etag"] != blob.get_blob_properties().etag
    assert first["snapshot"] < second["snapshot"]

    old = plain.get_blob_client("a", snapshot=first["snapshot"])
    assert old.download_blob().readall() == b"one"
    properties = old.get_blob_properties()
    assert properties.metadata == {"k": "1"} and properties.lease.state is None
    newer = plain.get_blob_client("a", snapshot=second["snapshot"])
    assert newer.get_blob_properties().metadata == {"own": "yes"}
    assert newer.download_blob(offset=1, length=1).readall() == b"w"
    assert shown(plain) == [("a", None, None, None, False)]
    assert shown(plain, "snapshots") == [("a", first["snapshot"], None, None, False),
                                         ("a", second["snapshot"], None, None, False),
                                         ("a", None, None, None, False)]
    refused("InvalidQueryParameterValue", 400, old.upload_blob, b"x", overwrite=True)
    refused("InvalidQueryParameterValue", 400, old.set_blob_metadata, {"x": "y"})
    refused("InvalidQueryParameterValue", 400, old.create_snapshot)


def test_a_snapshot_of_many_blocks(plain):
    blob = plain.get_blob_client("blocks")
    names = [f"{i:06}" for i in range(1500)]
    for name in names[:3]:
        blob.stage_block(name, name.encode() * 10)
    blob.commit_block_list([names[i % 3] for i in range(1500)])
    snapshot = blob.create_snapshot()["snapshot"]
    blob.upload_blob(b"short", overwrite=True)
    old = plain.get_blob_client("blocks", snapshot=snapshot)
    assert old.download_blob().readall() == b"".join(names[i % 3].encode() * 10
                                                     for i in range(1500))
    assert len(old.get_block_list("committed")[0]) == 1500


def test_deleting_with_snapshots(plain):
    blob = plain.get_blob_client("b")
    blob.upload_blob(b"one")
    first = blob.create_snapshot()["snapshot"]
    second = blob.create_snapshot()["snapshot"]
    refused("SnapshotsPresent", 409, blob.delete_blob)
    plain.get_blob_client("b", snapshot=first).delete_blob()
    refused("BlobNotFound", 404, plain.get_blob_client("b", snapshot=first).download_blob)
    refused("SnapshotsPresent", 409, blob.delete_blob)
    blob.delete_blob(delete_snapshots="only")
    assert shown(plain, "snapshots") == [("b", None, None, None, False)]
    refused("BlobNotFound", 404, plain.get_blob_client("b", snapshot=second).download_blob)
    blob.create_snapshot()
    blob.delete_blob(delete_snapshots="include")
    assert shown(plain, "snapshots", "deleted", "versions") == []
    refused("BlobNotFound", 404, blob.undelete_blob)


def test_promotion_of_a_snapshot_by_copy(plain):
    blob = plain.get_blob_client("p")
    blob.upload_blob(b"one")
    snapshot = blob.create_snapshot()["snapshot"]
    blob.upload_blob(b"two", overwrite=True)
    blob.start_copy_from_url(plain.get_blob_client("p", snapshot=snapshot).url)
    assert blob.download_blob().readall() == b"one"
    refused("CannotVerifyCopySource", 404, blob.start_copy_from_url,
            plain.get_blob_client("p", snapshot="2020-01-01T00:00:00.0000000Z").url)


def test_names_of_states(plain):
    blob = plain.get_blob_client("n")
    blob.upload_blob(b"one")
    for name in ("nonsense", "2020-99-01T00:00:00.0000000Z"):
        refused("InvalidQueryParameterValue", 400,
                plain.get_blob_client("n", snapshot=name).download_blob)
        refused("InvalidQueryParameterValue", 400, blob.download_blob, version_id=name)
    refused("BlobNotFound", 404, blob.download_blob, version_id="2020-01-01T00:00:00.0000000Z")


def test_tiers_and_tags_of_old_states(plain, versioned):
    blob = plain.get_blob_client("t")
    blob.upload_blob(b"one")
    snapshot = plain.get_blob_client("t", snapshot=blob.create_snapshot()["snapshot"])
    snapshot.set_standard_blob_tier("Cool")
    assert snapshot.get_blob_properties().blob_tier == "Cool"
    assert blob.get_blob_properties().blob_tier == "Hot"

    blob = versioned.get_blob_client("t")
    first = blob.upload_blob(b"one")["version_id"]
    blob.upload_blob(b"two", overwrite=True)
    blob.set_blob_tags({"k": "old"}, version_id=first)
    assert blob.get_blob_tags(version_id=first) == {"k": "old"}
    assert blob.get_blob_tags() == {}
    blob.set_standard_blob_tier("Archive", version_id=first)
    refused("BlobArchived", 409, blob.download_blob, version_id=first)


def test_versions(versioned):
    blob = versioned.get_blob_client("v")
    one = blob.upload_blob(b"one")["version_id"]
    two = blob.upload_blob(b"two", overwrite=True)["version_id"]
    three = blob.set_blob_metadata({"k": "v"})["version_id"]
    assert one < two < three
    assert blob.get_blob_properties().version_id == three
    assert blob.get_blob_properties().is_current_version
    assert [blob.download_blob(version_id=v).readall() for v in (one, two, three)] == [
        b"one", b"two", b"two"]
    assert blob.get_blob_properties(version_id=two).metadata == {}
    assert not blob.get_blob_properties(version_id=one).is_current_version
    blob.set_http_headers()  # no new version
    assert shown(versioned, "versions") == [("v", None, one, None, False),
                                            ("v", None, two, None, False),
                                            ("v", None, three, True, False)]

    blob.delete_blob()
    refused("BlobNotFound", 404, blob.download_blob)
    assert shown(versioned) == []
    assert [v for _, _, v, current, _ in shown(versioned, "versions")] == [one, two, three]
    gone = list(versioned.list_blobs(include=["deletedwithversions"]))
    assert [(b.name, b.has_versions_only) for b in gone] == [("v", True)]

    blob.start_copy_from_url(f"{blob.url}?versionid={one}")
    assert blob.download_blob().readall() == b"one"
    assert not list(b for b in versioned.list_blobs(include=["deletedwithversions"])
                    if b.has_versions_only)
    blob.delete_blob()
    for version in [v for _, _, v, _, _ in shown(versioned, "versions")]:
        blob.delete_blob(version_id=version)
    assert shown(versioned, "versions", "deleted", "deletedwithversions") == []


def test_the_current_version_by_its_id(versioned):
    blob = versioned.get_blob_client("c")
    one = blob.upload_blob(b"one")["version_id"]
    two = blob.upload_blob(b"two", overwrite=True)["version_id"]
    assert blob.download_blob(version_id=two).readall() == b"two"
    blob.delete_blob(version_id=two)
    refused("BlobNotFound", 404, blob.download_blob)
    assert [v for _, _, v, _, _ in shown(versioned, "versions")] == [one]
    blob.delete_blob(version_id=one)
    assert shown(versioned, "versions", "deletedwithversions") == []


def test_block_lists_and_versions(versioned):
    blob = versioned.get_blob_client("bl")
    for name, data in (("aaaa", b"1"), ("bbbb", b"2")):
        blob.stage_block(name, data)
    one = blob.commit_block_list(["aaaa", "bbbb"])["version_id"]
    blob.stage_block("cccc", b"3")
    blob.commit_block_list(["cccc", "aaaa"])
    assert blob.download_blob().readall() == b"31"
    assert blob.download_blob(version_id=one).readall() == b"12"
    snapshot = blob.create_snapshot()
    assert blob.get_blob_properties().version_id == snapshot["version_id"]
    blob.delete_blob(version_id=one)
    assert blob.download_blob().readall() == b"31"


def test_a_deleted_blob_returns(kept):
    blob = kept.get_blob_client("d")
    blob.upload_blob(b"one", metadata={"k": "v"})
    etag = blob.get_blob_properties().etag
    snapshot = blob.create_snapshot()["snapshot"]
    refused("SnapshotsPresent", 409, blob.delete_blob)
    blob.delete_blob(delete_snapshots="include")
    refused("BlobNotFound", 404, blob.download_blob)
    refused("BlobNotFound", 404, blob.get_blob_properties)
    refused("BlobNotFound", 404, kept.get_blob_client("d", snapshot=snapshot).download_blob)
    assert shown(kept) == []
    assert shown(kept, "deleted", "snapshots") == [("d", snapshot, None, None, True),
                                                   ("d", None, None, None, True)]
    entry = list(kept.list_blobs(include=["deleted"]))[0]
    assert entry.remaining_retention_days in (6, 7) and entry.deleted_time
    blob.undelete_blob()
    blob.undelete_blob()  # does nothing
    assert blob.download_blob().readall() == b"one"
    assert blob.get_blob_properties().etag == etag
    assert kept.get_blob_client("d", snapshot=snapshot).download_blob().readall() == b"one"
    refused("SnapshotsPresent", 409, blob.delete_blob)


def test_overwritten_content_is_kept(kept):
    blob = kept.get_blob_client("o")
    blob.upload_blob(b"one")
    blob.upload_blob(b"two", overwrite=True)
    states = shown(kept, "deleted", "snapshots")
    assert [(s is not None, d) for _, s, _, _, d in states] == [(True, True), (False, False)]
    blob.delete_blob()
    blob.upload_blob(b"three")  # what was deleted becomes a deleted snapshot
    assert [d for *_, d in shown(kept, "deleted", "snapshots")] == [True, True, False]
    blob.undelete_blob()
    contents = [kept.get_blob_client("o", snapshot=s).download_blob().readall()
                for _, s, *_ in shown(kept, "snapshots")]
    assert contents == [b"one", b"two", b"three"]


def test_uncommitted_blocks_over_a_deleted_blob(kept):
    blob = kept.get_blob_client("u")
    blob.upload_blob(b"one")
    blob.delete_blob()
    blob.stage_block("aaaa", b"new")
    assert len(blob.get_block_list("uncommitted")[1]) == 1
    blob.delete_blob()  # the blocks
    refused("BlobNotFound", 404, blob.get_block_list, "all")
    blob.undelete_blob()
    assert blob.download_blob().readall() == b"one"


def test_permanent_delete(daemon, kept):
    blob = kept.get_blob_client("x")
    blob.upload_blob(b"one")
    snapshot = blob.create_snapshot()["snapshot"]
    client = daemon.client(account="kept")
    for query in ({"snapshot": snapshot}, {}):  # not deleted; the base blob
        answer = client.request("DELETE", kept.container_name, "x", deletetype="permanent", **query)
        assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "BlobOperationNotSupported")
    kept.get_blob_client("x", snapshot=snapshot).delete_blob()
    answer = client.request("DELETE", kept.container_name, "x", deletetype="permanent",
                            snapshot=snapshot)
    assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "BlobOperationNotSupported")  # not allowed
    body = (b'<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled>'
            b'<AllowPermanentDelete>true</AllowPermanentDelete><Days>7</Days>'
            b'</DeleteRetentionPolicy></StorageServiceProperties>')
    client.expect(202, "PUT", body=body, restype="service", comp="properties")
    done = client.expect(202, "DELETE", kept.container_name, "x", deletetype="permanent",
                         snapshot=snapshot)
    assert done.headers["x-ms-delete-type-permanent"] == "true"
    assert shown(kept, "deleted", "snapshots") == [("x", None, None, None, False)]


def test_a_version_needs_its_own_permission(daemon, versioned):
    blob = versioned.get_blob_client("s")
    version = blob.upload_blob(b"one")["version_id"]
    blob.upload_blob(b"two", overwrite=True)

    def client(**letters):
        sas = generate_blob_sas("versioned", versioned.container_name, "s",
                                account_key=blobgate_daemon.ACCOUNTS["versioned"],
                                permission=BlobSasPermissions(**letters), version_id=version,
                                expiry=datetime.datetime.now(datetime.UTC)
                                + datetime.timedelta(hours=1))
        url = f"{versioned.url}/s?versionid={version}&{sas}"
        return blob.from_blob_url(url, retry_total=0)
    refused("AuthorizationPermissionMismatch", 403, client(delete=True).delete_blob,
            version_id=version)
    client(delete_previous_version=True).delete_blob(version_id=version)
    refused("BlobNotFound", 404, blob.download_blob, version_id=version)


def test_a_deleted_container_returns(keeping):
    name = f"h-{uuid.uuid4()}"
    container = keeping.create_container(name, metadata={"k": "v"})
    container.upload_blob("a", b"one")
    container.delete_container()
    refused("ContainerNotFound", 404, container.get_container_properties)
    assert name not in [c.name for c in keeping.list_containers()]
    deleted = [c for c in keeping.list_containers(include_deleted=True, name_starts_with=name)]
    assert [(c.name, c.deleted) for c in deleted] == [(name, True)]
    keeping.create_container(name)
    refused("ContainerAlreadyExists", 409, keeping.undelete_container, name, deleted[0].version)
    keeping.delete_container(name)
    refused("ContainerNotFound", 404, keeping.undelete_container, name, "0" * 16)
    keeping.undelete_container(name, deleted[0].version)
    assert container.download_blob("a").readall() == b"one"
    assert container.get_container_properties().metadata == {"k": "v"}
