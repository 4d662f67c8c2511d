"""Calls everything that azure-storage-blob offers and exercise.py does not, checked for what it
does. Called by tests/clients/run.py."""
import os
import time
import uuid
from datetime import datetime, timedelta, timezone

import recorded_blob  # noqa: F401  (before the clients are made)
from checks import Token, checked, code_of, finish

from azure.storage.blob import (AccessPolicy, BlobClient, BlobServiceClient, ContainerClient,
                                ContainerSasPermissions, ContentSettings, CorsRule,
                                ImmutabilityPolicy, PremiumPageBlobTier, PublicAccess,
                                RetentionPolicy, StandardBlobTier, StaticWebsite,
                                generate_container_sas)

ENDPOINT, ACCOUNT, KEY = (os.environ[n] for n in ("BLOB_ENDPOINT", "BLOB_ACCOUNT", "BLOB_KEY"))
CA = os.environ.get("BLOB_CA") or True
TOKEN = os.environ.get("BLOB_TOKEN")  # for HTTPS only


def endpoint_of(account: str) -> str:
    return ENDPOINT.replace(ACCOUNT, account)


def connection_string(endpoint: str) -> str:
    scheme = endpoint.split(":")[0]
    return (f"DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={endpoint};"
            f"BlobSecondaryEndpoint={endpoint_of(ACCOUNT + '-secondary').split('//')[1]}")


def service_of(account: str) -> BlobServiceClient:
    key = os.environ[f"BLOB_KEY_{account.upper()}"]
    return BlobServiceClient(endpoint_of(account), connection_verify=CA, retry_total=0,
                             credential={"account_name": account, "account_key": key})


def sas_url(blob: BlobClient) -> str:
    token = generate_container_sas(
        ACCOUNT, name, account_key=KEY, permission=ContainerSasPermissions(read=True),
        expiry=datetime.now(timezone.utc) + timedelta(hours=1))
    return f"{blob.url}?{token}"


svc = BlobServiceClient.from_connection_string(connection_string(ENDPOINT), connection_verify=CA)
name = f"every-{uuid.uuid4().hex[:12]}"
con = svc.create_container(name)


@checked
def clients_by_url_and_connection_string():
    text = connection_string(ENDPOINT)
    assert ContainerClient.from_connection_string(text, name, connection_verify=CA).exists()
    blob = BlobClient.from_connection_string(text, name, "none", connection_verify=CA)
    assert not blob.exists()
    credential = {"account_name": ACCOUNT, "account_key": KEY}
    assert ContainerClient.from_container_url(con.url, credential, connection_verify=CA).exists()
    assert not BlobClient.from_blob_url(blob.url, credential, connection_verify=CA).exists()
    assert svc.get_container_client(name).exists()
    assert not svc.get_blob_client(name, "none").exists()


@checked
def account_information():
    found = svc.get_account_information()
    assert found["sku_name"] and found["account_kind"]
    for other in (con, con.get_blob_client("x")):
        assert other.get_account_information()["sku_name"] == found["sku_name"]


@checked
def a_container_from_its_client():
    other = svc.get_container_client(f"{name}-other")
    assert not other.exists()
    other.create_container(public_access=PublicAccess.BLOB)
    assert other.exists()
    assert other.get_container_access_policy()["public_access"] == "blob"
    policy = AccessPolicy(ContainerSasPermissions(read=True), start=datetime.now(timezone.utc),
                          expiry=datetime.now(timezone.utc) + timedelta(hours=1))
    other.set_container_access_policy({"reader": policy})
    found = other.get_container_access_policy()
    assert [i.id for i in found["signed_identifiers"]] == ["reader"]
    assert found["public_access"] is None
    other.set_container_metadata({"a": "b"})
    assert other.get_container_properties().metadata == {"a": "b"}
    lease = other.acquire_lease(-1)
    assert code_of(other.delete_container) == "LeaseIdMissing"
    assert lease.break_lease(0) == 0
    other.delete_container()
    assert not other.exists()


@checked
def a_container_by_the_service():
    svc.create_container(f"{name}-gone")
    svc.delete_container(f"{name}-gone")
    assert not svc.get_container_client(f"{name}-gone").exists()


@checked
def a_container_undeleted():
    kept = service_of("kept")
    kept.create_container(name).upload_blob("b", b"kept")
    kept.delete_container(name)
    deleted = next(c for c in kept.list_containers(include_deleted=True) if c.name == name)
    assert deleted.deleted and deleted.version
    back = kept.undelete_container(name, deleted.version)
    assert back.download_blob("b").readall() == b"kept"


@checked
def service_properties_and_undelete():
    other = service_of("acct2")
    cors = CorsRule(["https://a.example"], ["GET", "PUT"], allowed_headers=["x-ms-*"],
                    exposed_headers=["x-ms-meta-*"], max_age_in_seconds=60)
    other.set_service_properties(
        cors=[cors], target_version="2023-11-03",
        static_website=StaticWebsite(enabled=True, index_document="index.html"),
        delete_retention_policy=RetentionPolicy(enabled=True, days=3))
    found = other.get_service_properties()
    assert found["cors"][0].allowed_origins == "https://a.example"
    assert found["delete_retention_policy"].days == 3
    assert found["static_website"].index_document == "index.html"
    assert found["target_version"] == "2023-11-03"
    blob = other.create_container(name).get_blob_client("b")
    blob.upload_blob(b"first")
    blob.delete_blob()
    assert not blob.exists()
    blob.undelete_blob()
    assert blob.download_blob().readall() == b"first"
    other.set_service_properties(cors=[], static_website=StaticWebsite(enabled=False),
                                 delete_retention_policy=RetentionPolicy(enabled=False))
    assert not other.get_service_properties()["delete_retention_policy"].enabled


@checked
def tags_and_how_they_are_found():
    blob = con.get_blob_client("tagged")
    blob.upload_blob(b"x", tags={"run": name, "size": "1"})
    blob.set_blob_tags({"run": name, "size": "2"})
    assert blob.get_blob_tags() == {"run": name, "size": "2"}
    query = f"\"run\" = '{name}'"
    assert [b.name for b in con.find_blobs_by_tags(query)] == ["tagged"]
    assert [(b.container_name, b.name) for b in svc.find_blobs_by_tags(query)] == [(name, "tagged")]
    assert not list(con.find_blobs_by_tags("\"run\" = 'none'"))


@checked
def properties_names_and_deletes_of_many():
    blob = con.get_blob_client("headers")
    blob.upload_blob(b"x")
    blob.set_http_headers(ContentSettings(content_type="a/b", content_language="de"))
    settings = blob.get_blob_properties().content_settings
    assert (settings.content_type, settings.content_language) == ("a/b", "de")
    assert "headers" in list(con.list_blob_names())
    con.upload_blob("one", b"1")
    con.upload_blob("two", b"2")
    assert con.download_blob("one").readall() == b"1"
    con.delete_blob("headers")
    assert [a.status_code for a in con.delete_blobs("one", "two")] == [202, 202]
    assert not {"headers", "one", "two"} & set(con.list_blob_names())


@checked
def tiers():
    con.upload_blob("hot", b"1")
    con.upload_blob("cold", b"2")
    answers = con.set_standard_blob_tier_blobs(StandardBlobTier.COOL, "hot", "cold")
    assert [a.status_code for a in answers] == [200, 200]
    assert con.get_blob_client("hot").get_blob_properties().blob_tier == "Cool"
    con.get_blob_client("hot").set_standard_blob_tier(StandardBlobTier.ARCHIVE)
    assert code_of(lambda: con.download_blob("hot").readall()) == "BlobArchived"
    con.get_blob_client("disk").create_page_blob(512)
    answers = con.set_premium_page_blob_tier_blobs(PremiumPageBlobTier.P20, "disk")
    assert [a.status_code for a in answers] == [200]
    con.get_blob_client("disk").set_premium_page_blob_tier(PremiumPageBlobTier.P30)
    assert con.get_blob_client("disk").get_blob_properties().blob_tier == "P30"


@checked
def append_blobs():
    blob, source = con.get_blob_client("log"), con.get_blob_client("log-source")
    source.upload_blob(b"from url")
    blob.create_append_blob()
    assert blob.append_block(b"first ")["blob_append_offset"] == "0"
    assert blob.append_block_from_url(sas_url(source))["blob_append_offset"] == "6"
    blob.seal_append_blob()
    assert code_of(lambda: blob.append_block(b"x")) == "BlobIsSealed"
    assert blob.download_blob().readall() == b"first from url"


@checked
def page_blobs():
    blob, source = con.get_blob_client("pages"), con.get_blob_client("pages-source")
    source.create_page_blob(1024)
    source.upload_page(b"s" * 512, 512, 512)
    blob.create_page_blob(2048)
    blob.upload_page(b"a" * 1024, 0, 1024)
    snapshot = blob.create_snapshot()
    blob.upload_pages_from_url(sas_url(source), 1024, 512, 512)
    blob.clear_page(0, 512)
    blob.resize_blob(1536)
    blob.set_sequence_number("update", "7")
    assert blob.get_blob_properties().page_blob_sequence_number == 7
    assert blob.download_blob().readall() == b"\0" * 512 + b"a" * 512 + b"s" * 512
    assert blob.get_page_ranges()[0] == [{"start": 512, "end": 1535}]
    assert [(r.start, r.end, r.cleared) for r in
            blob.list_page_ranges(previous_snapshot=snapshot["snapshot"])] == [
        (0, 511, True), (1024, 1535, False)]
    old = con.get_blob_client("pages", snapshot=snapshot["snapshot"])
    ranges, cleared = blob.get_page_range_diff_for_managed_disk(old.url)
    assert (ranges, cleared) == ([{"start": 1024, "end": 1535}], [{"start": 0, "end": 511}])


@checked
def an_incremental_copy_and_an_abort():
    source = con.get_blob_client("pages-source")
    snapshot = source.create_snapshot()["snapshot"]
    copy = con.get_blob_client("pages-copy")
    copy.start_copy_from_url(f"{sas_url(source)}&snapshot={snapshot}", incremental_copy=True)
    while copy.get_blob_properties().copy.status == "pending":
        time.sleep(0.05)
    assert copy.get_blob_properties().copy.status == "success"
    assert code_of(lambda: copy.abort_copy(str(uuid.uuid4()))) == "NoPendingCopyOperation"


@checked
def a_lease_by_the_blob():
    blob = con.get_blob_client("leased")
    blob.upload_blob(b"x")
    lease = blob.acquire_lease(15)
    assert lease.break_lease(0) == 0
    lease.acquire(-1)
    lease.renew()
    lease.change(str(uuid.uuid4()))
    lease.release()
    assert blob.get_blob_properties().lease.state == "available"


@checked
def a_query():
    blob = con.get_blob_client("table")
    blob.upload_blob(b"a,1\nb,2\nc,3\n")
    found = blob.query_blob("SELECT _1 FROM BlobStorage WHERE CAST(_2 AS INT) > 1").readall()
    assert found.split() == [b"b", b"c"], found


@checked
def immutability_and_legal_hold():
    held = service_of("immutable").create_container(name).get_blob_client("held")
    held.upload_blob(b"x")
    until = datetime.now(timezone.utc) + timedelta(days=1)
    held.set_immutability_policy(ImmutabilityPolicy(expiry_time=until, policy_mode="Unlocked"))
    assert code_of(held.delete_blob) == "BlobImmutableDueToPolicy"
    held.delete_immutability_policy()
    held.set_legal_hold(True)
    assert code_of(held.delete_blob) == "BlobImmutableDueToLegalHold"
    held.set_legal_hold(False)
    held.delete_blob()


# In path style this SDK puts the secondary account before the path of the primary one.
@checked
def service_stats():
    if ENDPOINT.rstrip("/").endswith(ACCOUNT):
        assert code_of(svc.get_service_stats) == "InvalidQueryParameterValue"
        return
    found = svc.get_service_stats()
    assert found["geo_replication"]["status"] in ("live", "bootstrap", "unavailable"), found


if TOKEN:
    @checked
    def a_user_delegation_key():
        by_token = BlobServiceClient(ENDPOINT, credential=Token(TOKEN), connection_verify=CA)
        now = datetime.now(timezone.utc)
        key = by_token.get_user_delegation_key(now, now + timedelta(hours=1))
        token = generate_container_sas(
            ACCOUNT, name, user_delegation_key=key, permission=ContainerSasPermissions(read=True),
            expiry=now + timedelta(minutes=30))
        url = con.get_blob_client("tagged").url
        found = BlobClient.from_blob_url(f"{url}?{token}", connection_verify=CA)
        assert found.download_blob().readall() == b"x"

con.delete_container()
finish()
