"""Find Blobs by Tags through the Python SDK, in a container and in an account."""
import uuid

import azure.core.exceptions
import blobgate_daemon
import pytest
from azure.storage.blob import BlobServiceClient


def service(daemon, account):
    return BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{account}",
                             credential={"account_name": account,
                                         "account_key": blobgate_daemon.ACCOUNTS[account]},
                             retry_total=0)


@pytest.fixture
def container(daemon):
    return service(daemon, "acct2").create_container(f"t-{uuid.uuid4()}")


def found(where, within):
    return [blob.name for blob in within.find_blobs_by_tags(where)]


def test_the_index_follows_every_change(container):
    blob = container.get_blob_client("a")
    blob.upload_blob(b"x", tags={"Project": "one", "n": "1"})
    assert found("Project='one'", container) == ["a"]
    blob.set_blob_tags({"Project": "two"})
    assert found("Project='one'", container) == []
    assert found("n='1'", container) == []
    assert found("\"Project\"='two'", container) == ["a"]
    blob.upload_blob(b"y", overwrite=True)
    assert found("Project='two'", container) == []
    blob.upload_blob(b"y", overwrite=True, tags={"Project": "three"})
    container.get_blob_client("copy").start_copy_from_url(blob.url, tags={"Project": "three"})
    blob.stage_block("aaaa", b"z")
    assert found("Project='three'", container) == ["a", "copy"]
    blob.commit_block_list(["aaaa"], tags={"Project": "four"})
    assert found("Project='three'", container) == ["copy"]
    blob.delete_blob()
    assert found("Project>''", container) == ["copy"]


def test_comparisons(container):
    for i in range(30):
        container.get_blob_client(f"b{i:02}").upload_blob(
            b"", tags={"n": f"{i:02}", "odd": str(i % 2), "all": "yes"})
    assert found("n>='10' AND n<'13'", container) == ["b10", "b11", "b12"]
    assert found("n>'10' AND n<='13' AND odd='1'", container) == ["b11", "b13"]
    assert found("all='yes' AND odd='0' AND n<'04'", container) == ["b00", "b02"]
    assert found("all='no'", container) == []
    assert found("missing='x'", container) == []
    entry = next(iter(container.find_blobs_by_tags("n='07' AND all='yes'")))
    assert entry.tags == {"n": "07", "all": "yes"}
    assert entry.container_name == container.container_name
    pages = [[b.name for b in page] for page in
             container.find_blobs_by_tags("all='yes'", results_per_page=7).by_page()]
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert sum(pages, []) == [f"b{i:02}" for i in range(30)]


def test_over_the_account(daemon):
    account = service(daemon, "acct2")
    tag = uuid.uuid4().hex
    names = sorted(f"t-{i}-{tag}" for i in range(5))
    for name in names:
        container = account.create_container(name)
        for i in range(3):
            container.get_blob_client(f"b{i}").upload_blob(b"", tags={"t": tag})
    everything = [(name, f"b{i}") for name in names for i in range(3)]
    for per_page in (1, 2, 3, 4, 5000):
        pages = account.find_blobs_by_tags(f"t='{tag}'", results_per_page=per_page).by_page()
        assert [(b.container_name, b.name) for page in pages for b in page] == everything
    one = account.find_blobs_by_tags(f"@container='{names[2]}' AND t='{tag}'")
    assert [(b.container_name, b.name) for b in one] == everything[6:9]
    assert not list(account.find_blobs_by_tags(f"@container='nothere' AND t='{tag}'"))


def test_current_versions_only(daemon):
    container = service(daemon, "versioned").create_container(f"t-{uuid.uuid4()}")
    blob = container.get_blob_client("v")
    blob.upload_blob(b"", tags={"k": "old"})
    blob.upload_blob(b"", overwrite=True, tags={"k": "new"})
    assert found("k='old'", container) == []
    assert found("k='new'", container) == ["v"]
    blob.delete_blob()
    assert found("k='new'", container) == []


@pytest.mark.parametrize("where", [
    "", "x", "x=", "x=1", "x='1", "x<>'1'", "x='1' OR y='2'", "(x='1')", "@container='c'",
    "@container>'c' AND x='1'", "x='1' AND", "x='1' y='2'",
    " AND ".join(f"k{i}='v'" for i in range(11))])
def test_bad_queries(daemon, where):
    answer = daemon.client().request("GET", "con", restype="container", comp="blobs", where=where)
    assert answer.status == 400, where
    assert answer.headers["x-ms-error-code"] == "InvalidQueryParameterValue"


def test_bad_requests(daemon, container):
    client = daemon.client()
    answer = client.request("GET", "con", restype="container", comp="blobs")
    assert answer.headers["x-ms-error-code"] == "MissingRequiredQueryParameter"
    for marker in ("x", "ZmFi", "!", "dHg="):
        answer = client.request("GET", "con", restype="container", comp="blobs", where="x='1'",
                                marker=marker)
        assert (answer.status, answer.headers["x-ms-error-code"]) == (
            400, "InvalidQueryParameterValue"), marker
    with pytest.raises(azure.core.exceptions.ResourceNotFoundError):
        list(service(daemon, "acct2").get_container_client("nothere").find_blobs_by_tags("x='1'"))
