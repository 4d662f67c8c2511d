"""Encryption at rest by account: everything that is written to it without a customer's key or a
scope, under a key that a master key wraps. Nothing of it is in answers; nothing that was written
is on the disk.
"""
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
import uuid

import admin
import blobgate_daemon
import change_feed
import data_lake
import fsck
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, CustomerProvidedEncryptionKey
from reloadable import Reloadable

KEYS = blobgate_daemon.ACCOUNTS
SECRET = b"what no disk may hold, in the clear: " + os.urandom(16)
METADATA = {"whose": "a value that no disk may hold " + uuid.uuid4().hex}
CUSTOMERS = CustomerProvidedEncryptionKey(
    base64.b64encode(b"\1" * 32).decode(),
    base64.b64encode(hashlib.sha256(b"\1" * 32).digest()).decode())
ON = {"enabled": True}


def new_key_file(path):
    path.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    path.chmod(0o600)
    return str(path)


def on_disk(folder, *texts):
    """Those of `texts` that a file below the folder holds."""
    stored = [p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "BALLAST"]
    return [text for text in texts if any(text in one for one in stored)]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("master")
    accounts = [{"name": "acct1", "keys": [KEYS["acct1"]], "encryption": ON},
                {"name": "kept", "keys": [KEYS["kept"]], "encryption": ON},
                {"name": "acct2", "keys": [KEYS["acct2"]]},
                {"name": "tree", "keys": [KEYS["tree"]], "hierarchical": True, "encryption": ON},
                {"name": "versioned", "keys": [KEYS["versioned"]], "versioning": True,
                 "change_feed": {"enabled": True}, "encryption": ON}]
    config = {"accounts": accounts, "engine": {"segment_bytes": 16 << 20},
              "background": {"change_feed_interval": 1},
              "master_keys": [{"name": "the-key", "key_file": new_key_file(folder / "key")}]}
    with blobgate_daemon.Daemon(config) as running:
        yield running
        assert running.stop() == 0, running.log_tail()
        assert fsck.run(running.data_directory)[0] == fsck.CLEAN
        assert on_disk(running.data_directory, SECRET, METADATA["whose"].encode()) == []


def service(daemon, account="acct1"):
    return BlobServiceClient(f"https://127.0.0.1:{daemon.ports[True]}/{account}",
                             credential={"account_name": account, "account_key": KEYS[account]},
                             retry_total=0, connection_verify=str(daemon.ca_file),
                             max_single_put_size=1 << 20, max_block_size=1 << 20)


def new_box(daemon, account="acct1"):
    return service(daemon, account).create_container(f"e-{uuid.uuid4()}")


@pytest.fixture
def box(daemon):
    return new_box(daemon)


def pattern(size):
    return (SECRET * (size // len(SECRET) + 1))[:size]


def read(blob, **named):
    return blob.download_blob(**named).readall()


@contextlib.contextmanager
def refusal(code):
    with pytest.raises(HttpResponseError) as caught:
        yield
    assert caught.value.error_code == code


def test_nothing_of_it_shows(daemon, box):
    blob = box.get_blob_client("b")
    assert blob.upload_blob(SECRET, metadata=METADATA)["request_server_encrypted"]
    client = daemon.client()
    for method in ("GET", "HEAD"):
        answer = client.request(method, box.container_name, "b")
        assert answer.headers["x-ms-server-encrypted"] == "true"
        assert answer.metadata == METADATA
        assert not [name for name in answer.headers if name.lower().startswith("x-ms-encryption")]
    listed = client.expect(200, "GET", box.container_name, restype="container", comp="list",
                           include="metadata").body.decode()
    assert "<ServerEncrypted>true</ServerEncrypted>" in listed and METADATA["whose"] in listed
    assert "EncryptionScope" not in listed and "Encrypted=" not in listed
    assert "CustomerProvidedKeySha256" not in listed
    shown = box.get_container_properties().encryption_scope
    assert shown.default_encryption_scope == "$account-encryption-key"
    # A key that a client sends fits no more than it would a blob without encryption.
    with refusal("BlobDoesNotUseCustomerSpecifiedEncryption"):
        blob.download_blob(cpk=CUSTOMERS)
    blob.set_blob_metadata(METADATA | {"more": METADATA["whose"]}, encryption_scope=None)
    assert blob.get_blob_properties().metadata["more"] == METADATA["whose"]
    blob.upload_blob(SECRET, overwrite=True, cpk=CUSTOMERS)
    assert read(blob, cpk=CUSTOMERS) == SECRET
    client.expect(201, "PUT", box.container_name, "named", body=SECRET, headers={
        "x-ms-blob-type": "BlockBlob", "x-ms-encryption-scope": "$account-encryption-key"})
    client.expect(200, "PUT", box.container_name, "named", comp="metadata", headers={
        "x-ms-meta-a": METADATA["whose"], "x-ms-encryption-scope": "$account-encryption-key"})
    assert client.get(box.container_name, "named") == SECRET


def test_blocks_and_ranges(box):
    blob = box.get_blob_client("r")
    parts = [os.urandom(1) + pattern(size) for size in (1, 700_000, 65_536, 31)]
    for i, part in enumerate(parts):
        blob.stage_block(f"{i:02}", part)
    whole = b"".join(parts[i] for i in (3, 1, 0, 2, 1))
    blob.commit_block_list([f"{i:02}" for i in (3, 1, 0, 2, 1)], metadata=METADATA)
    assert read(blob) == whole
    for start, size in ((0, 1), (30, 5), (32, 700_000), (len(whole) - 1, 1), (262_143, 262_146)):
        assert read(blob, offset=start, length=size) == whole[start:start + size]
    blob.stage_block("09", SECRET)
    blob.commit_block_list(["03", "09"])
    assert read(blob) == parts[3] + SECRET
    blob.upload_blob(pattern(5_000_000), overwrite=True)
    assert read(blob) == pattern(5_000_000)


def test_append_and_page_blobs(daemon, box):
    append = box.get_blob_client("a")
    append.create_append_blob(metadata=METADATA)
    for size in (100, 300_000, 1):
        append.append_block(pattern(size))
    snapshot = box.get_blob_client("a", snapshot=append.create_snapshot()["snapshot"])
    append.append_block(SECRET)
    whole = pattern(100) + pattern(300_000) + pattern(1)
    assert read(append) == whole + SECRET and read(snapshot) == whole
    page = box.get_blob_client("p")
    size = 5 * 1024 * 1024
    page.create_page_blob(size)
    expected = bytearray(size)
    for i, offset in enumerate([0, 4 * 1024 * 1024 - 1024] + [512 * (j * 37 % 200)
                                                              for j in range(80)]):
        data = bytes([i]) * 8 + pattern(2040)
        page.upload_page(data, offset, 2048)
        expected[offset:offset + 2048] = data
    frozen = box.get_blob_client("p", snapshot=page.create_snapshot(METADATA)["snapshot"])
    page.clear_page(0, 1024)
    assert read(frozen) == bytes(expected) and frozen.get_blob_properties().metadata == METADATA
    expected[:1024] = bytes(1024)
    assert read(page) == bytes(expected)
    assert read(page, offset=1000, length=3000) == expected[1000:4000]


def test_an_incremental_copy(daemon, box):
    client = daemon.client()
    source = box.get_blob_client("source")
    source.create_page_blob(8192, metadata=METADATA)
    copies = box.get_blob_client("copies")
    for text in (b"1", b"2"):
        source.upload_page(text + pattern(511), 1024 * int(text), 512)
        taken = source.create_snapshot()["snapshot"]
        client.expect(202, "PUT", box.container_name, "copies", comp="incrementalcopy", headers={
            "x-ms-copy-source": f"{source.url}?snapshot={taken}"})
        shown = copies.get_blob_properties()
        last = box.get_blob_client("copies", snapshot=shown.copy.destination_snapshot)
        assert read(last) == read(source) and last.get_blob_properties().metadata == METADATA
    # Pages are shared, so the source must be of the same account.
    source = new_box(daemon, "kept").get_blob_client("source")
    source.create_page_blob(512)
    taken = source.create_snapshot()["snapshot"]
    sas = daemon.account_sas("kept")
    answer = client.request("PUT", box.container_name, "other", comp="incrementalcopy", headers={
        "x-ms-copy-source": f"{source.url}?snapshot={taken}&{sas}"})
    assert (answer.status, answer.error_code) == (409, "BlobOperationNotSupported")


def make(box, name, kind, content):
    blob = box.get_blob_client(name)
    if kind == "block":
        blob.upload_blob(content, metadata=METADATA)
    elif kind == "append":
        blob.create_append_blob(metadata=METADATA)
        blob.append_block(content)
    else:
        blob.create_page_blob(len(content), metadata=METADATA)
        blob.upload_page(content, 0, len(content))
    return blob


@pytest.mark.parametrize("kind", ["block", "append", "page"])
@pytest.mark.parametrize("source, target", [("acct1", "acct1"), ("acct1", "kept"),
                                            ("kept", "acct1"), ("tree", "acct1")])
def test_copies(daemon, source, target, kind):
    if source == "tree" and kind == "page":
        pytest.skip("there are no page blobs in hierarchical accounts")
    content = pattern(4096)
    of = make(new_box(daemon, source), "s", kind, content)
    url = f"{of.url}?{daemon.account_sas(source)}"
    box, client = new_box(daemon, target), daemon.client(target)
    whole = box.get_blob_client("whole")
    whole.start_copy_from_url(url)
    assert read(whole) == content and whole.get_blob_properties().metadata == METADATA
    now = box.get_blob_client("now")
    if kind == "block":
        now.start_copy_from_url(url, requires_sync=True)
        assert read(now) == content
        now.upload_blob_from_url(url, overwrite=True)
        assert read(now) == content
    block = box.get_blob_client("block")
    block.stage_block_from_url("00", url, source_offset=50, source_length=2000)
    block.stage_block("01", SECRET)
    block.commit_block_list(["00", "01"])
    assert read(block) == content[50:2050] + SECRET
    append = box.get_blob_client("append")
    append.create_append_blob()
    append.append_block_from_url(url, source_offset=50, source_length=2000)
    assert read(append) == content[50:2050]
    page = box.get_blob_client("page")
    page.create_page_blob(8192)
    page.upload_pages_from_url(url, 4096, 1536, source_offset=512)
    assert read(page)[4096:5632] == content[512:2048]


def test_copies_in_an_account_share_their_bytes(daemon, box):
    content = os.urandom(3 << 20)
    blob = make(box, "s", "block", content)
    stats = lambda: admin.result(daemon, "stats")["live_bytes"]
    before = stats()
    for i in range(4):
        box.get_blob_client(f"copy{i}").start_copy_from_url(blob.url)
        box.get_blob_client(f"part{i}").stage_block_from_url("00", blob.url)
        box.get_blob_client(f"part{i}").commit_block_list(["00"])
        blob.create_snapshot()
        assert read(box.get_blob_client(f"copy{i}")) == content
        assert read(box.get_blob_client(f"part{i}")) == content
    assert stats() - before < 1 << 20


def test_copies_to_and_from_plain_accounts(daemon, box):
    plain = new_box(daemon, "acct2")
    open_text = os.urandom(2048)
    for kind in ("block", "append", "page"):
        sas = daemon.account_sas("acct1")
        of = make(box, kind, kind, open_text)
        there = plain.get_blob_client(kind)
        there.start_copy_from_url(f"{of.url}?{sas}", metadata={"a": "b"})
        assert read(there) == open_text
        back = box.get_blob_client(f"{kind}-back")
        back.start_copy_from_url(f"{there.url}?{daemon.account_sas('acct2')}")
        assert read(back) == open_text


def test_files(daemon):
    with data_lake.resolved_names():
        system = data_lake.service(daemon).create_file_system(f"f-{uuid.uuid4()}")
        file = system.get_file_client("a/b")
        file.create_file(metadata=METADATA)
        for i in range(3):
            file.append_data(pattern(100_000), i * 100_000)
        file.flush_data(300_000)
        assert file.download_file().readall() == pattern(100_000) * 3
        file.append_data(SECRET, 300_000)
        file.flush_data(300_000 + len(SECRET))
        moved = file.rename_file(f"{system.file_system_name}/c")
        assert moved.download_file().readall() == pattern(100_000) * 3 + SECRET
        assert moved.get_file_properties().metadata == METADATA
        moved.upload_data(SECRET, overwrite=True)
        assert moved.download_file().readall() == SECRET
        # A flat container: files are blobs, and a rename shares their bytes.
        flat = data_lake.service(daemon, "acct1").create_file_system(f"f-{uuid.uuid4()}")
        file = flat.get_file_client("d/e")
        file.upload_data(pattern(10_000), overwrite=True, metadata=METADATA)
        moved = file.rename_file(f"{flat.file_system_name}/d/f")
        assert moved.download_file().readall() == pattern(10_000)
        assert moved.get_file_properties().metadata == METADATA


def test_versions_and_change_feed(daemon):
    box = new_box(daemon, "versioned")
    blob = box.get_blob_client("v")
    first = blob.upload_blob(SECRET, metadata=METADATA)["version_id"]
    blob.upload_blob(pattern(1000), overwrite=True)
    assert read(blob, version_id=first) == SECRET
    assert blob.get_blob_properties(version_id=first).metadata == METADATA
    client = daemon.client("versioned")
    subject = f"/blobServices/default/containers/{box.container_name}/blobs/v"
    found = change_feed.wait_for(
        lambda: [e for e in change_feed.events(client) if e["subject"] == subject][1:],
        "two events")
    assert found[0]["data"]["contentLength"] == 1000


def test_query_and_website(daemon, box):
    rows = box.get_blob_client("rows.csv")
    rows.upload_blob(b"a,b\n1," + SECRET.hex().encode() + b"\n")
    assert rows.query_blob("SELECT _2 FROM BlobStorage").readall().strip().endswith(
        SECRET.hex().encode())
    client = daemon.client()
    client.expect(202, "PUT", restype="service", comp="properties", body=(
        b"<StorageServiceProperties><StaticWebsite><Enabled>true</Enabled>"
        b"<IndexDocument>index.html</IndexDocument></StaticWebsite></StorageServiceProperties>"))
    client.put_blob("$web", "index.html", SECRET)
    answer = client.send("GET", "/", {"Host": "acct1.z7.web.core.windows.net"})
    assert (answer.status, answer.body) == (200, SECRET)


def test_after_a_restart_and_a_crash(daemon, box):
    blobs = [make(box, kind, kind, pattern(1024)) for kind in ("block", "append", "page")]
    box.get_blob_client("staged").stage_block("00", SECRET)
    daemon.restart()
    daemon.kill()
    daemon.start()
    for blob in blobs:
        assert read(blob) == pattern(1024) and blob.get_blob_properties().metadata == METADATA
    box.get_blob_client("staged").commit_block_list(["00"])
    assert read(box.get_blob_client("staged")) == SECRET


# Accounts by command, switched on and off.

@pytest.fixture
def own(tmp_path):
    """With a master key; for tests that change it."""
    config = {"access_log": "off",
              "master_keys": [{"name": "one", "key_file": new_key_file(tmp_path / "one")}]}
    with blobgate_daemon.Daemon(config) as running:
        yield running


def added(daemon, name, *options):
    key = admin.account_json(daemon, "add", name, *options)["keys"][0]
    return BlobServiceClient(f"http://127.0.0.1:{daemon.ports[False]}/{name}",
                             credential={"account_name": name, "account_key": key}, retry_total=0)


def switch(daemon, name, on):
    admin.account(daemon, "set", name, f"--encryption-enabled={'true' if on else 'false'}")


def test_switched_on_and_off(own):
    hidden = {"whose": "a value of an encrypted account " + uuid.uuid4().hex}
    box = added(own, "shop").create_container("con")
    plain = [make(box, f"plain-{kind}", kind, pattern(512)) for kind in ("block", "append", "page")]
    half = box.get_blob_client("half")
    half.stage_block("00", b"staged before")
    mixed = box.get_blob_client("mixed")
    mixed.stage_block("00", b"committed before ")
    mixed.commit_block_list(["00"], metadata={"a": "b"})
    assert on_disk(own.data_directory, SECRET)
    switch(own, "shop", True)
    shown = admin.result(own, "account-show", name="shop")["account"]
    assert shown["encryption"] == {"enabled": True, "master_key": ""}
    assert shown["encryption_key"] == {"master_key": "one", "available": True}
    for blob in plain:
        assert read(blob) == pattern(512)
    # What is written on stays plain, until the blob is made anew.
    plain[1].append_block(pattern(512))
    plain[2].upload_page(pattern(512), 0, 512)
    assert read(plain[1]) == pattern(512) * 2 and read(plain[2]) == pattern(512)
    half.stage_block("01", b", and after")
    half.commit_block_list(["00", "01"], metadata=hidden)
    assert read(half) == b"staged before, and after"
    fresh = b"a fresh block that no disk may hold" + os.urandom(8)
    mixed.stage_block("01", fresh)
    mixed.commit_block_list(["00", "01", "00"], metadata=hidden)
    whole = b"committed before " + fresh + b"committed before "
    assert read(mixed) == whole
    for start in range(len(whole)):
        assert read(mixed, offset=start, length=20) == whole[start:start + 20]
    for name, source in (("copied", mixed), ("copied-plain", plain[0])):
        copy = box.get_blob_client(name)
        copy.start_copy_from_url(source.url)
        assert read(copy) == read(source)
    part = box.get_blob_client("part")
    part.stage_block_from_url("00", mixed.url, source_offset=5, source_length=40)
    part.commit_block_list(["00"])
    assert read(part) == whole[5:45]
    append = box.get_blob_client("append")
    append.create_append_blob()
    append.append_block_from_url(mixed.url)
    append.append_block(fresh)
    assert read(append) == whole + fresh
    own.restart()
    assert on_disk(own.data_directory, fresh, hidden["whose"].encode()) == []
    assert read(mixed) == whole and read(half) == b"staged before, and after"
    assert mixed.get_blob_properties().metadata == hidden

    switch(own, "shop", False)
    assert read(mixed) == whole and read(append) == whole + fresh
    append.append_block(fresh)  # still under the key
    late = os.urandom(20)
    mixed.stage_block("02", late)
    mixed.commit_block_list(["00", "01", "02"], metadata=hidden)
    assert read(mixed) == b"committed before " + fresh + late
    assert mixed.get_blob_properties().metadata == hidden
    assert on_disk(own.data_directory, fresh, hidden["whose"].encode()) == []
    mixed.upload_blob(fresh, overwrite=True)
    own.restart()
    assert read(mixed) == fresh and read(append) == whole + fresh * 2
    assert on_disk(own.data_directory, fresh)
    assert own.stop() == 0
    assert fsck.run(own.data_directory)[0] == fsck.CLEAN


def test_switching_while_blocks_are_staged(own):
    """Whatever the moment of a block, what is committed is what was staged."""
    box = added(own, "busy", "--encryption-enabled").create_container("con")
    done = threading.Event()

    def upload(writer):
        for i in range(15):
            blob = box.get_blob_client(f"{writer}-{i % 2}")
            parts = [os.urandom(5000) for _ in range(4)]
            ids = [f"{writer}{i:03}{j}" for j in range(4)]
            for name, part in zip(ids, parts):
                blob.stage_block(name, part)
            blob.commit_block_list(ids)
            assert read(blob) == b"".join(parts)

    def flip():
        on = True
        while not done.is_set():
            on = not on
            switch(own, "busy", on)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        flipping = pool.submit(flip)
        try:
            for task in [pool.submit(upload, w) for w in range(4)]:
                task.result()
        finally:
            done.set()
        flipping.result()


def test_commands_are_refused_as_a_whole(own):
    assert "there is no" in admin.refusal(own, "account-add", name="shop", options={
        "encryption": {"enabled": True, "master_key": "two"}})["message"]
    added(own, "shop")
    for option in ({"command": ["/bin/true"]}, {"key_file": "/x"}):
        admin.refusal(own, "account-set", name="shop", options={"encryption": option})
    admin.refusal(own, "account-set", name="shop", options={"master_keys": []})
    assert "has no encryption key" in admin.refusal(own, "account-rewrap-key",
                                                    name="shop")["message"]
    assert admin.result(own, "account-rewrap-key", all=True) == {"accounts": []}
    for bad in ({}, {"name": "shop", "all": True}, {"name": 1}, {"all": "yes"}, {"nam": "x"}):
        admin.refusal(own, "account-rewrap-key", **bad)


def test_a_snapshot_has_the_keys(own, tmp_path):
    blob = added(own, "shop", "--encryption-enabled").create_container("con").get_blob_client("b")
    blob.upload_blob(SECRET)
    target = tmp_path / "copy"
    admin.result(own, "snapshot", target=str(target))
    assert own.stop() == 0
    assert on_disk(target, SECRET) == []
    shutil.rmtree(own.data_directory)
    shutil.copytree(target, own.data_directory)
    own.start()
    assert read(blob) == SECRET


# Master keys.

VAULT = """#!/bin/sh
# A vault of tests: wraps with what the file `secret` beside it says, if there is one.
folder=$(dirname "$0")
echo "$1 $BLOBGATE_ACCOUNT" >> "$folder/calls"
[ -e "$folder/hang" ] && sleep 1000
[ -e "$folder/rubbish" ] && { echo rubbish; exit 0; }
[ -e "$folder/long" ] && { yes; exit 0; }
[ -e "$folder/down" ] && { echo "the vault is sealed" >&2; exit 1; }
case $1 in
wrap) openssl enc -aes-256-cbc -a -A -pbkdf2 -pass "file:$folder/secret" && echo ;;
unwrap) openssl enc -d -aes-256-cbc -a -A -pbkdf2 -pass "file:$folder/secret" ;;
esac
"""


@pytest.fixture
def vault(tmp_path):
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "secret").write_text(uuid.uuid4().hex)
    (folder / "vault").write_text(VAULT)
    (folder / "vault").chmod(0o700)
    return folder


def vault_key(vault, name="vault"):
    return {"name": name, "command": [str(vault / "vault")], "command_timeout": 2}


@pytest.fixture
def served(tmp_path, vault):
    """acct1 under a key file, acct2 under the vault, kept under neither."""
    (tmp_path / "daemon").mkdir()
    running = Reloadable(tmp_path / "daemon")
    running.daemon._overrides |= {
        "accounts": [{"name": "acct1", "keys": [KEYS["acct1"]], "encryption": ON},
                     {"name": "acct2", "keys": [KEYS["acct2"]],
                      "encryption": {"enabled": True, "master_key": "vault"}},
                     {"name": "kept", "keys": [KEYS["kept"]]}],
        "master_keys": [{"name": "file", "key_file": new_key_file(tmp_path / "file")},
                        vault_key(vault)]}
    with running:
        for account in ("acct1", "acct2", "kept"):
            client = running.client(account)
            client.create_container("con")
            client.put_blob("con", "b", SECRET, {"x-ms-meta-whose": METADATA["whose"]})
        yield running


def restart(served):
    served.daemon.restart(served.config)
    served.notifications.wait_for("READY")


def statuses(served, account):
    """Of reading and of writing."""
    client = served.client(account)
    got = client.request("GET", "con", "b")
    assert got.status != 200 or got.body == SECRET
    put = client.request("PUT", "con", "new", body=SECRET,
                         headers={"x-ms-blob-type": "BlockBlob"})
    return got.status, put.status


def unavailable(served):
    page = admin.result(served.daemon, "metrics")["text"]
    [line] = [line for line in page.splitlines()
              if line.startswith("blobgate_encryption_keys_unavailable ")]
    return float(line.split()[1])


GOOD = (200, 201)
GONE = (500, 500)


def test_a_wrong_master_key(served, tmp_path):
    right = (tmp_path / "file").read_text()
    new_key_file(tmp_path / "file")
    restart(served)
    assert statuses(served, "acct1") == GONE
    assert statuses(served, "acct2") == GOOD and statuses(served, "kept") == GOOD
    assert unavailable(served) == 1
    log = served.log()
    assert ('account acct1: its encryption key is not available: master key "file": it was not '
            'wrapped with this master key') in log
    assert "the encryption key of account acct1 is not available" in log
    answer = served.client("acct1").request("GET", "con", "b")
    assert answer.error_code == "InternalError" and b"master" not in answer.body
    # Names, sizes and properties can be listed; deleting needs no key.
    listed = served.client("acct1").request("GET", "con", restype="container", comp="list")
    assert listed.status == 200 and b"<Name>b</Name>" in listed.body
    assert served.client("acct1").request("DELETE", "con", "new").status in (202, 404)
    (tmp_path / "file").write_text(right)
    served.apply()
    assert statuses(served, "acct1") == GOOD and unavailable(served) == 0
    assert "account acct1: its encryption key is available" in served.log()


def test_a_missing_master_key_file_stops_the_start_and_no_reload(served, tmp_path):
    (tmp_path / "file").rename(tmp_path / "away")
    assert "not reloaded" in served.reload()
    assert statuses(served, "acct1") == GOOD
    served.daemon.stop()
    with pytest.raises(RuntimeError, match="file: No such file"):
        served.daemon.start()
    (tmp_path / "away").rename(tmp_path / "file")
    (tmp_path / "file").chmod(0o644)
    with pytest.raises(RuntimeError, match="others may read it"):
        served.daemon.start()
    (tmp_path / "file").chmod(0o600)
    served.daemon.start()
    assert statuses(served, "acct1") == GOOD


@pytest.mark.parametrize("trouble, said", [
    ("down", "ended with code 1 (the vault is sealed)"), ("hang", "takes too long"),
    ("rubbish", "must answer a line with base64 of 32 bytes"), ("long", "writes too much")])
def test_a_vault_in_trouble(served, vault, trouble, said):
    (vault / trouble).touch()
    # Not while the daemon runs: it has the keys, also after a reload.
    served.apply()
    assert statuses(served, "acct2") == GOOD
    # A new account would need it, and is refused.
    before = served.config["accounts"]
    served.config["accounts"] = [*before, {"name": "fresh", "keys": [KEYS["kept"]], "encryption": {
        "enabled": True, "master_key": "vault"}}]
    served.path.write_text(json.dumps(served.config))
    assert "not reloaded" in served.reload()
    assert served.status("fresh", KEYS["kept"]) != 200
    served.config["accounts"] = before
    restart(served)
    assert statuses(served, "acct2") == GONE
    assert statuses(served, "acct1") == GOOD and statuses(served, "kept") == GOOD
    assert said in served.log() and unavailable(served) == 1
    (vault / trouble).unlink()
    if trouble == "down":  # by itself
        deadline = time.monotonic() + 60
        while unavailable(served) and time.monotonic() < deadline:
            time.sleep(0.1)
    else:
        served.apply()
    assert statuses(served, "acct2") == GOOD and unavailable(served) == 0


def test_a_new_account_at_a_start_without_its_vault(served, vault):
    (vault / "down").touch()
    served.config["accounts"][2]["encryption"] = {"enabled": True, "master_key": "vault"}
    restart(served)
    # What was plain is read; nothing is written in the clear.
    assert statuses(served, "kept") == (200, 500)
    assert unavailable(served) == 2
    (vault / "down").unlink()
    served.apply()
    assert statuses(served, "kept") == GOOD


def test_rewrapping_while_it_serves(served, tmp_path, vault):
    key_file = served.daemon.data_directory / "encryption_keys.json"
    stop = threading.Event()

    def use(account, name):
        client = served.client(account)
        count = 0
        while not stop.is_set():
            count += 1
            content = SECRET + str(count).encode()
            client.put_blob("con", name, content)
            assert client.get("con", name) == content
        return count

    with concurrent.futures.ThreadPoolExecutor() as pool:
        users = [pool.submit(use, account, name)
                 for account, name in (("acct1", "one"), ("acct2", "two"), ("acct1", "three"))]
        try:
            # Both ways: from the file to the vault, and from the vault to a new file.
            served.config["master_keys"].insert(
                0, {"name": "file2", "key_file": new_key_file(tmp_path / "file2")})
            served.config["accounts"][0]["encryption"]["master_key"] = "vault"
            served.config["accounts"][1]["encryption"]["master_key"] = ""
            served.apply()
            wrapped = json.loads(key_file.read_text())["keys"]
            text = admin.account(served.daemon, "rewrap-key", "acct1").stdout
            assert text == "acct1: wrapped by vault, before by file\n"
            rest = admin.result(served.daemon, "account-rewrap-key", all=True)["accounts"]
            assert [(a["name"], a["before"], a["master_key"]) for a in rest] == [
                ("acct1", "vault", "vault"), ("acct2", "vault", "file2")]
        finally:
            stop.set()
        assert all(user.result() > 0 for user in users)
    now = json.loads(key_file.read_text())["keys"]
    for before, after in zip(wrapped, now):
        assert before["wrapped"] != after["wrapped"] and before["sha256"] == after["sha256"]
    served.config["master_keys"] = [k for k in served.config["master_keys"] if k["name"] != "file"]
    served.apply()
    assert "is configured no more" not in served.log()
    restart(served)
    assert statuses(served, "acct1") == GOOD and statuses(served, "acct2") == GOOD
    calls = (vault / "calls").read_text().split("\n")
    assert "wrap acct1" in calls and "unwrap acct1" in calls


def test_a_lost_master_key_while_it_serves(served, tmp_path):
    """The daemon has the keys of the data, and wraps them by another."""
    (tmp_path / "file").unlink()
    served.config["master_keys"][0] = {"name": "file2",
                                       "key_file": new_key_file(tmp_path / "file2")}
    served.apply()
    assert 'account acct1: master key "file", which wraps its encryption key, is configured no ' \
        'more' in served.log()
    assert statuses(served, "acct1") == GOOD
    admin.account(served.daemon, "rewrap-key", "--all")
    restart(served)
    assert statuses(served, "acct1") == GOOD


def test_a_vault_that_cannot_unwrap_gets_no_key(served, vault):
    (vault / "secret").rename(vault / "away")
    assert "ended with code 1" in admin.refusal(served.daemon, "account-rewrap-key",
                                                name="acct2")["message"]
    (vault / "away").rename(vault / "secret")
    restart(served)
    assert statuses(served, "acct2") == GOOD


def test_a_damaged_key_file_stops_the_start(served):
    served.daemon.stop()
    path = served.daemon.data_directory / "encryption_keys.json"
    good = path.read_text()
    for text in ("", "{", '{"keys": [1]}', good.replace('"sha256"', '"sha512"')):
        path.write_text(text)
        with pytest.raises(RuntimeError, match="is not a list of encryption keys"):
            served.daemon.start()
    path.write_text(good.replace('"wrapped": "', '"wrapped": "x'))
    served.daemon.start()
    assert statuses(served, "acct1") == GONE and statuses(served, "kept") == GOOD
    served.daemon.stop()
    path.write_text(good)
    served.daemon.start()
    assert statuses(served, "acct1") == GOOD


def test_a_move_into_a_filesystem_that_takes_the_accounts_key_only(daemon):
    """The account's key is the default there, so what lies under it may come."""
    client, ask = daemon.client("tree"), data_lake.Raw(daemon, "tree")
    own = {"x-ms-default-encryption-scope": "$account-encryption-key",
           "x-ms-deny-encryption-scope-override": "true"}
    source, to = ("fs-" + uuid.uuid4().hex for _ in range(2))
    client.create_container(source)
    client.expect(201, "PUT", to, headers=own, restype="container")
    client.put_blob(source, "d/f", SECRET)
    with data_lake.resolved_names():
        for path in ("d/f", "d"):
            moved = ask("PUT", f"/{to}/{path.replace('/', '-')}",
                        {"x-ms-rename-source": f"/{source}/{path}"})
            assert moved.status == 201, moved.code
    assert client.get(to, "d-f") == SECRET
