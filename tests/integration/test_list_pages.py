"""Pages of List Blobs are full: 5,000 entries where there are as many, however long their names, and
shorter ones only where an answer would be larger than the server makes them."""
import re
import subprocess

import blobgate_daemon


def put_blobs(daemon, container: str, count: int) -> None:
    """Short blobs, by the load generator: thousands of them in a second."""
    subprocess.run(
        [blobgate_daemon.find_binary(), "bench",
         f"http://127.0.0.1:{daemon.ports[False]}/acct1/{container}", "--account", "acct1", "--sas",
         daemon.account_sas(), "--prepare", "--blobs", str(count), "--size", "1", "--mix", "head=1",
         "--connections", "16", "--seconds", "1"],
        check=True, stdout=subprocess.DEVNULL, timeout=120)


def pages(client, container: str, **query: str) -> list[list[str]]:
    """The names of each page, blobs and prefixes."""
    found, marker = [], ""
    while True:
        more = {"marker": marker} if marker else {}
        body = client.expect(200, "GET", container, restype="container", comp="list", **query,
                             **more).body.decode()
        found.append(re.findall("<Name>([^<]*)", body))
        marker = re.search("<NextMarker>([^<]*)|<NextMarker />", body)[1]
        if not marker:
            return found


def test_a_page_has_five_thousand_entries(daemon):
    client = daemon.client()
    put_blobs(daemon, "fullpages", 5_003)
    first, second = pages(client, "fullpages")
    assert len(first) == 5000 and len(second) == 3
    assert first + second == sorted(first + second) and len(set(first + second)) == 5_003
    assert [len(page) for page in pages(client, "fullpages", maxresults="2000")] == [2000, 2000, 1003]
    # Whatever maxresults says.
    assert [len(page) for page in pages(client, "fullpages", maxresults="9000")] == [5000, 3]
    # With all that can be asked for.
    everything = "metadata,tags,copy,snapshots,versions,uncommittedblobs,deleted"
    assert [len(page) for page in pages(client, "fullpages", include=everything)] == [5000, 3]


def test_pages_of_large_entries_are_shorter_and_lose_none(daemon):
    client = daemon.client()
    client.create_container("largeentries")
    metadata = {f"x-ms-meta-m{i}": "v" * 900 for i in range(8)}
    for i in range(1_300):
        client.expect(201, "PUT", "largeentries", f"{i:04}", body=b"x",
                      headers={"x-ms-blob-type": "BlockBlob"} | metadata)
    found = pages(client, "largeentries", include="metadata")
    assert sum(found, []) == [f"{i:04}" for i in range(1_300)]
    assert 1 < len(found) < 5, [len(page) for page in found]
    assert [len(page) for page in pages(client, "largeentries")] == [1_300]
