"""Blobs by the Python SDK: HTTPS in host style, and HTTP in path style."""
import datetime
import os
import pathlib
import urllib.request

# user's lines
from azure.storage.blob import BlobServiceClient

key = os.environ["AZURE_STORAGE_KEY"]
service = BlobServiceClient("https://acct1.blob.gate.test", connection_verify="ca.pem",
                            credential={"account_name": "acct1", "account_key": key})
plain = BlobServiceClient.from_connection_string(  # without TLS: path style
    f"DefaultEndpointsProtocol=http;AccountName=acct1;AccountKey={key};"
    "BlobEndpoint=http://127.0.0.1:10000/acct1;")
# end of the user's lines
from azure.storage.blob import BlobSasPermissions, ContentSettings, generate_blob_sas  # noqa: E402

GIVEN, FETCHED = pathlib.Path("given"), pathlib.Path("fetched")
container = BlobServiceClient(
    "https://acct1.blob.gate.test", connection_verify="ca.pem", max_single_put_size=1 << 20,
    max_block_size=1 << 20, max_single_get_size=1 << 20, max_chunk_get_size=1 << 20,
    credential={"account_name": "acct1", "account_key": key}).get_container_client("python-sdk")
for path in GIVEN.rglob("*"):
    if path.is_file():
        name = str(path.relative_to(GIVEN))
        with open(path, "rb") as stream:
            container.upload_blob(f"up/{name}", stream, max_concurrency=4, overwrite=True,
                                  metadata={"origin": "given"},
                                  content_settings=ContentSettings(content_type="text/x-test"))
for blob in container.list_blobs(name_starts_with="given/", results_per_page=2):
    target = FETCHED / blob.name.removeprefix("given/")
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb") as stream:
        assert container.download_blob(blob.name, max_concurrency=4).readinto(stream) == blob.size
for blob in plain.get_container_client("python-sdk").list_blobs("up/", include=["metadata"]):
    assert blob.metadata == {"origin": "given"}, blob.metadata
    assert blob.content_settings.content_type == "text/x-test"
prefixes = [item.name for item in container.walk_blobs("up/") if not hasattr(item, "size")]
assert "up/dir/" in prefixes, prefixes

text = plain.get_blob_client("python-sdk", "text")
text.upload_blob(b"first", overwrite=True)
etag = text.get_blob_properties().etag
text.upload_blob(b"second", overwrite=True, etag=etag, match_condition=__import__(
    "azure.core", fromlist=["MatchConditions"]).MatchConditions.IfNotModified)
lease = text.acquire_lease(15)
text.set_blob_metadata({"a": "b"}, lease=lease)
lease.release()
copy = container.get_blob_client("copied")
copy.upload_blob_from_url(text.url.replace("http://127.0.0.1:10000/acct1",
                                           "https://acct1.blob.gate.test")
                          + "?" + generate_blob_sas(
                              "acct1", "python-sdk", "text", account_key=key,
                              permission=BlobSasPermissions(read=True),
                              expiry=datetime.datetime.now(datetime.UTC)
                              + datetime.timedelta(hours=1)))
assert copy.download_blob().readall() == b"second"
sas = generate_blob_sas("acct1", "python-sdk", "text", account_key=key,
                        permission=BlobSasPermissions(read=True),
                        expiry=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1))
with urllib.request.urlopen(f"{text.url}?{sas}") as answer:
    assert answer.read() == b"second"
container.delete_blobs("copied", "text")
assert not text.exists()
