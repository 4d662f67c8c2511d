"""Accounts made, changed and removed by command, while the daemon serves."""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import threading

import admin
import azure_auth
import blob_client
import blobgate_daemon
import pytest


@pytest.fixture(scope="module")
def served():
    with blobgate_daemon.Daemon({"access_log": "off"}) as running:
        yield running


@pytest.fixture
def own():
    """For tests that stop it."""
    with blobgate_daemon.Daemon({"access_log": "off"}) as running:
        yield running


def client(daemon, account: str, key: str) -> blob_client.BlobClient:
    return blob_client.BlobClient(daemon.address(), account, key)


def status(daemon, account: str, key: str) -> int:
    """Of a List Containers."""
    return client(daemon, account, key).request("GET", comp="list").status


def fetch(daemon, path: str, sas: str) -> int:
    with daemon.raw() as raw:
        raw.send(f"GET {path}?{sas} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return raw.read_response().status


def names(daemon) -> set[str]:
    return {account["name"] for account in admin.result(daemon, "account-list")["accounts"]}


def test_an_account_is_used_at_once(served):
    added = admin.account_json(served, "add", "atonce")
    first, second = added["keys"]
    assert added["containers"] == 0
    client(served, "atonce", first).create_container("con")
    client(served, "atonce", first).put_blob("con", "b", b"content")
    assert client(served, "atonce", second).get("con", "b") == b"content"
    assert status(served, "atonce", blobgate_daemon.SECOND_KEY) == 403


def test_what_add_prints(served):
    text = admin.account(served, "add", "printed", "--endpoint", "https://blobs.example/").stdout
    keys = admin.result(served, "account-show", name="printed", keys=True)["keys"]
    assert f"key1: {keys[0]}\nkey2: {keys[1]}\n" in text and "not shown again" in text
    assert (f"DefaultEndpointsProtocol=https;AccountName=printed;AccountKey={keys[0]};"
            "BlobEndpoint=https://blobs.example/printed;") in text


def test_keys_are_shown_only_when_asked_for(served):
    keys = admin.account_json(served, "add", "secretive")["keys"]
    secrets = [*keys, blobgate_daemon.ACCOUNTS["acct1"]]
    for command in (["list"], ["list", "--json"], ["show", "secretive"],
                    ["show", "secretive", "--json"], ["show", "acct1"]):
        text = admin.account(served, *command).stdout
        assert not [secret for secret in secrets if secret in text], command
    assert keys[1] in admin.account(served, "show", "secretive", "--keys").stdout
    secretive = admin.result(served, "account-show", name="secretive")["account"]
    assert not {"keys", "delegation_secrets"} & secretive.keys()
    assert not [secret for secret in secrets if secret in served.log_tail(1 << 20)]


def test_list_says_who_made_an_account(served):
    admin.account(served, "add", "bycommand")
    listed = {a["name"]: a["by_command"]
              for a in admin.account_json(served, "list")["accounts"]}
    assert listed["bycommand"] is True and listed["acct1"] is False
    assert "configuration file" in admin.account(served, "list").stdout


def test_options_are_those_of_the_configuration(served):
    admin.account(served, "add", "options", "--kind", "BlobStorage", "--sku", "Standard_RAGRS",
                  "--versioning", "--container-delete-retention-days", "7",
                  "--immutable-containers", "a1b,c2d", "--change-feed-enabled",
                  "--change-feed-retention-days", "3")
    shown = admin.result(served, "account-show", name="options")["account"]
    assert (shown["kind"], shown["sku"]) == ("BlobStorage", "Standard_RAGRS")
    assert shown["versioning"] is True and shown["container_delete_retention_days"] == 7
    assert shown["immutable_containers"] == ["a1b", "c2d"]
    assert shown["change_feed"] == {"enabled": True, "retention_days": 3}
    key = admin.result(served, "account-show", name="options", keys=True)["keys"][0]
    info = client(served, "options", key).request("GET", restype="account", comp="properties")
    assert info.headers["x-ms-sku-name"] == "Standard_RAGRS"
    assert info.headers["x-ms-account-kind"] == "BlobStorage"


def test_set_changes_what_is_named_and_at_once(served):
    key = admin.account_json(served, "add", "settable", "--container-delete-retention-days",
                             "7")["keys"][0]
    own = client(served, "settable", key)
    own.create_container("con")
    assert "x-ms-version-id" not in own.put_blob("con", "b", b"1").headers
    admin.account(served, "set", "settable", "--versioning", "--sku", "Premium_LRS")
    assert "x-ms-version-id" in own.put_blob("con", "b", b"2").headers
    shown = admin.account_json(served, "set", "settable", "--versioning=false")["account"]
    assert "x-ms-version-id" not in own.put_blob("con", "b", b"3").headers
    assert shown["container_delete_retention_days"] == 7 and shown["sku"] == "Premium_LRS"
    assert "accounts[settable].versioning: true -> false" in served.log_tail(1 << 20)


def test_set_takes_a_list_away(served):
    admin.account(served, "add", "hosted", "--website-hosts", "one.example,two.example")
    shown = admin.account_json(served, "set", "hosted", "--website-hosts", "")["account"]
    assert shown["website_hosts"] == []


def test_a_hierarchical_account(served):
    key = admin.account_json(served, "add", "newlake", "--hierarchical")["keys"][0]
    info = client(served, "newlake", key).request("GET", restype="account", comp="properties")
    assert info.headers["x-ms-is-hns-enabled"] == "true"


def test_an_encryption_scope(served, tmp_path):
    key_file = tmp_path / "scope.key"
    key_file.write_text("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n")
    key_file.chmod(0o600)
    key = admin.account_json(served, "add", "scoped", "--encryption-scope",
                             f"mine={key_file}")["keys"][0]
    own = client(served, "scoped", key)
    own.create_container("con")
    own.put_blob("con", "b", b"secret", {"x-ms-encryption-scope": "mine"})
    assert own.get("con", "b") == b"secret"
    admin.account(served, "set", "scoped", "--kind", "BlobStorage")
    assert own.get("con", "b") == b"secret", "other changes leave it"


def test_a_second_account_of_a_name_is_refused(served):
    keys = admin.account_json(served, "add", "single")["keys"]
    assert "already" in admin.refusal(served, "account-add", name="single")["message"]
    assert status(served, "single", keys[0]) == 200


@pytest.mark.parametrize("command", [
    ["set", "acct1", "--versioning"], ["rotate-key", "acct1", "key1"], ["remove", "acct1"],
    ["remove", "acct1", "--force"], ["add", "acct1"]])
def test_accounts_of_the_configuration_are_not_changed(served, command):
    served.client().request("PUT", "somecontainer", restype="container")
    refused = admin.account(served, *command, check=False)
    assert refused.returncode == 1
    assert str(served.directory / "blobgate.json") in refused.stderr
    assert served.client().list_containers() is not None


def test_remove_refuses_while_there_are_containers(served):
    key = admin.account_json(served, "add", "leaving")["keys"][0]
    own = client(served, "leaving", key)
    own.create_container("con")
    own.put_blob("con", "b", b"stays")
    refused = admin.account(served, "remove", "leaving", check=False)
    assert refused.returncode == 1 and "1 containers" in refused.stderr
    assert own.get("con", "b") == b"stays"
    assert "data of its 1 containers stays" in admin.account(served, "remove", "leaving",
                                                             "--force").stdout
    assert status(served, "leaving", key) != 200
    added = admin.account_json(served, "add", "leaving")
    assert added["containers"] == 1
    assert client(served, "leaving", added["keys"][0]).get("con", "b") == b"stays"
    assert status(served, "leaving", key) == 403, "its former key"


def test_a_container_that_can_be_restored_counts(served):
    key = admin.account_json(served, "add", "restorable", "--container-delete-retention-days",
                             "7")["keys"][0]
    own = client(served, "restorable", key)
    own.create_container("con")
    own.delete_container("con")
    assert admin.refusal(served, "account-remove", name="restorable")["code"] == "Conflict"


def test_a_removed_accounts_sas_is_refused_at_once(served):
    key = admin.account_json(served, "add", "shortlived")["keys"][0]
    own = client(served, "shortlived", key)
    own.create_container("con", public="blob")
    own.put_blob("con", "b", b"content")
    service = azure_auth.service_sas("shortlived", key, "con")
    account = azure_auth.account_sas("shortlived", key)
    for sas in (service, account, ""):
        assert fetch(served, "/shortlived/con/b", sas) == 200
    admin.account(served, "remove", "shortlived", "--force")
    for sas in (service, account, ""):
        assert fetch(served, "/shortlived/con/b", sas) in (403, 404)


def test_a_sas_of_the_old_key_is_refused_at_once(served):
    keys = admin.account_json(served, "add", "rotated")["keys"]
    own = client(served, "rotated", keys[1])
    own.create_container("con")
    own.put_blob("con", "b", b"content")
    by_first, by_second = (azure_auth.service_sas("rotated", key, "con") for key in keys)
    assert fetch(served, "/rotated/con/b", by_first) == 200
    new = admin.account_json(served, "rotate-key", "rotated", "key1")["key"]
    assert fetch(served, "/rotated/con/b", by_first) == 403
    assert fetch(served, "/rotated/con/b", by_second) == 200
    assert status(served, "rotated", keys[0]) == 403
    assert status(served, "rotated", new) == 200
    assert admin.result(served, "account-show", name="rotated", keys=True)["keys"] == [new, keys[1]]


def test_rotation_under_load_fails_no_request(served):
    """Clients move to the key that is not being replaced, as an operator would have them."""
    keys = admin.account_json(served, "add", "busy")["keys"]
    client(served, "busy", keys[0]).create_container("con")
    failures: list[str] = []
    for replaced, in_use in ((0, 1), (1, 0)):
        end = threading.Event()
        counts = [0] * 6

        def work(worker: int, key: str = keys[in_use]) -> None:
            own = client(served, "busy", key)
            while not end.is_set():
                try:
                    own.put_blob("con", f"{worker}", b"x" * 1000)
                    assert own.get("con", f"{worker}") == b"x" * 1000
                    counts[worker] += 1
                except Exception as error:  # noqa: BLE001
                    failures.append(repr(error))
                    return

        workers = [threading.Thread(target=work, args=(i,)) for i in range(len(counts))]
        for worker in workers:
            worker.start()
        for _ in range(10):
            before = sum(counts)
            keys[replaced] = admin.result(served, "account-rotate-key", name="busy",
                                          key=f"key{replaced + 1}")["key"]
            while sum(counts) < before + 20 and not failures:
                end.wait(0.005)
        end.set()
        for worker in workers:
            worker.join()
        assert failures == []
        assert status(served, "busy", keys[replaced]) == 200


def test_many_changes_at_once(served):
    """Each lands, whole."""
    failures: list[str] = []

    def work(worker: int) -> None:
        try:
            for step in range(5):
                name = f"crowd{worker}{step}"
                key = admin.result(served, "account-add", name=name)["keys"][0]
                assert status(served, name, key) == 200
                if step % 2:
                    admin.result(served, "account-remove", name=name)
                    assert status(served, name, key) != 200
        except Exception as error:  # noqa: BLE001
            failures.append(repr(error))

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert {n for n in names(served) if n.startswith("crowd")} == {
        f"crowd{worker}{step}" for worker in range(4) for step in (0, 2, 4)}


def test_changes_survive_kill(own):
    """Killed as soon as the command has returned."""
    keys = admin.account_json(own, "add", "durable", "--versioning")["keys"]
    own.kill()
    own.start()
    client(own, "durable", keys[0]).create_container("con")
    assert admin.result(own, "account-show", name="durable")["account"]["versioning"] is True
    new = admin.account_json(own, "rotate-key", "durable", "key2")["key"]
    own.kill()
    own.start()
    assert status(own, "durable", new) == 200 and status(own, "durable", keys[1]) == 403
    admin.account(own, "set", "durable", "--versioning=false")
    own.kill()
    own.start()
    assert admin.result(own, "account-show", name="durable")["account"]["versioning"] is False
    admin.account(own, "remove", "durable", "--force")
    own.kill()
    own.start()
    assert status(own, "durable", new) != 200


def test_the_file_is_for_the_daemon_only(own):
    admin.account(own, "add", "private")
    path = own.data_directory / "accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    own.stop()
    path.chmod(0o644)
    with pytest.raises(RuntimeError, match="must be 0600"):
        own.start()
    path.chmod(0o600)
    own.start()
    assert "private" in names(own)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"accounts": 1}', '{"accounts": [1]}',
                                     '{"accounts": [{"name": "x"}]}', '{"accounts": [{}]}',
                                     '{"accounts": [], "more": 1}', "{", '{"accounts": [{"a": 1}]}'])
def test_a_damaged_file_stops_the_start_and_is_left(own, content):
    own.stop()
    path = own.data_directory / "accounts.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(RuntimeError, match="account"):
        own.start()
    assert path.read_text() == content


def test_an_unfinished_file_is_no_matter(own):
    key = admin.account_json(own, "add", "before")["keys"][0]
    own.kill()
    (own.data_directory / "accounts.json.new").write_text('{"accounts": [')
    own.start()
    assert status(own, "before", key) == 200
    key = admin.account_json(own, "add", "after")["keys"][0]
    assert status(own, "after", key) == 200


def test_an_account_in_both_places_stops_the_start(own):
    admin.account(own, "add", "twice")
    own.stop()
    entry = {"name": "twice", "keys": [blobgate_daemon.SECOND_KEY]}
    more = blobgate_daemon.Daemon({"accounts": [entry]}, directory=own.directory)
    with pytest.raises(RuntimeError, match="twice"):
        more.start()


def test_a_change_that_cannot_be_kept_is_not_made(own):
    """Where the file should go is something else."""
    key = admin.account_json(own, "add", "kept2")["keys"][0]
    (own.data_directory / "accounts.json").unlink()
    (own.data_directory / "accounts.json").mkdir()
    (own.data_directory / "accounts.json" / "x").touch()
    assert admin.refusal(own, "account-add", name="lost")["code"] == "IoError"
    assert "lost" not in names(own)
    assert admin.refusal(own, "account-rotate-key", name="kept2", key="key1")
    assert status(own, "kept2", key) == 200


def test_a_snapshot_has_the_accounts(own, tmp_path):
    key = admin.account_json(own, "add", "backedup")["keys"][0]
    client(own, "backedup", key).create_container("con")
    target = tmp_path / "copy"
    admin.result(own, "snapshot", target=str(target))
    admin.account(own, "remove", "backedup", "--force")
    own.stop()
    assert stat.S_IMODE((target / "accounts.json").stat().st_mode) == 0o600
    shutil.rmtree(own.data_directory)
    shutil.copytree(target, own.data_directory)
    own.start()
    assert client(own, "backedup", key).list_containers() == ["con"]


HOSTILE_NAMES = ["", "ab", "a" * 25, "a" * 60000, "Shop", "a-b", "a.b", "../../etc", "a/b", "a b",
                 "a\0b", "shop\n", "\u00e4bc", "\ud7ff\uffff", "$root", "'; drop", "%s%n", "-rf",
                 "a\r\nX: y"]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_hostile_names(served, name):
    before = names(served)
    for command, more in (("account-add", {}), ("account-set", {"options": {}}),
                          ("account-rotate-key", {"key": "key1"}), ("account-remove", {}),
                          ("account-show", {})):
        assert admin.refusal(served, command, name=name, **more)["code"] in (
            "InvalidArgument", "NotFound")
    assert names(served) == before


HOSTILE_REQUESTS = [
    b"\n", b"null\n", b"[]\n", b"{}\n", b'"account-add"\n', b'{"command": 1}\n',
    b'{"command": "account-add"}\n', b'{"command": "account-add", "name": null}\n',
    b'{"command": "account-add", "name": ["hostile"]}\n',
    b'{"command": "account-add", "name": "hostile", "options": []}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"name": "other"}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"keys": ["eA=="]}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"delegation_secrets": []}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"versioning": "yes"}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"versioning": 1}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"nothing": 1}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"sku": "Free"}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"container_delete_retention_days": -1}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"container_delete_retention_days": 1e9}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"change_feed": true}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"hierarchical": true, "versioning": true}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"website_hosts": ["A.b"]}}\n',
    b'{"command": "account-add", "name": "hostile", "options": {"website_hosts": [1]}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"lifecycle_policy_file": "/nowhere"}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"encryption_scopes": [{"name": "sco"}]}}\n',
    b'{"command": "account-add", "name": "hostile", "options":'
    b' {"encryption_scopes": [{"name": "sco", "key_file": "/dev/null"}]}}\n',
    b'{"command": "account-add", "name": "hostile", "option": {}}\n',
    b'{"command": "account-add", "name": "hos\xfftile"}\n',
    b'{"command": "account-add", "name": "hostile", "options": ' + b"[" * 30000 + b"}\n",
    b'{"command": "account-add", "name": "hostile", "options": {"a":' + b'{"a":' * 5000
    + b"1" + b"}" * 5001 + b"}\n",
    b'{"command": "account-list", "name": "x"}\n',
    b'{"command": "account-show", "name": "acct1", "keys": 1}\n',
    b'{"command": "account-rotate-key", "name": "hostile", "key": "key3"}\n',
    b'{"command": "account-rotate-key", "name": "hostile"}\n',
    b'{"command": "account-remove", "name": "hostile", "force": "yes"}\n',
    b'{"command": "account-remove", "name": "hostile", "Force": true}\n',
]


@pytest.mark.parametrize("line", HOSTILE_REQUESTS, ids=range(len(HOSTILE_REQUESTS)))
def test_hostile_requests(served, line):
    before = names(served)
    answer = admin.ask(served, line)
    assert answer["ok"] is False
    assert answer["error"]["code"] in ("InvalidArgument", "NotFound")  # a file that is not there
    assert names(served) == before


def test_nobody_answers(tmp_path):
    refused = subprocess.run([str(blobgate_daemon.find_binary()), "account", "list", "--data-dir",
                              str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and "no daemon answers" in refused.stderr


def test_an_error_is_an_exit_code(served):
    for command in (["show", "nobody"], ["set", "nobody", "--versioning"], ["remove", "nobody"],
                    ["rotate-key", "nobody", "key1"], ["add", "Bad"], ["add", "good", "--sku", "Free"]):
        refused = admin.account(served, *command, check=False)
        assert refused.returncode == 1 and refused.stderr and not refused.stdout, command
    assert "good" not in names(served)


def test_the_file_holds_what_was_set_and_no_defaults(own):
    admin.account(own, "add", "small", "--sku", "Premium_LRS")
    [entry] = json.loads((own.data_directory / "accounts.json").read_text())["accounts"]
    assert entry.keys() == {"name", "keys", "delegation_secrets", "sku"}
    assert not pathlib.Path(own.data_directory / "accounts.json.new").exists()
    assert os.listdir(own.data_directory).count("accounts.json") == 1
