"""Immutability policies and legal holds of blob versions, through the Python SDK and by hand.

Of the accounts here `versioned` has them in all containers, `acct2` in the container `vault`,
and `acct1` nowhere.
"""
import datetime
import email.utils
import time
import uuid

import azure.core.exceptions
import blobgate_daemon
import fsck
import pytest
from azure.storage.blob import (BlobServiceClient, ImmutabilityPolicy, ResourceTypes,
                                generate_account_sas)

KEYS = blobgate_daemon.ACCOUNTS
UNTIL = "x-ms-immutability-policy-until-date"
MODE = "x-ms-immutability-policy-mode"
HOLD = "x-ms-legal-hold"


@pytest.fixture(scope="module")
def daemon():
    accounts = [{"name": "acct1", "keys": [KEYS["acct1"]], "versioning": True},
                {"name": "acct2", "keys": [KEYS["acct2"]], "versioning": True,
                 "immutable_containers": ["vault"]},
                {"name": "versioned", "keys": [KEYS["versioned"]], "versioning": True,
                 "version_level_immutability": True}]
    with blobgate_daemon.Daemon({"accounts": accounts}) as running:
        yield running
        assert running.stop() == 0, running.log_tail()
        code, report = fsck.run(running.data_directory)
        assert code == fsck.CLEAN, report


def service(daemon, account, credential=None):
    return BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{account}",
                             credential=credential or {"account_name": account,
                                                       "account_key": KEYS[account]},
                             retry_total=0)


@pytest.fixture
def worm(daemon):
    return service(daemon, "versioned").create_container(f"w-{uuid.uuid4()}")


def refused(code, status, call, *args, **named):
    with pytest.raises(azure.core.exceptions.HttpResponseError) as caught:
        call(*args, **named)
    response = caught.value.response  # not every call of the SDK reads the code
    assert (response.headers["x-ms-error-code"], response.status_code) == (code, status)


def in_seconds(seconds):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return now + datetime.timedelta(seconds=seconds)


def policy(seconds, mode="Unlocked"):
    return ImmutabilityPolicy(expiry_time=in_seconds(seconds), policy_mode=mode)


def date(seconds):
    return email.utils.format_datetime(in_seconds(seconds), usegmt=True)


def shown(blob, **which):
    of = blob.get_blob_properties(**which)
    return (of.immutability_policy.expiry_time, of.immutability_policy.policy_mode,
            bool(of.has_legal_hold))


def until_allowed(call):
    deadline = time.monotonic() + 30
    while True:
        try:
            return call()
        except azure.core.exceptions.HttpResponseError as error:
            assert error.error_code == "BlobImmutableDueToPolicy"
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_policy_from_unlocked_to_locked(worm):
    blob = worm.get_blob_client("a")
    blob.upload_blob(b"content")
    before = blob.get_blob_properties()
    assert shown(blob) == (None, None, False)
    first = policy(3600)
    answer = blob.set_immutability_policy(first)
    assert answer["immutability_policy_mode"] == "unlocked"
    assert shown(blob) == (first.expiry_time, "unlocked", False)
    after = blob.get_blob_properties()
    assert (after.etag, after.last_modified) == (before.etag, before.last_modified)
    refused("BlobImmutableDueToPolicy", 409, blob.delete_blob)
    refused("BlobImmutableDueToPolicy", 409, blob.set_blob_metadata, {"a": "b"})
    refused("BlobImmutableDueToPolicy", 409, blob.set_http_headers)
    blob.set_blob_tags({"may": "change"})
    blob.set_standard_blob_tier("Cool")
    assert blob.download_blob().readall() == b"content"
    blob.set_immutability_policy(policy(1800))  # shorter
    blob.delete_immutability_policy()
    assert shown(blob) == (None, None, False)
    blob.set_immutability_policy(locked := policy(2, "Locked"))
    refused("BlobImmutableDueToPolicy", 409, blob.set_immutability_policy, policy(1, "Locked"))
    refused("BlobImmutableDueToPolicy", 409, blob.set_immutability_policy, policy(3600))
    refused("ImmutabilityPolicyDeleteOnLockedPolicy", 409, blob.delete_immutability_policy)
    blob.set_immutability_policy(longer := policy(3, "Locked"))
    assert locked.expiry_time <= longer.expiry_time
    assert shown(blob) == (longer.expiry_time, "locked", False)
    until_allowed(blob.delete_blob)


def test_new_content_leaves_a_protected_version(worm):
    blob = worm.get_blob_client("v")
    blob.upload_blob(b"one", immutability_policy=policy(3600), legal_hold=True)
    first = blob.get_blob_properties().version_id
    assert shown(blob)[1:] == ("unlocked", True)
    blob.upload_blob(b"two", overwrite=True)
    assert shown(blob) == (None, None, False)
    assert shown(blob, version_id=first)[1:] == ("unlocked", True)
    assert blob.download_blob(version_id=first).readall() == b"one"
    refused("BlobImmutableDueToPolicy", 409, blob.delete_blob, version_id=first)
    blob.delete_immutability_policy(version_id=first)
    refused("BlobImmutableDueToLegalHold", 409, blob.delete_blob, version_id=first)
    blob.set_legal_hold(False, version_id=first)
    blob.delete_blob(version_id=first)
    refused("BlobNotFound", 404, blob.download_blob, version_id=first)


def test_listing(worm):
    worm.get_blob_client("l").upload_blob(b"x", immutability_policy=(kept := policy(900)),
                                          legal_hold=True)
    plain = next(iter(worm.list_blobs()))
    assert plain.immutability_policy.policy_mode is None and not plain.has_legal_hold
    full = next(iter(worm.list_blobs(include=["immutabilitypolicy", "legalhold"])))
    assert full.immutability_policy.expiry_time == kept.expiry_time
    assert full.immutability_policy.policy_mode == "unlocked" and full.has_legal_hold


def test_every_way_to_write_takes_the_headers(worm):
    source = worm.get_blob_client("source")
    source.upload_blob(b"x" * 10)
    blocks = worm.get_blob_client("blocks")
    blocks.stage_block("aa", b"x")
    blocks.commit_block_list(["aa"], immutability_policy=policy(60), legal_hold=True)
    append, page = worm.get_blob_client("append"), worm.get_blob_client("page")
    append.create_append_blob(immutability_policy=policy(60), legal_hold=True)
    page.create_page_blob(512, immutability_policy=policy(60), legal_hold=True)
    copied, at_once = worm.get_blob_client("copied"), worm.get_blob_client("at-once")
    copied.start_copy_from_url(source.url, immutability_policy=policy(60), legal_hold=True)
    at_once.start_copy_from_url(source.url, requires_sync=True, immutability_policy=policy(60),
                                legal_hold=True)
    for blob in (blocks, append, page, copied, at_once):
        assert shown(blob)[1:] == ("unlocked", True)
        refused("BlobImmutableDueToPolicy", 409, blob.delete_blob)
        blob.delete_immutability_policy()
        refused("BlobImmutableDueToLegalHold", 409, blob.delete_blob)
    refused("BlobImmutableDueToLegalHold", 409, append.append_block, b"more")
    refused("BlobImmutableDueToLegalHold", 409, append.seal_append_blob)
    refused("BlobImmutableDueToLegalHold", 409, page.upload_page, b"y" * 512, 0, 512)
    refused("BlobImmutableDueToLegalHold", 409, page.clear_page, 0, 512)
    refused("BlobImmutableDueToLegalHold", 409, page.resize_blob, 1024)
    for blob in (blocks, append, page, copied, at_once):
        blob.set_legal_hold(False)
        blob.delete_blob()


def test_snapshots_have_policies_of_their_own(worm):
    blob = worm.get_blob_client("s")
    blob.upload_blob(b"x", immutability_policy=policy(3600))
    snapshot = worm.get_blob_client("s", snapshot=blob.create_snapshot()["snapshot"])
    assert shown(snapshot) == (None, None, False)
    assert shown(blob)[1] == "unlocked"
    snapshot.set_legal_hold(True)
    blob.delete_immutability_policy()
    refused("BlobImmutableDueToLegalHold", 409, blob.delete_blob, delete_snapshots="include")
    refused("BlobImmutableDueToLegalHold", 409, blob.delete_blob, delete_snapshots="only")
    refused("BlobImmutableDueToLegalHold", 409, snapshot.delete_blob)
    snapshot.set_legal_hold(False)
    blob.delete_blob(delete_snapshots="include")


def test_containers(daemon):
    account = service(daemon, "acct2")
    vault, other = account.create_container("vault"), account.create_container("other")
    listed = {c.name: bool(c.immutable_storage_with_versioning_enabled)
              for c in account.list_containers()}
    assert (listed["vault"], listed["other"]) == (True, False)
    assert vault.get_container_properties().immutable_storage_with_versioning_enabled
    assert not other.get_container_properties().immutable_storage_with_versioning_enabled
    other.upload_blob("b", b"x")
    refused("BlobOperationNotSupported", 409,
            other.get_blob_client("b").set_immutability_policy, policy(60))
    refused("BlobOperationNotSupported", 409, other.get_blob_client("b").set_legal_hold, True)
    refused("BlobOperationNotSupported", 409, other.upload_blob, "c", b"x", legal_hold=True)
    other.get_blob_client("b").set_legal_hold(False)
    account.delete_container("other")
    blob = vault.upload_blob("b", b"x")
    version = blob.get_blob_properties().version_id
    refused("ContainerImmutableStorageWithVersioningEnabled", 409, vault.delete_container)
    blob.delete_blob()
    refused("ContainerImmutableStorageWithVersioningEnabled", 409, vault.delete_container)
    blob.delete_blob(version_id=version)
    vault.delete_container()


def test_permission(daemon, worm):
    blob = worm.get_blob_client("p")
    blob.upload_blob(b"x")

    def limited(permission):
        sas = generate_account_sas("versioned", KEYS["versioned"], ResourceTypes(object=True),
                                   permission, in_seconds(600))
        return service(daemon, "versioned", sas).get_blob_client(worm.container_name, "p")

    for call in (lambda b: b.set_immutability_policy(policy(60)),
                 lambda b: b.delete_immutability_policy(), lambda b: b.set_legal_hold(True)):
        refused("AuthorizationPermissionMismatch", 403, call, limited("rwdxlacup"))
    refused("AuthorizationPermissionMismatch", 403, limited("w").upload_blob, b"y",
            overwrite=True, legal_hold=True)
    limited("i").set_legal_hold(True)
    limited("i").set_legal_hold(False)
    limited("wi").upload_blob(b"y", overwrite=True, legal_hold=True)
    limited("i").set_legal_hold(False)


@pytest.mark.parametrize("method, comp, headers, status, code", [
    ("PUT", "immutabilityPolicies", {}, 400, "MissingRequiredHeader"),
    ("PUT", "immutabilityPolicies", {MODE: "Locked"}, 400, "MissingRequiredHeader"),
    ("PUT", "immutabilityPolicies", {UNTIL: "soon"}, 400, "InvalidHeaderValue"),
    ("PUT", "immutabilityPolicies", {UNTIL: date(-5)}, 400, "InvalidHeaderValue"),
    ("PUT", "immutabilityPolicies", {UNTIL: date(86400), MODE: "Mutable"}, 400, "InvalidHeaderValue"),
    ("PUT", "immutabilityPolicies",
     {UNTIL: date(86400), "If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}, 412,
     "ConditionNotMet"),
    ("PUT", "legalhold", {}, 400, "MissingRequiredHeader"),
    ("PUT", "legalhold", {HOLD: "perhaps"}, 400, "InvalidHeaderValue"),
    ("PUT", "expiry", {}, 400, "MissingRequiredHeader"),
    ("PUT", "expiry", {"x-ms-expiry-option": "Absolute"}, 400, "MissingRequiredHeader"),
    ("PUT", "expiry", {"x-ms-expiry-option": "Absolute", "x-ms-expiry-time": date(-5)}, 400,
     "InvalidHeaderValue"),
    ("PUT", "expiry", {"x-ms-expiry-option": "Sometime"}, 400, "InvalidHeaderValue"),
    ("PUT", "expiry", {"x-ms-expiry-option": "NeverExpire"}, 400, "InvalidInput"),
    ("POST", "legalhold", {HOLD: "true"}, 405, "UnsupportedHttpVerb"),
])
def test_refused_requests(daemon, worm, method, comp, headers, status, code):
    client = daemon.client("versioned")
    client.put_blob(worm.container_name, "r", b"x")
    answer = client.request(method, worm.container_name, "r", comp=comp, headers=headers)
    assert (answer.status, answer.error_code) == (status, code)
    gone = client.request(method, worm.container_name, "none", comp=comp, headers=headers)
    assert gone.status in (status, 404)


def test_missing_blobs(worm):
    blob = worm.get_blob_client("none")
    refused("BlobNotFound", 404, blob.set_immutability_policy, policy(60))
    refused("BlobNotFound", 404, blob.delete_immutability_policy)
    refused("BlobNotFound", 404, blob.set_legal_hold, True)


def test_protection_outlives_the_setting(daemon):
    """Accounts may lose versions and immutability; what is protected stays so."""
    container = service(daemon, "versioned").create_container("outlive")
    blob = container.get_blob_client("b")
    blob.upload_blob(b"kept", immutability_policy=policy(3600, "Locked"))
    held = container.get_blob_client("held")
    held.upload_blob(b"kept", legal_hold=True)
    accounts = [{"name": name, "keys": [KEYS[name]]} for name in ("acct1", "acct2", "versioned")]
    daemon.restart({"accounts": accounts})
    container = service(daemon, "versioned").get_container_client("outlive")
    blob, held = container.get_blob_client("b"), container.get_blob_client("held")
    for call in (blob.delete_blob, lambda: blob.upload_blob(b"new", overwrite=True),
                 lambda: blob.stage_block("aa", b"new"),
                 lambda: blob.start_copy_from_url(held.url), lambda: blob.set_blob_metadata({})):
        refused("BlobImmutableDueToPolicy", 409, call)
    refused("BlobImmutableDueToLegalHold", 409, held.upload_blob, b"new", overwrite=True)
    refused("ContainerImmutableStorageWithVersioningEnabled", 409, container.delete_container)
    refused("BlobOperationNotSupported", 409, blob.set_immutability_policy, policy(7200, "Locked"))
    held.set_legal_hold(False)
    held.delete_blob()
    assert blob.download_blob().readall() == b"kept"
