"""SIGHUP: the configuration is read again, checked as a whole, and what can be is applied."""
import json
import ssl
import subprocess

import admin
import azure_auth
import blob_client
import blobgate_daemon
import certificates
import pytest
from reloadable import Reloadable

KEYS = blobgate_daemon.ACCOUNTS
NEW_KEY = "YSBuZXcga2V5IHRoYXQgaXMgbG9uZyBlbm91Z2guLi4="


@pytest.fixture
def served(tmp_path):
    with Reloadable(tmp_path) as running:
        yield running


def test_accounts_come_change_and_go(served):
    gone = served.client("acct2")
    gone.create_container("con")
    gone.put_blob("con", "b", b"content")
    sas = azure_auth.service_sas("acct2", KEYS["acct2"], "con")
    served.config["accounts"] = [a for a in served.config["accounts"] if a["name"] != "acct2"]
    served.config["accounts"].append({"name": "added", "keys": [NEW_KEY]})
    served.account("acct1")["keys"] = [KEYS["acct1"], NEW_KEY]
    served.account("acct1")["versioning"] = True
    served.apply()
    assert served.status("added", NEW_KEY) == 200
    assert served.status("acct1", NEW_KEY) == 200 and served.status("acct1") == 200
    assert served.status("acct1", blobgate_daemon.SECOND_KEY) == 403
    served.client("acct1").create_container("con")
    assert "x-ms-version-id" in served.client("acct1").put_blob("con", "b", b"x").headers
    assert served.status("acct2") != 200
    with served.daemon.raw() as raw:
        raw.send(f"GET /acct2/con/b?{sas} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert raw.read_response().status in (403, 404)
    log = served.log()
    assert "reload: accounts[acct2]: removed" in log and "reload: accounts[added]: added" in log
    assert "reload: accounts[acct1].versioning: false -> true" in log
    assert "reload: accounts[acct1].keys: changed" in log
    assert NEW_KEY not in log and KEYS["acct1"] not in log


def test_an_account_that_comes_back_has_its_data(served):
    served.client("acct2").create_container("con")
    entry = served.account("acct2")
    served.config["accounts"].remove(entry)
    served.apply()
    served.config["accounts"].append(entry)
    served.apply()
    assert served.client("acct2").list_containers() == ["con"]


BROKEN = ["", "{", '{"engine": 99E999}', "[]", "null", '{"engine": 1}', '{"unknown": 1}', "\xff",
          "{" * 100000]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_changes_nothing(served, text):
    before = served.path.read_text()
    served.path.write_text(text, encoding="latin-1")
    assert "configuration not reloaded, see the log" in served.reload()
    assert f"configuration not reloaded: {served.path}" in served.log()
    assert served.status("acct1") == 200
    served.path.write_text(before)
    assert "not reloaded" not in served.reload()


def break_account(served):
    served.config["accounts"].append({"name": "Bad", "keys": [NEW_KEY]})
    return "lower-case letters"


def break_twice(served):
    served.config["accounts"].append({"name": "acct1", "keys": [NEW_KEY]})
    return "there twice"


def break_certificate(served):
    served.config["tls"]["certificate_file"] = "/nowhere.pem"
    return "/nowhere.pem"


def break_role(served):
    served.config["oauth"] = {"roles": [{"role": "King", "oid": "*", "account": "*"}]}
    return "no such role"


def break_policy(served):
    served.account("acct1")["lifecycle_policy_file"] = "/nowhere.json"
    return "/nowhere.json"


def break_scope(served):
    served.account("acct1")["encryption_scopes"] = [{"name": "sco", "key_file": "/nowhere.key"}]
    return "/nowhere.key"


def break_made_by_command(served):
    admin.account(served.daemon, "add", "bycommand")
    served.config["accounts"].append({"name": "bycommand", "keys": [NEW_KEY]})
    return "was made by command as well"


def break_unapplied_option(served):
    served.config["threads"] = 100000
    return "threads"


@pytest.mark.parametrize("spoil", [
    break_account, break_twice, break_certificate, break_role, break_policy, break_scope,
    break_made_by_command, break_unapplied_option])
def test_one_fault_keeps_everything_back(served, spoil):
    served.config["accounts"].append({"name": "added", "keys": [NEW_KEY]})
    served.config["accounts"] = [a for a in served.config["accounts"] if a["name"] != "acct2"]
    why = spoil(served)
    served.path.write_text(json.dumps(served.config))
    assert "configuration not reloaded" in served.reload()
    assert why in served.log()
    assert served.status("added", NEW_KEY) != 200
    assert served.status("acct2") == 200 and served.status("acct1") == 200


def test_accounts_made_by_command_stay(served):
    key = admin.account_json(served.daemon, "add", "bycommand")["keys"][0]
    served.apply()
    assert served.status("bycommand", key) == 200
    refused = admin.account(served.daemon, "remove", "acct1", "--force", check=False)
    assert refused.returncode == 1


def test_an_account_moves_into_the_file(served):
    made = admin.account_json(served.daemon, "add", "moving")
    admin.account(served.daemon, "remove", "moving")
    served.config["accounts"].append({"name": "moving", "keys": made["keys"]})
    served.apply()
    assert served.status("moving", made["keys"][1]) == 200
    assert admin.account(served.daemon, "add", "moving", check=False).returncode == 1


def test_certificates_and_their_place(served, tmp_path):
    def serial() -> bytes:
        pem = ssl.get_server_certificate(served.daemon.address(tls=True))
        return ssl.PEM_cert_to_DER_cert(pem)

    before = serial()
    other = tmp_path / "other"
    other.mkdir()
    certificates.make_certificates(other)
    served.config["tls"] = {"certificate_file": str(other / "server.pem"),
                            "key_file": str(other / "server.key")}
    served.apply()
    after = serial()
    assert after != before
    assert "reload: tls.certificate_file: " in served.log()
    third = tmp_path / "third"
    third.mkdir()
    certificates.make_certificates(third)
    for name in ("server.pem", "server.key"):
        (third / name).replace(other / name)
    served.apply()
    assert serial() not in (before, after)


def test_the_log_level(served):
    served.config["log_level"] = "error"
    served.apply()
    log = served.log()
    admin.account(served.daemon, "add", "unheard")
    heard = [line for line in served.log()[len(log):].splitlines() if "audit" not in line]
    assert not any("unheard" in line for line in heard)
    served.config["log_level"] = "info"
    served.apply()
    admin.account(served.daemon, "add", "heard")
    assert "heard" in served.log()[len(log):]


def test_limits_hold_for_new_connections(served):
    def head_of(size: int) -> int:
        with served.daemon.raw() as raw:
            raw.send(b"GET /acct1?comp=list HTTP/1.1\r\nHost: x\r\nx-filler: " + b"f" * size
                     + b"\r\n\r\n")
            return raw.read_response().status

    assert head_of(20_000) == 404
    served.config["limits"] = {"head_bytes": 8192}
    served.apply()
    assert head_of(20_000) == 431
    assert "reload: limits.head_bytes: 65536 -> 8192" in served.log()
    served.config["limits"] = {"max_connections": 1}
    served.apply()
    with served.daemon.raw() as first:
        first.send(b"GET /acct1?comp=list HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.read_response().status == 404
        with served.daemon.raw() as second:
            assert second.read_response().status == 503


def test_copy_sources(served, tmp_path):
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=tmp_path / "other") as other:
        other.client().create_container("con", public="blob")
        other.client().put_blob("con", "b", b"content")
        source = f"http://localhost:{other.ports[False]}/acct1/con/b"
        own = served.client("acct1")
        own.create_container("con")

        def copy() -> int:
            return own.request("PUT", "con", "copy", headers={
                "x-ms-copy-source": source, "x-ms-requires-sync": "true"}).status

        assert copy() == 403
        served.config["copy_sources"] = {"allowed_hosts": ["localhost"]}
        served.apply()
        assert copy() in (201, 202)
        served.config["copy_sources"] = {"allowed_hosts": []}
        served.apply()
        assert copy() == 403


def test_suffixes(served):
    def status(host: str) -> int:
        with served.daemon.raw() as raw:
            raw.send(f"GET /con/b HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            return raw.read_response().status

    served.client("acct1").create_container("con", public="blob")
    served.client("acct1").put_blob("con", "b", b"content")
    assert status("acct1.new.suffix") != 200
    served.config["suffixes"] = ["new.suffix"]
    served.apply()
    assert status("acct1.new.suffix") == 200


def test_website_hosts(served):
    own = served.client("acct1")
    own.create_container("$web")
    own.put_blob("$web", "page", b"a page")
    own.expect(202, "PUT", restype="service", comp="properties", body=(
        b"<StorageServiceProperties><StaticWebsite><Enabled>true</Enabled></StaticWebsite>"
        b"</StorageServiceProperties>"))

    def status() -> int:
        with served.daemon.raw() as raw:
            raw.send(b"GET /page HTTP/1.1\r\nHost: www.shop.test\r\n\r\n")
            return raw.read_response().status

    assert status() != 200
    served.account("acct1")["website_hosts"] = ["www.shop.test"]
    served.apply()
    assert status() == 200
    served.config["accounts"].remove(served.account("acct1"))
    served.apply()
    assert status() != 200


def test_what_needs_a_restart_is_named_and_not_applied(served):
    served.config["threads"] = 3
    served.config["engine"]["read_cache_bytes"] = 1 << 20
    served.config["listeners"].append({"address": "127.0.0.1", "port": 0})
    said = served.apply()
    assert "some changes need a restart" in said
    log = served.log()
    assert "reload: threads: 0 -> 3 (needs a restart)" in log
    assert "reload: engine.read_cache_bytes: 33554432 -> 1048576 (needs a restart)" in log
    assert "reload: listeners[2]: added (needs a restart)" in log
    assert "(needs a restart)" in served.log()
    assert "some changes need a restart" in served.apply(), "they still do"
    assert served.status("acct1") == 200


def test_nothing_changed(served):
    assert served.apply().startswith("Serving ")
    assert "configuration reloaded, 0 changes" in served.log()


def test_check_config_speaks_of_roles_for_unknown_accounts(served):
    served.config["oauth"] = {"roles": [
        {"role": "Storage Blob Data Reader", "oid": "*", "account": "nobody"}]}
    served.path.write_text(json.dumps(served.config))
    checked = subprocess.run([str(blobgate_daemon.find_binary()), "check-config",
                              str(served.path)], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0 and 'no account "nobody"' in checked.stderr


def test_keys_in_files(served, tmp_path):
    file = tmp_path / "key"
    file.write_text(NEW_KEY + "\n")
    file.chmod(0o600)
    served.config["accounts"].append({"name": "filed", "key_files": [str(file)]})
    served.apply()
    assert served.status("filed", NEW_KEY) == 200
    other = blobgate_daemon.SECOND_KEY
    file.write_text(other)
    served.apply()
    assert served.status("filed", NEW_KEY) == 403 and served.status("filed", other) == 200
    assert "reload: accounts[filed].keys: changed" in served.log()
    file.chmod(0o644)
    assert "not reloaded" in served.reload()
    assert served.status("filed", other) == 200


def test_credentials_and_environment(tmp_path):
    """As systemd passes them."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "key").write_text(NEW_KEY)
    (credentials / "key").chmod(0o440)
    entry = {"name": "filed", "key_files": ["$CREDENTIALS_DIRECTORY/key"]}
    daemon = blobgate_daemon.Daemon({"accounts": [entry]}, directory=tmp_path / "home")
    daemon.environment = {"CREDENTIALS_DIRECTORY": str(credentials),
                          "BLOBGATE_LIMITS_HEAD_BYTES": "8192"}
    with daemon:
        client = blob_client.BlobClient(daemon.address(), "filed", NEW_KEY)
        assert client.list_containers() == []
        with daemon.raw() as raw:
            raw.send(b"GET /?comp=list HTTP/1.1\r\nHost: x\r\nx-f: " + b"f" * 9000 + b"\r\n\r\n")
            assert raw.read_response().status == 431
    daemon.environment = {"CREDENTIALS_DIRECTORY": str(credentials),
                          "BLOBGATE_LOG_LEVEL": "loud"}
    with pytest.raises(RuntimeError, match="BLOBGATE_LOG_LEVEL"):
        daemon.start()
