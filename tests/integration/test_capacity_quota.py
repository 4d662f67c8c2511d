"""What an account may store: counted, refused before the body is read, and free again."""
import concurrent.futures
import contextlib
import http.server
import threading
import time

import admin
import blob_client
import blobgate_daemon
import data_lake
import prometheus_text
import pytest
from test_account_limits import client, limited, message

KIB, MIB = 1 << 10, 1 << 20
NAME = "blobgate_account_capacity_used_bytes"


def used(daemon, account: str = "acct1") -> int | None:
    """None: not counted yet, or no quota."""
    family = prometheus_text.parse(admin.result(daemon, "metrics")["text"])[NAME]
    values = [value for _, labels, value in family.samples if labels == {"account": account}]
    return int(values[0]) if values else None


def wait_for(what, wanted, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while (found := what()) != wanted:
        assert time.monotonic() < deadline, f"{found}, not {wanted}"
        time.sleep(0.1)


def put(mine, name: str, size: int) -> blob_client.Response:
    return mine.request("PUT", "con", name, body=bytes(size),
                        headers={"x-ms-blob-type": "BlockBlob"})


def refused(answer, quota: int) -> None:
    assert answer.status == 507
    assert answer.headers["x-ms-error-code"] == "CapacityQuotaExceeded"
    assert message(answer) == f"The account is at its capacity quota of {quota} bytes."


def test_more_is_refused_and_goes_when_there_is_room_again():
    with limited(capacity_bytes=4 * MIB) as daemon:
        mine, other = client(daemon), client(daemon, "acct2")
        wait_for(lambda: used(daemon), 0)
        mine.create_container("con")
        assert put(mine, "a", 3 * MIB).status == 201
        assert used(daemon) == 3 * MIB
        refused(put(mine, "b", MIB + 1), 4 * MIB)
        assert put(mine, "b", MIB).status == 201, "to the last byte"
        refused(put(mine, "c", 1), 4 * MIB)
        assert put(mine, "c", 0).status == 201, "what has no content needs no room"
        assert used(daemon) == 4 * MIB
        assert mine.get("con", "a") == bytes(3 * MIB), "reads go on"
        other.create_container("con")
        other.put_blob("con", "b", bytes(5 * MIB))
        mine.delete("con", "a")
        deadline = time.monotonic() + 20
        while (answer := put(mine, "d", 3 * MIB)).status != 201:
            refused(answer, 4 * MIB)
            assert time.monotonic() < deadline
            time.sleep(0.1)
        refused(put(mine, "e", 1), 4 * MIB)


def test_the_body_of_what_is_refused_is_not_asked_for():
    with limited(capacity_bytes=MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)
        target = mine.target("con", "b")
        headers = mine.signed_headers("PUT", target, {"x-ms-blob-type": "BlockBlob"}, 2 * MIB)
        head = f"PUT {target} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()
                        if name.lower() not in ("host", "content-length"))
        with daemon.raw() as raw:
            raw.send((head + f"Content-Length: {2 * MIB}\r\n\r\n").encode())
            assert raw.read_response("PUT").status == 507


def test_what_failed_takes_no_room():
    with limited(capacity_bytes=MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)
        wrong = {"x-ms-blob-type": "BlockBlob", "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
        for _ in range(5):
            mine.expect(400, "PUT", "con", "b", body=bytes(MIB), headers=wrong)
            mine.expect(404, "PUT", "none", "b", body=bytes(MIB),
                        headers={"x-ms-blob-type": "BlockBlob"})
        assert used(daemon) == 0
        assert put(mine, "b", MIB).status == 201


def test_many_at_once_do_not_get_more():
    with limited(capacity_bytes=10 * MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)

        def upload(index: int) -> int:
            return put(client(daemon), f"b{index}", MIB).status

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(upload, range(48)))
        assert set(statuses) == {201, 507}
        stored = sum(item.size for item in mine.list_blobs("con"))
        assert stored == statuses.count(201) * MIB <= 10 * MIB
        wait_for(lambda: [put(mine, f"c{i}", MIB).status for i in range(10)].count(507), 10)
        assert sum(item.size for item in mine.list_blobs("con")) == 10 * MIB


def fill(mine) -> int:
    """Content of every kind; how much of it there is, bytes."""
    mine.create_container("con")
    mine.put_blob("con", "small", bytes(10))
    mine.put_blocks("con", "blocks", [bytes([i]) * 3000 for i in range(10)])
    mine.expect(201, "PUT", "con", "blocks", comp="snapshot")
    mine.put_blob("con", "replaced", bytes(5000))
    mine.put_blob("con", "replaced", bytes(4000))
    mine.expect(201, "PUT", "con", "staged", body=bytes(700), comp="block",
                blockid=blob_client.block_id(0))
    mine.expect(201, "PUT", "con", "log", headers={"x-ms-blob-type": "AppendBlob"})
    for size in (100, 2000):
        mine.expect(201, "PUT", "con", "log", body=bytes(size), comp="appendblock")
    mine.expect(201, "PUT", "con", "log", comp="snapshot")
    mine.expect(201, "PUT", "con", "disk", headers={
        "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(MIB)})
    mine.expect(201, "PUT", "con", "disk", body=bytes(1024), comp="page", headers={
        "x-ms-page-write": "update", "x-ms-range": "bytes=4096-5119"})
    mine.expect(202, "PUT", "con", "copy", headers={
        "x-ms-copy-source": f"http://{mine.address[0]}:{mine.address[1]}/acct1/con/blocks"})
    mine.create_container("gone")
    mine.put_blob("gone", "b", bytes(333))
    mine.delete_container("gone")
    return 10 + 30000 + 4000 + 700 + 2100 + 1024 + 30000


def test_what_is_counted():
    with blobgate_daemon.Daemon() as daemon:
        wanted = fill(daemon.client())
        assert used(daemon) is None
        daemon.restart({"accounts": [{"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]],
                                      "limits": {"capacity_bytes": 100 * MIB}}]})
        wait_for(lambda: used(daemon), wanted)


def test_what_is_written_is_added_as_it_is_counted():
    with limited(capacity_bytes=100 * MIB) as daemon:
        mine = client(daemon)
        wait_for(lambda: used(daemon), 0)
        wanted = fill(mine)
        assert used(daemon) == wanted + 5000 + 333, "what was replaced and deleted is still in it"
        daemon.kill()
        daemon.start()
        wait_for(lambda: used(daemon), wanted)


def test_kept_states_count():
    account = {"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]], "versioning": True,
               "container_delete_retention_days": 7, "limits": {"capacity_bytes": 100 * MIB}}
    with blobgate_daemon.Daemon({"accounts": [account]}) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        mine.put_blob("con", "b", bytes(1000))
        mine.put_blob("con", "b", bytes(200))
        for value in "xyz":  # versions with the same content
            mine.expect(200, "PUT", "con", "b", comp="metadata", headers={"x-ms-meta-m": value})
        mine.create_container("gone")
        mine.put_blob("gone", "b", bytes(30))
        mine.delete_container("gone")
        daemon.restart()
        wait_for(lambda: used(daemon), 1230)


def test_copies_need_room():
    with limited(capacity_bytes=10 * MIB) as daemon:
        mine = client(daemon)
        wait_for(lambda: used(daemon), 0)
        mine.create_container("con")
        mine.put_blob("con", "a", bytes(4 * MIB))
        source = {"x-ms-copy-source":
                  f"http://{mine.address[0]}:{mine.address[1]}/acct1/con/a"}
        block = {"comp": "block", "blockid": blob_client.block_id(0)}
        mine.expect(202, "PUT", "con", "b", headers=source)
        assert used(daemon) == 8 * MIB
        part = {**source, "x-ms-source-range": f"bytes={MIB}-{2 * MIB - 1}"}
        mine.expect(201, "PUT", "con", "c", headers=part, **block)
        assert used(daemon) == 9 * MIB, "of a range the range"
        refused(mine.request("PUT", "con", "d", headers=source), 10 * MIB)
        refused(mine.request("PUT", "con", "d", headers={**source, "x-ms-requires-sync": "true"}),
                10 * MIB)
        refused(mine.request("PUT", "con", "d", headers=source, **block), 10 * MIB)
        refused(mine.request("PUT", "con", "d", headers={**source, "x-ms-blob-type": "BlockBlob"}),
                10 * MIB)
        mine.expect(201, "PUT", "con", "e", headers={"x-ms-blob-type": "AppendBlob"})
        refused(mine.request("PUT", "con", "e", headers=source, comp="appendblock"), 10 * MIB)
        assert not mine.exists("con", "d")


def test_data_lake():
    account = {"name": "tree", "keys": [blobgate_daemon.ACCOUNTS["tree"]], "hierarchical": True,
               "limits": {"capacity_bytes": 3 * MIB}}
    with data_lake.resolved_names(), blobgate_daemon.Daemon({"accounts": [account]}) as daemon:
        service = data_lake.service(daemon)
        wait_for(lambda: used(daemon, "tree"), 0)
        files = service.create_file_system("files")
        files.create_directory("d").create_file("f").upload_data(bytes(2 * MIB), overwrite=True)
        assert used(daemon, "tree") == 2 * MIB
        with pytest.raises(Exception) as error:
            files.get_file_client("d/g").create_file()
            files.get_file_client("d/g").append_data(bytes(2 * MIB), 0)
        assert error.value.status_code == 507
        assert "capacity quota" in error.value.message
        daemon.restart()
        wait_for(lambda: used(daemon, "tree"), 2 * MIB)


def test_by_command_and_at_once():
    with blobgate_daemon.Daemon() as daemon:
        made = admin.account_json(daemon, "add", "shop")
        shop = blob_client.BlobClient(daemon.address(), "shop", made["keys"][0])
        shop.create_container("con")
        assert put(shop, "a", MIB).status == 201
        admin.account(daemon, "set", "shop", "--limits-capacity-bytes", str(MIB + 5))
        wait_for(lambda: used(daemon, "shop"), MIB)
        refused(put(shop, "b", 6), MIB + 5)
        admin.account(daemon, "set", "shop", "--limits-capacity-bytes", str(2 * MIB))
        assert put(shop, "b", 6).status == 201
        admin.account(daemon, "set", "shop", "--versioning")
        assert used(daemon, "shop") == MIB + 6, "a change of something else counts nothing anew"
        admin.account(daemon, "set", "shop", "--limits-capacity-bytes", "0")
        wait_for(lambda: used(daemon, "shop"), None)
        assert put(shop, "c", 3 * MIB).status == 201


class Source(http.server.BaseHTTPRequestHandler):
    """A megabyte, but for its head and some bytes only when `released` is set."""
    protocol_version = "HTTP/1.1"
    released: threading.Event

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(MIB))
        self.send_header("ETag", '"0x1"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("x-ms-blob-type", self.path.strip("/"))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(bytes(1024))
        self.released.wait(60)
        self.wfile.write(bytes(MIB - 1024))

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def source():
    """The port, and what lets the bodies go."""
    handler = type("Slow", (Source,), {"released": threading.Event()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, handler.released
    finally:
        handler.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def copy_status(mine, name: str) -> str:
    return mine.head("con", name).headers["x-ms-copy-status"]


@pytest.mark.parametrize("kind", ["BlockBlob", "PageBlob"])
def test_a_copy_from_outside_has_its_room_until_it_ends(kind):
    """Whatever is counted while it runs, and over a restart."""
    account = {"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]],
               "limits": {"capacity_bytes": MIB + 10}}
    with source() as (port, released), blobgate_daemon.Daemon({
            "accounts": [account], "copy_sources": {"allowed_hosts": ["127.0.0.1"]}}) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)
        headers = {"x-ms-copy-source": f"http://127.0.0.1:{port}/{kind}"}
        mine.expect(202, "PUT", "con", "a", headers=headers)
        for _ in range(3):  # each refusal makes a count due
            refused(mine.request("PUT", "con", "b", headers=headers), MIB + 10)
            time.sleep(2.5)
        assert used(daemon) == MIB
        daemon.restart()
        wait_for(lambda: used(daemon), MIB)
        refused(put(mine := client(daemon), "b", 11), MIB + 10)
        assert copy_status(mine, "a") == "pending"
        released.set()
        wait_for(lambda: copy_status(mine, "a"), "success")
        assert used(daemon) == MIB
        refused(put(mine, "b", 11), MIB + 10)


def test_a_full_account_copies_no_page_blob():
    with limited(capacity_bytes=4096) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)
        mine.expect(201, "PUT", "con", "disk", headers={
            "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(MIB)})
        mine.expect(201, "PUT", "con", "disk", body=bytes(4096), comp="page", headers={
            "x-ms-page-write": "update", "x-ms-range": "bytes=0-4095"})
        url = f"http://{mine.address[0]}:{mine.address[1]}/acct1/con/disk"
        refused(mine.request("PUT", "con", "copy", headers={"x-ms-copy-source": url}), 4096)
        snapshot = mine.expect(201, "PUT", "con", "disk", comp="snapshot").headers["x-ms-snapshot"]
        refused(mine.request("PUT", "con", "more", comp="incrementalcopy", headers={
            "x-ms-copy-source": f"{url}?snapshot={snapshot}"}), 4096)


def test_who_writes_the_same_again_and_again_is_not_refused():
    with limited(capacity_bytes=10 * MIB) as daemon:
        mine = client(daemon)
        mine.create_container("con")
        wait_for(lambda: used(daemon), 0)
        for _ in range(12):
            assert put(mine, "a", 2 * MIB).status == 201
            if used(daemon) >= 6 * MIB:
                wait_for(lambda: used(daemon) <= 2 * MIB, True)


def test_an_append_whose_flush_fails_takes_its_room():
    account = {"name": "tree", "keys": [blobgate_daemon.ACCOUNTS["tree"]], "hierarchical": True,
               "limits": {"capacity_bytes": 100}}
    with data_lake.resolved_names(), blobgate_daemon.Daemon({"accounts": [account]}) as daemon:
        service = data_lake.service(daemon)
        wait_for(lambda: used(daemon, "tree"), 0)
        file = service.create_file_system("files").get_file_client("f")
        file.create_file()
        with pytest.raises(Exception) as error:
            file.append_data(bytes(60), 1000, flush=True)
        assert error.value.status_code == 400
        assert used(daemon, "tree") == 60
        with pytest.raises(Exception) as error:
            file.append_data(bytes(60), 0)
        assert error.value.status_code == 507
