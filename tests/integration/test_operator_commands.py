"""blobgate stats, top and diag, as their user runs them beside a daemon."""
import base64
import json
import re
import subprocess
import tarfile
import threading
import time

import admin
import blobgate_daemon
import pytest

SECRET_WORDS = re.compile(rb"AccountKey=|BEGIN [A-Z ]*PRIVATE KEY")


def run(*arguments, check=True, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(blobgate_daemon.find_binary()), *arguments], capture_output=True,
                          text=True, check=check, timeout=60, **options)


@pytest.fixture(scope="module")
def served():
    with blobgate_daemon.Daemon() as daemon:
        client = daemon.client()
        client.create_container("con")
        client.put_blob("con", "b", b"content")
        yield daemon


def requests(daemon) -> dict[str, dict]:
    return {entry["name"]: entry for entry in admin.settled_requests(daemon)["operations"]}


def test_stats(served):
    shown = run("stats", "--data-dir", served.data_directory, "--json").stdout
    assert json.loads(shown)["commits"] > 0
    lines = dict(line.split() for line in
                 run("stats", "--data-dir", served.data_directory).stdout.splitlines())
    assert set(lines) == set(json.loads(shown))


def test_requests_are_counted(served):
    before = requests(served)
    client = served.client()
    assert client.get("con", "b") == b"content"
    assert client.request("GET", "con", "none").status == 404
    after = requests(served)
    got = {name: after["Get Blob"][name] - before.get("Get Blob", {}).get(name, 0)
           for name in ("requests", "errors", "failed")}
    assert got == {"requests": 2, "errors": 1, "failed": 0}
    assert sum(after["Get Blob"]["buckets"]) == after["Get Blob"]["requests"]
    assert after["Get Blob"]["sent_bytes"] >= len(b"content")
    accounts = {entry["name"]: entry for entry in admin.settled_requests(served)["accounts"]}
    assert accounts["acct1"]["requests"] >= 4 and accounts["acct2"]["requests"] == 0


def test_top(served):
    end = threading.Event()

    def ask() -> None:
        client = served.client()
        while not end.is_set():
            client.get("con", "b")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        shown = run("top", "--data-dir", served.data_directory, "--interval", "0.5", "--rounds",
                    "2").stdout
    finally:
        end.set()
        asking.join()
    # Not those of requests that run, which begin alike.
    rates = [float(rate) for rate in re.findall(r"^Get Blob +([0-9.]+) +[0-9.]+ +[0-9.]+ ", shown, re.M)]
    assert len(rates) == 2 and all(rate > 0 for rate in rates)
    assert len(re.findall(r"^acct1 ", shown, re.M)) == 2
    assert "in flight" in shown and "P99" in shown


def live(daemon, **parameters) -> list[dict]:
    return admin.result(daemon, "requests", **parameters)["live"]


def wait_for_live(daemon, wanted) -> list[dict]:
    deadline = time.monotonic() + 30
    while not wanted(found := live(daemon, oldest=10)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("access_log", ["file", "off"])
def test_requests_that_run(access_log):
    """An upload whose body does not come, then an answer that is not taken: from the first byte of
    the head to the last of the answer, and not longer."""
    with blobgate_daemon.Daemon({} if access_log == "file" else {"access_log": "off"}) as daemon:
        client = daemon.client()
        client.create_container("con")
        client.put_blob("con", "large", bytes(16 << 20))
        sas = daemon.account_sas()
        assert admin.settled_requests(daemon)["live"] == [] and live(daemon) == []
        with daemon.raw() as slow, daemon.raw() as lazy:
            slow.send(f"PUT /acct1/con/slow?{sas} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
                      "x-ms-blob-type: BlockBlob\r\n\r\nhalf".encode())
            first = wait_for_live(daemon, lambda found: found and found[0]["operation"] != "-")
            lazy.send(f"GET /acct1/con/large?{sas} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            upload, answer = wait_for_live(
                daemon, lambda found: len(found) == 2 and found[1]["answering"])
            assert live(daemon, oldest=1)[0]["id"] == upload["id"] == first[0]["id"]
            assert [upload[key] for key in ("operation", "account", "peer", "method", "answering")] \
                == ["Put Blob", "acct1", "127.0.0.1", "PUT", False]
            assert upload["target"].startswith("/acct1/con/slow?")
            assert (answer["operation"], answer["account"]) == ("Get Blob", "acct1")
            assert (answer["peer"], answer["method"]) == ("127.0.0.1", "GET")
            assert answer["target"].startswith("/acct1/con/large?")
            assert upload["age_ns"] > answer["age_ns"] > 0
            assert all("sig=" in one["target"] and re.search(r"sig=([^&]+)", sas)[1] not in
                       one["target"] for one in (upload, answer))
            shown = run("top", "--data-dir", daemon.data_directory, "--interval", "0.2",
                        "--rounds", "1").stdout
            oldest = shown[shown.index("OLDEST REQUEST"):].splitlines()[1:]
            assert re.match(r"Put Blob +\d+\.\d s working +127.0.0.1 +acct1 ", oldest[0])
            assert re.match(r"Get Blob +\d+\.\d s answering +127.0.0.1 +acct1 ", oldest[1])
            assert "OLDEST" not in run("top", "--data-dir", daemon.data_directory, "--interval",
                                       "0.2", "--rounds", "1", "--oldest", "0").stdout
            slow.send(b"whole")
            assert slow.read_response().status == 201
            wait_for_live(daemon, lambda found: [one["id"] for one in found] == [answer["id"]])
        wait_for_live(daemon, lambda found: not found)  # the one whose client went


@pytest.mark.parametrize("oldest", [-1, 10_001, 1.5, "1", None, [1], 1 << 70])
def test_requests_that_run_asked_wrongly(served, oldest):
    assert "oldest" in admin.refusal(served, "requests", oldest=oldest)["message"]


@pytest.mark.parametrize("command", ["stats", "top"])
def test_without_a_daemon(command, tmp_path):
    done = run(command, "--data-dir", tmp_path, check=False)
    assert done.returncode == 1 and "no daemon answers" in done.stderr


def members(bundle) -> dict[str, bytes]:
    with tarfile.open(bundle) as tar:
        return {member.name.partition("/")[2]: tar.extractfile(member).read()
                for member in tar.getmembers() if member.isfile()}


def test_diag_has_what_helps_and_no_secret(tmp_path):
    secret = base64.b64encode(b"delegation secret of 32 bytes!!!").decode()
    scope_key = tmp_path / "scope.key"
    scope_key.write_text(base64.b64encode(bytes(range(32))).decode())
    scope_key.chmod(0o600)
    accounts = [{"name": name, "keys": [key]} for name, key in blobgate_daemon.ACCOUNTS.items()]
    accounts[0] |= {"delegation_secrets": [secret], "encryption_scopes": [
        {"name": "scope", "key_file": str(scope_key)}]}
    with blobgate_daemon.Daemon({"accounts": accounts}) as daemon:
        made = admin.account_json(daemon, "add", "shop")["keys"]
        sas = daemon.account_sas()
        signature = re.search(r"sig=([^&]+)", sas)[1]
        with daemon.raw() as raw:
            raw.send(f"GET /acct1?comp=list&{sas} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            raw.read_response()
        deadline = time.monotonic() + 30
        while "comp=list" not in (daemon.directory / "access.log").read_text():
            assert time.monotonic() < deadline, "lines are written within a second"
            time.sleep(0.05)
        bundle = tmp_path / "diag.tar.gz"
        careless = tmp_path / "careless.log"
        careless.write_text(f"GET https://acct1.blob.example.net/con/b?{sas}\n")
        run("diag", "--data-dir", daemon.data_directory, "--output", bundle, "--log",
            daemon.directory / "access.log", "--log", daemon.directory / "daemon.log", "--log",
            careless, cwd=tmp_path)
        keys = set(blobgate_daemon.ACCOUNTS.values()) | set(made)
    assert bundle.stat().st_mode & 0o077 == 0
    parts = members(bundle)
    assert {"version.txt", "system.txt", "files.txt", "configuration.json", "accounts.json",
            "stats.json", "requests.json", "metrics.txt", "log-0-access.log", "log-1-daemon.log",
            "log-2-careless.log"} == set(parts)
    configuration = json.loads(parts["configuration.json"])
    assert configuration["limits"]["max_connections"] > 0
    assert [a["name"] for a in json.loads(parts["accounts.json"])["accounts"]][-1]
    assert b"blobgate_requests_total" in parts["metrics.txt"]
    assert b"comp=list" in parts["log-0-access.log"]
    assert b"sig=REDACTED" in parts["log-2-careless.log"]
    secrets = {secret, scope_key.read_text(), signature} | keys
    for name, text in parts.items():
        assert not SECRET_WORDS.search(text), name
        for word in secrets:
            assert word.encode() not in text, (name, word)


def test_diag_without_a_daemon(tmp_path):
    bundle = tmp_path / "diag.tar.gz"
    run("diag", "--data-dir", tmp_path, "--output", bundle)
    parts = members(bundle)
    assert b"no answer" in parts["stats.json"] and parts["version.txt"].startswith(b"blobgate ")


def test_two_daemons_do_not_share_a_port(daemon):
    """Each would get some of the requests, for another store."""
    other = blobgate_daemon.Daemon()
    other.ports = dict(daemon.ports)
    with pytest.raises(RuntimeError, match="(?i)address already in use"), other:
        pass
    for _ in range(20):
        daemon.client().expect(200, "GET", "con", "hello")
