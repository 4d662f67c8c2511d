"""Set Blob Tier, rehydration and copies out of Archive, through the Python SDK and by hand.

The daemon here takes an hour for a Standard rehydration and a second for a High one.
"""
import time
import uuid

import azure.core.exceptions
import blobgate_daemon
import pytest
from azure.storage.blob import BlobServiceClient, StandardBlobTier


@pytest.fixture(scope="module")
def daemon():
    accounts = [{"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]]},
                {"name": "acct2", "keys": [blobgate_daemon.ACCOUNTS["acct2"]],
                 "sku": "Standard_ZRS"}]
    config = {"rehydration": {"standard": 3600, "high": 1}, "accounts": accounts}
    with blobgate_daemon.Daemon(config) as running:
        yield running
        assert running.stop() == 0, running.log_tail()


def container(daemon, account):
    service = BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{account}",
                                credential={"account_name": account,
                                            "account_key": blobgate_daemon.ACCOUNTS[account]},
                                retry_total=0)
    return service.create_container(f"t-{uuid.uuid4()}")


@pytest.fixture
def tiered(daemon):
    return container(daemon, "acct1")


def refused(code, status, call, *args, **named):
    with pytest.raises(azure.core.exceptions.HttpResponseError) as caught:
        call(*args, **named)
    assert (caught.value.error_code, caught.value.status_code) == (code, status)


def until_online(blob, tier):
    deadline = time.monotonic() + 30
    while (properties := blob.get_blob_properties()).archive_status is not None:
        assert time.monotonic() < deadline, "the rehydration does not end"
        assert properties.blob_tier == "Archive"
        time.sleep(0.05)
    assert properties.blob_tier == tier


def archived(container, name, content=b"content"):
    blob = container.get_blob_client(name)
    blob.upload_blob(content, standard_blob_tier=StandardBlobTier.ARCHIVE)
    return blob


def test_rehydration_by_priority(tiered):
    blob = archived(tiered, "a")
    refused("BlobArchived", 409, blob.download_blob)
    blob.set_standard_blob_tier("Cool", rehydrate_priority="Standard")
    shown = blob.get_blob_properties()
    assert (shown.blob_tier, shown.archive_status) == ("Archive", "rehydrate-pending-to-cool")
    assert shown.rehydrate_priority == "Standard"
    listed = next(iter(tiered.list_blobs()))
    assert (listed.archive_status, listed.rehydrate_priority) == ("rehydrate-pending-to-cool",
                                                                  "Standard")
    refused("BlobBeingRehydrated", 409, blob.set_standard_blob_tier, "Hot")
    refused("BlobBeingRehydrated", 409, blob.set_standard_blob_tier, "Archive")
    refused("BlobArchived", 409, blob.upload_blob, b"new", overwrite=True)
    blob.set_standard_blob_tier("Cool", rehydrate_priority="High")  # an hour becomes a second
    assert blob.get_blob_properties().rehydrate_priority in ("High", None)
    until_online(blob, "Cool")
    assert blob.download_blob().readall() == b"content"


def test_statuses_of_set_blob_tier(daemon, tiered):
    client = daemon.client()
    name = tiered.container_name
    client.put_blob(name, "s", b"x")

    def set_tier(tier, **headers):
        return client.request("PUT", name, "s", comp="tier",
                              headers={"x-ms-access-tier": tier, **headers}).status

    assert [set_tier(tier) for tier in ("Cool", "cold", "Archive", "Archive", "Hot", "Hot")] == [
        200, 200, 200, 200, 202, 202]


def test_copy_out_of_archive(tiered):
    source = archived(tiered, "source")
    copy = tiered.get_blob_client("copy")
    refused("BlobArchived", 409, copy.start_copy_from_url, source.url)
    refused("BlobArchived", 409, copy.start_copy_from_url, source.url,
            standard_blob_tier=StandardBlobTier.ARCHIVE)
    copy.start_copy_from_url(source.url, standard_blob_tier=StandardBlobTier.HOT, rehydrate_priority="High")
    assert copy.get_blob_properties().rehydrate_priority in ("High", None)
    until_online(copy, "Hot")
    assert copy.download_blob().readall() == b"content"
    assert source.get_blob_properties().blob_tier == "Archive"
    source.set_standard_blob_tier("Hot")
    refused("BlobBeingRehydrated", 409, copy.start_copy_from_url, source.url,
            standard_blob_tier=StandardBlobTier.HOT)


def test_copy_out_of_archive_waits_for_standard(tiered):
    source = archived(tiered, "source")
    copy = tiered.get_blob_client("copy")
    copy.start_copy_from_url(source.url, standard_blob_tier=StandardBlobTier.COLD)
    shown = copy.get_blob_properties()
    assert (shown.blob_tier, shown.archive_status) == ("Archive", "rehydrate-pending-to-cold")
    refused("BlobArchived", 409, copy.download_blob)


@pytest.mark.parametrize("headers, status, code", [
    ({"x-ms-access-tier": "Lukewarm"}, 400, "InvalidHeaderValue"),
    ({"x-ms-access-tier": "Smart"}, 400, "InvalidBlobTier"),
    ({"x-ms-access-tier": "P10"}, 400, "InvalidBlobTier"),
    ({"x-ms-access-tier": "Hot", "x-ms-rehydrate-priority": "Urgent"}, 400, "InvalidHeaderValue"),
    ({"x-ms-access-tier": "Hot", "x-ms-if-tags": "\"a\" = 'b'"}, 412, "ConditionNotMet"),
    ({"x-ms-access-tier": "Hot", "x-ms-if-tags": "nonsense"}, 400, "InvalidHeaderValue"),
    ({}, 400, "MissingRequiredHeader"),
])
def test_refused_requests(daemon, tiered, headers, status, code):
    client = daemon.client()
    client.put_blob(tiered.container_name, "r", b"x")
    answer = client.request("PUT", tiered.container_name, "r", comp="tier", headers=headers)
    assert (answer.status, answer.error_code) == (status, code)


def test_tiers_of_other_types_and_accounts(daemon, tiered):
    append = tiered.get_blob_client("append")
    append.create_append_blob()
    refused("AccessTierNotSupportedForBlobType", 400, append.set_standard_blob_tier, "Hot")
    page = tiered.get_blob_client("page")
    page.create_page_blob(512, premium_page_blob_tier="P20")
    refused("CannotChangeToLowerTier", 409, page.set_premium_page_blob_tier, "P10")
    refused("BlobTierInadequateForContentLength", 409,
            tiered.get_blob_client("long").create_page_blob, 64 << 30,
            premium_page_blob_tier="P4")
    zones = container(daemon, "acct2").get_blob_client("z")
    zones.upload_blob(b"x")
    zones.set_standard_blob_tier("Cool")
    refused("BlobAccessTierNotSupportedForAccountType", 409, zones.set_standard_blob_tier,
            "Archive")
