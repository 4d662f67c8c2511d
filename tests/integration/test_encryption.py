"""Customer-provided keys and encryption scopes, through the Python SDK and by hand. What is written
must not be found on the disk.

`acct1` has the scopes `red` and `blue`.
"""
import base64
import datetime
import hashlib
import os
import uuid

import azure.core.exceptions
import blobgate_daemon
import fsck
import pytest
import scope_files
from azure.storage.blob import (BlobServiceClient, ContainerEncryptionScope,
                                CustomerProvidedEncryptionKey, ResourceTypes,
                                generate_account_sas)

KEYS = blobgate_daemon.ACCOUNTS
MISSING = ("BlobUsesCustomerSpecifiedEncryption", 409)
NEEDLESS = ("BlobDoesNotUseCustomerSpecifiedEncryption", 409)
WRONG = ("BlobCustomerSpecifiedEncryptionMismatch", 409)


def customer_key(fill):
    raw = bytes([fill]) * 32
    return CustomerProvidedEncryptionKey(base64.b64encode(raw).decode(),
                                         base64.b64encode(hashlib.sha256(raw).digest()).decode())


KEY, OTHER = customer_key(1), customer_key(2)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    scopes = scope_files.scopes(folder, "red", "blue")
    accounts = [{"name": "acct1", "keys": [KEYS["acct1"]], "encryption_scopes": scopes},
                {"name": "acct2", "keys": [KEYS["acct2"]]},
                {"name": "versioned", "keys": [KEYS["versioned"]], "versioning": True}]
    config = {"accounts": accounts, "engine": {"segment_bytes": 16 << 20}}
    with blobgate_daemon.Daemon(config) as running:
        yield running
        assert running.stop() == 0, running.log_tail()
        code, report = fsck.run(running.data_directory)
        assert code == fsck.CLEAN, report
        stored = b"".join(p.read_bytes() for p in running.data_directory.rglob("*")
                          if p.is_file() and not p.name == "BALLAST")
        assert SECRET not in stored
        assert b"\1" * 32 not in stored and base64.b64encode(b"\1" * 32) not in stored
        log = (running.directory / "daemon.log").read_bytes()
        log += (running.directory / "access.log").read_bytes()
        assert base64.b64encode(b"\1" * 32) not in log


SECRET = b"a secret that no disk may hold: " + os.urandom(16)


def service(daemon, account="acct1", tls=True, credential=None):
    scheme = "https" if tls else "http"
    return BlobServiceClient(f"{scheme}://127.0.0.1:{daemon.ports[tls]}/{account}",
                             credential=credential or {"account_name": account,
                                                       "account_key": KEYS[account]},
                             retry_total=0, connection_verify=str(daemon.ca_file),
                             max_single_put_size=1 << 20, max_block_size=1 << 20)


@pytest.fixture
def box(daemon):
    return service(daemon).create_container(f"e-{uuid.uuid4()}")


def refused(error, call, *args, **named):
    with pytest.raises(azure.core.exceptions.HttpResponseError) as caught:
        call(*args, **named)
    assert (caught.value.error_code, caught.value.status_code) == error


def pattern(size):
    return (SECRET * (size // len(SECRET) + 1))[:size]


def read(blob, **named):
    return blob.download_blob(**named).readall()


def test_put_and_get(box):
    blob = box.get_blob_client("b")
    answer = blob.upload_blob(SECRET, cpk=KEY, metadata={"shape": "round"})
    assert answer["request_server_encrypted"]
    assert answer["encryption_key_sha256"] == KEY.key_hash
    assert read(blob, cpk=KEY) == SECRET
    shown = blob.get_blob_properties(cpk=KEY)
    assert shown.metadata == {"shape": "round"} and shown.size == len(SECRET)
    assert shown.encryption_key_sha256 == KEY.key_hash and shown.server_encrypted
    assert bytes(shown.content_settings.content_md5) == hashlib.md5(SECRET).digest()
    for call in (blob.download_blob, blob.get_blob_properties, blob.create_snapshot,
                 lambda **cpk: blob.set_blob_metadata({"a": "b"}, **cpk)):
        refused(MISSING, call)
        refused(WRONG, call, cpk=OTHER)
    blob.set_blob_metadata({"shape": "square"}, cpk=KEY)
    assert blob.get_blob_properties(cpk=KEY).metadata == {"shape": "square"}
    assert read(blob, cpk=KEY) == SECRET
    # What says nothing of content or metadata needs no key.
    blob.set_blob_tags({"a": "b"})
    blob.set_standard_blob_tier("Cool")
    blob.acquire_lease().release()
    blob.upload_blob(b"in the clear", overwrite=True)
    refused(NEEDLESS, blob.download_blob, cpk=KEY)
    assert read(blob) == b"in the clear"
    blob.upload_blob(SECRET, overwrite=True, cpk=OTHER)
    assert read(blob, cpk=OTHER) == SECRET
    blob.delete_blob()


def test_ranges_of_blocks_in_any_order(box):
    blob = box.get_blob_client("r")
    parts = [os.urandom(1) + pattern(size) for size in (1, 700_000, 65_536, 31)]
    for i, part in enumerate(parts):
        blob.stage_block(f"{i:02}", part, cpk=KEY)
    order = [3, 1, 0, 2, 1]
    blob.commit_block_list([f"{i:02}" for i in order], cpk=KEY)
    whole = b"".join(parts[i] for i in order)
    assert read(blob, cpk=KEY) == whole
    for start, size in ((0, 1), (30, 5), (32, 700_000), (700_030, 10), (len(whole) - 1, 1),
                        (1, len(whole) - 2), (262_143, 262_146)):
        assert read(blob, cpk=KEY, offset=start, length=size) == whole[start:start + size]
    # A committed block goes on with a new one under the same key only.
    blob.stage_block("09", b"more", cpk=KEY)
    refused(MISSING, blob.commit_block_list, ["03", "09"])
    refused(WRONG, blob.commit_block_list, ["03", "09"], cpk=OTHER)
    refused(MISSING, blob.stage_block, "10", b"x")
    refused(WRONG, blob.stage_block, "10", b"x", cpk=OTHER)
    blob.commit_block_list(["03", "09"], cpk=KEY)
    assert read(blob, cpk=KEY) == parts[3] + b"more"
    plain = box.get_blob_client("plain")
    plain.stage_block("00", b"x")
    refused(NEEDLESS, plain.stage_block, "01", b"y", cpk=KEY)
    refused(NEEDLESS, plain.commit_block_list, ["00"], cpk=KEY)


def test_a_large_upload(box):
    blob = box.get_blob_client("large")
    content = pattern(5_000_000)
    blob.upload_blob(content, cpk=KEY)
    assert read(blob, cpk=KEY) == content


def test_append_blob(box):
    blob = box.get_blob_client("a")
    blob.create_append_blob(cpk=KEY)
    parts = [pattern(size) for size in (100, 300_000, 1)]
    for part in parts:
        blob.append_block(part, cpk=KEY)
    refused(MISSING, blob.append_block, b"x")
    refused(WRONG, blob.append_block, b"x", cpk=OTHER)
    whole = b"".join(parts)
    snapshot = box.get_blob_client("a", snapshot=blob.create_snapshot(cpk=KEY)["snapshot"])
    blob.append_block(b"after", cpk=KEY)
    assert read(blob, cpk=KEY) == whole + b"after"
    assert read(snapshot, cpk=KEY) == whole
    refused(MISSING, snapshot.download_blob)
    assert read(blob, cpk=KEY, offset=95, length=300_000) == whole[95:300_095]


def test_page_blob(box):
    blob = box.get_blob_client("p")
    size = 9 * 1024 * 1024
    blob.create_page_blob(size, cpk=KEY)
    expected = bytearray(size)

    def put(offset, length):
        data = os.urandom(8) + pattern(length - 8)
        blob.upload_page(data, offset, length, cpk=KEY)
        expected[offset:offset + length] = data

    put(0, 512)
    put(4 * 1024 * 1024 - 1024, 2048)  # over the end of a chunk
    put(8 * 1024 * 1024, 1024 * 1024)
    for i in range(80):  # so many writes of one chunk that it is gathered
        put((i * 37 % 200) * 512, 1024)
    snapshot = box.get_blob_client("p", snapshot=blob.create_snapshot(cpk=KEY)["snapshot"])
    before = bytes(expected)
    put(1024, 4096)
    blob.clear_page(512 * 10, 512, cpk=KEY)
    expected[512 * 10:512 * 11] = bytes(512)
    assert read(blob, cpk=KEY) == bytes(expected)
    assert read(snapshot, cpk=KEY) == before
    for start, length in ((0, 1), (511, 2), (1000, 3000), (4 * 1024 * 1024 - 1, 3)):
        assert read(blob, cpk=KEY, offset=start, length=length) == expected[start:start + length]
    refused(MISSING, blob.upload_page, bytes(512), 0, 512)
    refused(WRONG, blob.clear_page, 0, 512, cpk=OTHER)
    refused(MISSING, blob.resize_blob, 1024)
    blob.resize_blob(1024, cpk=KEY)
    assert read(blob, cpk=KEY) == bytes(expected[:1024])


def test_versions(daemon):
    box = service(daemon, "versioned").create_container(f"e-{uuid.uuid4()}")
    blob = box.get_blob_client("v")
    first = blob.upload_blob(SECRET, cpk=KEY, metadata={"n": "1"})["version_id"]
    blob.upload_blob(b"two", overwrite=True, cpk=OTHER, metadata={"n": "2"})
    assert read(blob, cpk=KEY, version_id=first) == SECRET
    assert blob.get_blob_properties(cpk=KEY, version_id=first).metadata == {"n": "1"}
    refused(WRONG, blob.download_blob, cpk=OTHER, version_id=first)
    assert read(blob, cpk=OTHER) == b"two"


def test_listing(box):
    box.get_blob_client("key").upload_blob(SECRET, cpk=KEY, metadata={"a": "b"})
    box.get_blob_client("scope").upload_blob(SECRET, encryption_scope="red", metadata={"c": "d"})
    listed = {b.name: b for b in box.list_blobs(include=["metadata"])}
    assert listed["key"].encrypted_metadata and not listed["key"].metadata
    assert listed["scope"].encryption_scope == "red"
    assert listed["scope"].metadata == {"c": "d"}


def copy_headers(blob, key=None, source=None, **more):
    headers = ({"x-ms-copy-source": blob.url} if blob else {}) | more
    for prefix, of in (("x-ms-encryption-", key), ("x-ms-source-encryption-", source)):
        if of:
            headers |= {prefix + "key": of.key_value, prefix + "key-sha256": of.key_hash,
                        prefix + "algorithm": "AES256"}
    return headers


@pytest.mark.parametrize("to", [None, KEY, OTHER])
@pytest.mark.parametrize("kind", ["block", "append", "page"])
def test_copies_from_urls(daemon, box, kind, to):
    client = daemon.client(tls=True)
    name = box.container_name
    content = os.urandom(4096)  # some of the copies are not encrypted
    source = box.get_blob_client("source")
    if kind == "block":
        source.upload_blob(content, cpk=KEY, metadata={"a": "b"})
    elif kind == "append":
        source.create_append_blob(cpk=KEY)
        source.append_block(content[:100], cpk=KEY)
        source.append_block(content[100:], cpk=KEY)
    else:
        source.create_page_blob(4096, cpk=KEY)
        source.upload_page(content, 0, 4096, cpk=KEY)
    cpk = {"cpk": to} if to else {}

    def send(blob, headers, **query):
        return client.request("PUT", name, blob, headers=headers, **query)

    put = send("put", copy_headers(source, to, KEY, **{"x-ms-blob-type": "BlockBlob"}))
    assert put.status == 201, put.body
    assert read(box.get_blob_client("put"), **cpk) == content
    block = box.get_blob_client("block")
    part = {"x-ms-source-range": "bytes=50-2000"}
    answer = send("block", copy_headers(source, to, KEY, **part), comp="block", blockid="AAAA")
    assert answer.status == 201, answer.body
    block.commit_block_list(["\0\0\0"], **cpk)
    assert read(block, **cpk) == content[50:2001]
    append = box.get_blob_client("append")
    append.create_append_blob(**cpk)
    answer = send("append", copy_headers(source, to, KEY, **part), comp="appendblock")
    assert answer.status == 201, answer.body
    assert read(append, **cpk) == content[50:2001]
    page = box.get_blob_client("page")
    page.create_page_blob(8192, **cpk)
    span = {"x-ms-source-range": "bytes=512-2047", "x-ms-range": "bytes=4096-5631",
            "x-ms-page-write": "update"}
    answer = send("page", copy_headers(source, to, KEY, **span), comp="page")
    assert answer.status == 201, answer.body
    assert read(page, **cpk)[4096:5632] == content[512:2048]
    for given in (None, OTHER):
        answer = send("put", copy_headers(source, to, given, **{"x-ms-blob-type": "BlockBlob"}))
        assert (answer.status, answer.error_code) == (409, "CannotVerifyCopySource")
    refused(("CannotVerifyCopySource", 409), box.get_blob_client("c").start_copy_from_url,
            source.url)


def test_copies_from_an_outside_server(daemon, tmp_path):
    """The source's key goes to the source, over TLS; without one it refuses."""
    with blobgate_daemon.Daemon() as outside:
        content = os.urandom(3000)
        there = outside.client(tls=True)
        there.create_container("from")
        of_source = copy_headers(None, key=KEY)
        there.expect(201, "PUT", "from", "b", body=content,
                     headers={"x-ms-blob-type": "BlockBlob", **of_source})
        config = {"copy_sources": {"allowed_hosts": ["127.0.0.1"],
                                   "ca_file": str(outside.directory / "ca.pem")}}
        with blobgate_daemon.Daemon(config) as inside:
            here = inside.client(tls=True)
            here.create_container("into")
            plain = outside.url("acct1", "from", "b", outside.account_sas(), host_style=False)
            url = plain.replace(f"http://127.0.0.1:{outside.ports[False]}",
                                f"https://127.0.0.1:{outside.ports[True]}")

            def copy(blob, source, given, **more):
                headers = {"x-ms-copy-source": source, **copy_headers(None, source=given), **more}
                return here.request("PUT", "into", blob, headers=headers)

            block_blob = {"x-ms-blob-type": "BlockBlob"}
            answer = copy("whole", url, KEY, **block_blob)
            assert answer.status == 201, answer.body
            assert here.get("into", "whole") == content
            headers = {"x-ms-copy-source": url, "x-ms-source-range": "bytes=10-99",
                       **copy_headers(None, source=KEY)}
            here.expect(201, "PUT", "into", "part", headers=headers, comp="block", blockid="AAAA")
            for source, given, code in ((url, None, "BlobUsesCustomerSpecifiedEncryption"),
                                        (url, OTHER, "BlobCustomerSpecifiedEncryptionMismatch"),
                                        (plain, KEY, "AccountRequiresHttps")):
                answer = copy("refused", source, given, **block_blob)
                assert answer.error_code == "CannotVerifyCopySource"
                assert answer.headers["x-ms-copy-source-error-code"] == code
            for log in (outside, inside):
                assert KEY.key_value.encode() not in (log.directory / "access.log").read_bytes()


def test_scopes(box):
    blob = box.get_blob_client("s")
    assert blob.upload_blob(SECRET, encryption_scope="red",
                            metadata={"a": "b"})["encryption_scope"] == "red"
    shown = blob.get_blob_properties()
    assert (shown.encryption_scope, shown.metadata) == ("red", {"a": "b"})
    assert read(blob) == SECRET and read(blob, offset=3, length=9) == SECRET[3:12]
    refused(WRONG, blob.download_blob, cpk=KEY)
    refused(WRONG, blob.create_snapshot, encryption_scope="blue")
    blob.create_snapshot(encryption_scope="red")
    refused(("InvalidHeaderValue", 400), blob.upload_blob, b"x", overwrite=True,
            encryption_scope="green")
    append = box.get_blob_client("sa")
    append.create_append_blob(encryption_scope="red")
    append.append_block(SECRET, encryption_scope="red")
    append.append_block(SECRET)
    refused(WRONG, append.append_block, b"x", encryption_scope="blue")
    assert read(append) == SECRET * 2
    # Copies inside: the same scope, another, none.
    blob.upload_blob(b"not so secret", overwrite=True, encryption_scope="red",
                     metadata={"a": "b"})
    for scope in ("red", "blue", None):
        more = {"encryption_scope": scope} if scope else {}
        copy = box.get_blob_client(f"copy-{scope}")
        copy.start_copy_from_url(blob.url, requires_sync=True, **more)
        assert read(copy) == b"not so secret"
        assert copy.get_blob_properties().encryption_scope == scope
        assert copy.get_blob_properties().metadata == {"a": "b"}


def test_default_scope_of_a_container(daemon):
    account = service(daemon)
    box = account.create_container(
        f"e-{uuid.uuid4()}", container_encryption_scope=ContainerEncryptionScope("red"))
    shown = box.get_container_properties().encryption_scope
    assert (shown.default_encryption_scope, shown.prevent_encryption_scope_override) == (
        "red", False)
    blob = box.get_blob_client("b")
    blob.upload_blob(SECRET)
    assert blob.get_blob_properties().encryption_scope == "red"
    blob.upload_blob(SECRET, overwrite=True, encryption_scope="blue")
    assert blob.get_blob_properties().encryption_scope == "blue"
    source = account.create_container(f"e-{uuid.uuid4()}")
    for name, make in (("block", lambda b: b.upload_blob(b"open" * 10)),
                       ("append", lambda b: (b.create_append_blob(), b.append_block(b"open"))),
                       ("page", lambda b: (b.create_page_blob(1024),
                                           b.upload_page(b"open" * 128, 512, 512)))):
        make(source.get_blob_client(name))
        copy = box.get_blob_client(name)
        copy.start_copy_from_url(source.get_blob_client(name).url)
        assert read(copy) == read(source.get_blob_client(name))
        assert copy.get_blob_properties().encryption_scope == "red"
        back = source.get_blob_client(name + "-back")
        back.start_copy_from_url(copy.url)
        assert read(back) == read(copy) and back.get_blob_properties().encryption_scope is None
    firm = account.create_container(
        f"e-{uuid.uuid4()}", container_encryption_scope=ContainerEncryptionScope(
            "red", prevent_encryption_scope_override=True))
    denied = ("RequestForbiddenByContainerEncryptionPolicy", 403)
    firm.upload_blob("a", SECRET)
    firm.upload_blob("b", SECRET, encryption_scope="red")
    refused(denied, firm.upload_blob, "c", SECRET, encryption_scope="blue")
    refused(denied, firm.upload_blob, "c", SECRET, cpk=KEY)
    refused(denied, firm.upload_blob, "c", SECRET, encryption_scope="$account-encryption-key")
    refused(("InvalidHeaderValue", 400), account.create_container, f"e-{uuid.uuid4()}",
            container_encryption_scope=ContainerEncryptionScope("green"))


def test_scope_of_a_sas(daemon, box):
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=10)
    sas = generate_account_sas("acct1", KEYS["acct1"], ResourceTypes(object=True), "rwac", until,
                               encryption_scope="blue")
    blob = service(daemon, credential=sas).get_blob_client(box.container_name, "sas")
    blob.upload_blob(SECRET)
    assert blob.get_blob_properties().encryption_scope == "blue"
    refused(("InvalidHeaderValue", 400), blob.upload_blob, b"x", overwrite=True,
            encryption_scope="red")
    plain = box.get_blob_client("plain")
    plain.create_append_blob()
    refused(NEEDLESS, service(daemon, credential=sas).get_blob_client(
        box.container_name, "plain").append_block, b"x")


def key_headers(**changes):
    headers = {"x-ms-encryption-key": KEY.key_value, "x-ms-encryption-key-sha256": KEY.key_hash,
               "x-ms-encryption-algorithm": "AES256", "x-ms-blob-type": "BlockBlob"}
    return {name: value for name, value in (headers | changes).items() if value is not None}


@pytest.mark.parametrize("changes, code", [
    ({"x-ms-encryption-key": None}, "MissingRequiredHeader"),
    ({"x-ms-encryption-key-sha256": None}, "MissingRequiredHeader"),
    ({"x-ms-encryption-algorithm": None}, "MissingRequiredHeader"),
    ({"x-ms-encryption-algorithm": "AES128"}, "InvalidHeaderValue"),
    ({"x-ms-encryption-key": "not base64!"}, "InvalidHeaderValue"),
    ({"x-ms-encryption-key": base64.b64encode(b"short").decode()}, "InvalidHeaderValue"),
    ({"x-ms-encryption-key": base64.b64encode(bytes(33)).decode()}, "InvalidHeaderValue"),
    ({"x-ms-encryption-key-sha256": OTHER.key_hash}, "InvalidHeaderValue"),
    ({"x-ms-encryption-scope": "red"}, "InvalidHeaderValue"),
])
def test_malformed_keys(daemon, box, changes, code):
    answer = daemon.client(tls=True).request("PUT", box.container_name, "m", body=b"x",
                                             headers=key_headers(**changes))
    assert (answer.status, answer.error_code) == (400, code)
    assert KEY.key_value.encode() not in answer.body


def test_keys_go_over_https_only(daemon, box):
    answer = daemon.client().request("PUT", box.container_name, "h", body=b"x",
                                     headers=key_headers())
    assert (answer.status, answer.error_code) == (400, "AccountRequiresHttps")


def test_after_a_restart(daemon, box):
    blob, page = box.get_blob_client("b"), box.get_blob_client("p")
    blob.upload_blob(SECRET, cpk=KEY, metadata={"a": "b"})
    page.create_page_blob(1024, encryption_scope="red")
    page.upload_page(pattern(512), 512, 512, encryption_scope="red")
    daemon.restart()
    assert read(blob, cpk=KEY) == SECRET
    assert blob.get_blob_properties(cpk=KEY).metadata == {"a": "b"}
    assert read(page)[512:] == pattern(512)
