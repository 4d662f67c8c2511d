"""What a user of azure-storage-blob does, checked for content. Called by tests/clients/run.py with
an endpoint, account, key and CA file in the environment."""
import base64
import io
import os
import uuid
from datetime import datetime, timedelta, timezone

import recorded_blob  # noqa: F401  (before the clients are made)
from checks import check, finish

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (BlobBlock, BlobServiceClient, ContentSettings, StandardBlobTier,
                                AccountSasPermissions, BlobSasPermissions, ResourceTypes,
                                generate_account_sas, generate_blob_sas, ContainerClient,
                                BlobClient)

ENDPOINT, ACCOUNT, KEY = (os.environ[n] for n in ("BLOB_ENDPOINT", "BLOB_ACCOUNT", "BLOB_KEY"))
CA = os.environ.get("BLOB_CA") or True


def refused(status, run):
    try:
        run()
    except HttpResponseError as error:
        return error.status_code == status
    return False


def service(credential=KEY):
    if credential == KEY:
        credential = {"account_name": ACCOUNT, "account_key": KEY}
    return BlobServiceClient(ENDPOINT, credential=credential, connection_verify=CA,
                             max_single_put_size=1 << 20, max_block_size=1 << 20)


svc = service()
name = f"py-{uuid.uuid4().hex[:12]}"
con = svc.create_container(name, metadata={"kind": "test"})
check("create container twice is refused", refused(409, con.create_container))
check("container metadata", con.get_container_properties().metadata == {"kind": "test"})
check("list containers", name in [c.name for c in svc.list_containers(name_starts_with="py-")])

blob = con.get_blob_client("dir/päth with space+%.bin")
data = os.urandom(100_000)
blob.upload_blob(data, metadata={"a": "1"}, tags={"t": "v"},
                 content_settings=ContentSettings(content_type="text/x", cache_control="no-store"))
check("download", blob.download_blob().readall() == data)
check("ranged download", blob.download_blob(offset=10, length=1000).readall() == data[10:1010])
props = blob.get_blob_properties()
check("properties", props.size == len(data) and props.metadata == {"a": "1"} and
      props.content_settings.content_type == "text/x" and props.tag_count == 1)
large = os.urandom(5 * (1 << 20) + 17)
big = con.get_blob_client("large")
big.upload_blob(io.BytesIO(large), overwrite=True, max_concurrency=4)
check("blocks in parallel", big.download_blob(max_concurrency=4).readall() == large)
stream = con.get_blob_client("many-pieces")
stream.upload_blob((large[i:i + 70_001] for i in range(0, len(large), 70_001)), overwrite=True)
check("stream of unknown length", stream.download_blob().readall() == large)
check("download in chunks", b"".join(stream.download_blob().chunks()) == large)
stream.delete_blob()
committed, uncommitted = big.get_block_list("all")
check("block list", len(committed) == 6 and not uncommitted)
staged = con.get_blob_client("staged")
ids = [base64.b64encode(f"{i:04}".encode()).decode() for i in range(3)]
for i in ids:
    staged.stage_block(i, b"x" * 10, validate_content=True)
check("staged only is not there", not staged.exists())
staged.commit_block_list([BlobBlock(i) for i in reversed(ids)])
check("committed", staged.download_blob().readall() == b"x" * 30)

for i in range(25):
    con.upload_blob(f"many/{i:02}", bytes([i]))
pages = list(con.list_blobs(name_starts_with="many/", results_per_page=10).by_page())
check("pages", [len(list(p)) for p in pages] == [10, 10, 5])
walk = [i.name for i in con.walk_blobs(delimiter="/")]
check("hierarchy", sorted(walk) == ["dir/", "large", "many/", "staged"])
levels = [[i.name for i in page] for page in con.walk_blobs(delimiter="/", results_per_page=3)
          .by_page()]
check("hierarchy in pages", [len(level) for level in levels] == [3, 1] and
      sorted(sum(levels, [])) == ["dir/", "large", "many/", "staged"])

etag = blob.get_blob_properties().etag
blob.set_blob_metadata({"a": "2"}, etag=etag, match_condition=MatchConditions.IfNotModified)
check("If-Match with an old ETag is refused", refused(412, lambda: blob.upload_blob(
    b"x", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)))
check("If-None-Match: * is refused", refused(409, lambda: blob.upload_blob(b"x")))
now = blob.get_blob_properties().etag
check("read of an unchanged blob is 304", now != etag and refused(
    304, lambda: blob.download_blob(etag=now, match_condition=MatchConditions.IfModified)))
check("the refused writes changed nothing", blob.download_blob().readall() == data)

lease = blob.acquire_lease(15)
check("write without the lease is refused",
      refused(412, lambda: blob.upload_blob(b"x", overwrite=True)))
blob.set_blob_metadata({"a": "3"}, lease=lease)
lease.renew()
lease.change(str(uuid.uuid4()))
lease.release()
check("lease released", blob.get_blob_properties().lease.state == "available")

copy = con.get_blob_client("copy")
state = copy.start_copy_from_url(blob.url)
check("asynchronous copy", state["copy_status"] == "success" and
      copy.download_blob().readall() == data and copy.get_blob_properties().metadata == {"a": "3"})
sas = generate_blob_sas(ACCOUNT, name, big.blob_name, account_key=KEY,
                        permission=BlobSasPermissions(read=True),
                        expiry=datetime.now(timezone.utc) + timedelta(hours=1))
copy.upload_blob_from_url(f"{big.url}?{sas}", overwrite=True)
check("Put Blob From URL", copy.download_blob().readall() == large)
copy.start_copy_from_url(f"{big.url}?{sas}", requires_sync=True)
check("synchronous copy", copy.download_blob().readall() == large)
staged.stage_block_from_url(ids[0], f"{big.url}?{sas}", 100, 5000)
staged.commit_block_list([BlobBlock(ids[0])])
check("Put Block From URL", staged.download_blob().readall() == large[100:5100])
read_only = BlobClient.from_blob_url(f"{big.url}?{sas}", connection_verify=CA)
check("blob SAS reads", read_only.download_blob(0, 5).readall() == large[:5])
check("blob SAS does not write",
      refused(403, lambda: read_only.upload_blob(b"x", overwrite=True)))
account_sas = generate_account_sas(ACCOUNT, KEY, ResourceTypes(service=True, container=True,
                                                              object=True),
                                   AccountSasPermissions(read=True, list=True),
                                   datetime.now(timezone.utc) + timedelta(hours=1))
check("account SAS lists", len(list(service(account_sas).get_container_client(name).list_blobs()))
      == 29)

blob.set_blob_tags({"x": "y", "z": "1"})
check("tags", blob.get_blob_tags() == {"x": "y", "z": "1"})
check("x-ms-if-tags", refused(412, lambda: blob.get_blob_properties(
    if_tags_match_condition="\"x\" = 'no'")))
blob.set_standard_blob_tier(StandardBlobTier.COOL)
check("tier", blob.get_blob_properties().blob_tier == "Cool")
blob.set_http_headers(ContentSettings(content_type="a/b"))
check("headers", blob.get_blob_properties().content_settings.content_type == "a/b")
check("account information", svc.get_account_information()["account_kind"] == "StorageV2")
svc.set_service_properties(cors=[])
check("service properties", svc.get_service_properties()["cors"] == [])
con.set_container_access_policy({}, public_access="container")
public = ContainerClient.from_container_url(con.url, connection_verify=CA)
check("anonymous list", len(list(public.list_blobs())) == 29)
blob.delete_blob()
check("deleted", refused(404, blob.get_blob_properties))
svc.delete_container(name)
check("container deleted", not con.exists())
finish()
