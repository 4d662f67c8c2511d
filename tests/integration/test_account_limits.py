"""Rates of an account: what is too much is 503 ServerBusy with Retry-After, and clients come again."""
import concurrent.futures
import time
import xml.etree.ElementTree

import admin
import blob_client
import blobgate_daemon
import pytest

KIB, MIB = 1 << 10, 1 << 20


def limited(**limits) -> blobgate_daemon.Daemon:
    return blobgate_daemon.Daemon({"accounts": [
        {"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]], "limits": limits},
        {"name": "acct2", "keys": [blobgate_daemon.ACCOUNTS["acct2"]]}]})


def client(daemon, account: str = "acct1") -> blob_client.BlobClient:
    return blob_client.BlobClient(daemon.address(), account, blobgate_daemon.ACCOUNTS[account])


def message(answer) -> str:
    root = xml.etree.ElementTree.fromstring(answer.body.lstrip(b"\xef\xbb\xbf"))
    return root.findtext("Message").splitlines()[0]


def refused(answer, why: str) -> int:
    """Seconds after which to come again."""
    assert answer.status == 503
    assert answer.headers["x-ms-error-code"] == "ServerBusy"
    assert message(answer) == why
    return int(answer.headers["Retry-After"])


def test_requests_a_second():
    with limited(requests_per_second=20) as daemon:
        mine, other = client(daemon), client(daemon, "acct2")
        began = time.monotonic()
        answers = [mine.request("GET", comp="list") for _ in range(60)]
        passed = sum(a.status == 200 for a in answers)
        assert 20 <= passed <= 20 + 20 * (time.monotonic() - began) + 1
        busy = next(a for a in answers if a.status != 200)
        wait = refused(busy, "Operations per second is over the account limit.")
        assert wait == 1
        assert other.request("GET", comp="list").status == 200, "another account has its own"
        time.sleep(wait)
        assert mine.request("GET", comp="list").status == 200


def test_who_is_not_let_in_takes_nothing():
    with limited(requests_per_second=1) as daemon:
        stranger = blob_client.BlobClient(daemon.address(), "acct1",
                                          blobgate_daemon.ACCOUNTS["acct2"])
        assert [stranger.request("GET", comp="list").status for _ in range(20)] == [403] * 20
        assert client(daemon).request("GET", comp="list").status == 200


def test_a_large_body_is_taken_and_earned_before_the_next():
    with limited(ingress_bytes_per_second=MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        mine.put_blob("con", "large", bytes(4 * MIB))
        answer = mine.request("PUT", "con", "next", body=b"x",
                              headers={"x-ms-blob-type": "BlockBlob"})
        wait = refused(answer, "Ingress is over the account limit.")
        assert 2 <= wait <= 4
        assert mine.request("GET", "con", "large").body == bytes(4 * MIB), "reads go on"
        time.sleep(wait)
        mine.put_blob("con", "next", b"x")


def test_what_was_sent_counts():
    with limited(egress_bytes_per_second=MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        mine.put_blob("con", "large", bytes(3 * MIB))
        assert len(mine.request("GET", "con", "large").body) == 3 * MIB
        deadline = time.monotonic() + 30
        while (answer := mine.request("GET", "con", "large")).status == 200:
            assert time.monotonic() < deadline
        assert 1 <= refused(answer, "Egress is over the account limit.") <= 3
        mine_again = mine.request("HEAD", "con", "large")
        assert mine_again.status == 503 and "Retry-After" in mine_again.headers


def test_clients_that_wait_get_everything_done():
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    with limited(requests_per_second=30) as daemon:
        service = BlobServiceClient(
            f"http://127.0.0.1:{daemon.ports[False]}/acct1",
            {"account_name": "acct1", "account_key": blobgate_daemon.ACCOUNTS["acct1"]},
            retry_policy=ExponentialRetry(initial_backoff=1, increment_base=1, retry_total=20))
        container = service.create_container("con")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: container.upload_blob(f"b{i}", b"content"), range(120)))
        assert sum(1 for _ in container.list_blobs()) == 120


def test_by_command_and_at_once():
    with blobgate_daemon.Daemon() as daemon:
        made = admin.account_json(daemon, "add", "shop", "--limits-requests-per-second", "5")
        shop = blob_client.BlobClient(daemon.address(), "shop", made["keys"][0])
        statuses = [shop.request("GET", comp="list").status for _ in range(20)]
        assert set(statuses) == {200, 503}
        admin.account(daemon, "set", "shop", "--limits-requests-per-second", "0")
        assert [shop.request("GET", comp="list").status for _ in range(20)] == [200] * 20
        shown = admin.account_json(daemon, "show", "shop")["account"]
        assert shown["limits"]["requests_per_second"] == 0


def test_a_change_of_something_else_gives_no_fresh_start():
    with blobgate_daemon.Daemon() as daemon:
        made = admin.account_json(daemon, "add", "shop", "--limits-ingress-bytes-per-second",
                                  str(KIB))
        shop = blob_client.BlobClient(daemon.address(), "shop", made["keys"][0])
        shop.create_container("con")
        shop.put_blob("con", "b", bytes(64 * KIB))
        admin.account(daemon, "set", "shop", "--versioning")
        answer = shop.request("PUT", "con", "b", body=b"x",
                              headers={"x-ms-blob-type": "BlockBlob"})
        assert refused(answer, "Ingress is over the account limit.") > 30


@pytest.mark.parametrize("value", [-1, 1.5, "10", None, True, 1 << 60])
def test_limits_are_numbers(value, tmp_path):
    daemon = limited(ingress_bytes_per_second=value)
    try:
        with pytest.raises(RuntimeError, match="limits.ingress_bytes_per_second"):
            daemon.start()
    finally:
        daemon.__exit__()
