"""Blob Batch through the Python SDK and by hand."""
import uuid

import azure.core.exceptions
import blobgate_daemon
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient, generate_container_sas
import datetime


def service(daemon, account="acct2"):
    return BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{account}",
                             credential={"account_name": account,
                                         "account_key": blobgate_daemon.ACCOUNTS[account]},
                             retry_total=0)


@pytest.fixture
def container(daemon):
    made = service(daemon).create_container(f"batch-{uuid.uuid4()}")
    for i in range(20):
        made.upload_blob(f"dir/b {i:02}", b"x")
    return made


def names(container):
    return [blob.name for blob in container.list_blobs()]


def test_delete_many(container):
    answers = list(container.delete_blobs(*names(container)[:19]))
    assert [a.status_code for a in answers] == [202] * 19
    assert names(container) == ["dir/b 19"]


def test_failures_are_those_of_their_parts(container):
    lease = container.get_blob_client("dir/b 00").acquire_lease()
    answers = list(container.delete_blobs("dir/b 00", "nothere", "dir/b 01",
                                          raise_on_any_failure=False))
    assert [a.status_code for a in answers] == [412, 404, 202]
    assert answers[1].headers["x-ms-error-code"] == "BlobNotFound"
    with pytest.raises(azure.storage.blob.PartialBatchErrorException):
        container.delete_blobs("nothere")
    lease.release()


def test_set_tier(container):
    answers = list(container.set_standard_blob_tier_blobs("Cool", *names(container)))
    assert [a.status_code for a in answers] == [200] * 20
    assert {b.blob_tier for b in container.list_blobs()} == {"Cool"}


def test_with_a_sas(daemon, container):
    def client(permission):
        sas = generate_container_sas("acct2", container.container_name,
                                     account_key=blobgate_daemon.ACCOUNTS["acct2"],
                                     permission=permission,
                                     expiry=datetime.datetime.now(datetime.UTC)
                                     + datetime.timedelta(hours=1))
        return ContainerClient.from_container_url(f"{container.url}?{sas}", retry_total=0)
    answers = list(client("d").delete_blobs("dir/b 00", "dir/b 01"))
    assert [a.status_code for a in answers] == [202, 202]
    answers = list(client("r").delete_blobs("dir/b 02", raise_on_any_failure=False))
    assert [a.status_code for a in answers] == [403]


def whole(client, container, parts, content_type="multipart/mixed; boundary=b", end="--b--\r\n"):
    body = "".join("--b\r\nContent-Type: application/http\r\n\r\n" + part + "\r\n"
                   for part in parts) + end
    return client.request("POST", container.container_name, body=body.encode(),
                          headers={"Content-Type": content_type}, restype="container",
                          comp="batch")


def test_a_batch_that_is_refused_whole(daemon, container):
    client = daemon.client(account="acct2")
    path = f"/acct2/{container.container_name}"
    delete = f"DELETE {path}/dir%2Fb%2000 HTTP/1.1\r\n\r\n"
    tier = f"PUT {path}/x?comp=tier HTTP/1.1\r\n\r\n"
    cases = [([], "InvalidInput"), ([delete, tier], "AllBatchSubRequestsShouldBeSameApi"),
             ([f"PUT {path}/x HTTP/1.1\r\n\r\n"], "InvalidInput"),
             (["DELETE /acct2/other/x HTTP/1.1\r\n\r\n"], "InvalidInput"),
             ([delete] * 257, "InvalidInput"), (["nonsense"], "InvalidInput")]
    for parts, code in cases:
        answer = whole(client, container, parts)
        assert answer.status == 202
        assert b"HTTP/1.1 400 " in answer.body and b"Content-ID" not in answer.body
        assert f"x-ms-error-code: {code}".encode() in answer.body
    answer = whole(client, container, [delete], content_type="text/plain")
    assert answer.status == 202 and b"InvalidHeaderValue" in answer.body
    # A part without credentials of its own is refused alone.
    answer = whole(client, container, [delete])
    assert answer.status == 202 and b"HTTP/1.1 40" in answer.body
    assert "dir/b 00" in names(container)
