"""The daemon's log, its audit lines, and the access log as Azure's Storage Analytics has it."""
import datetime
import http.client
import json
import os
import re
import time

import admin
import blobgate_daemon
import fsck
import pytest
import test_data

REQUEST_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def log(daemon) -> list[str]:
    return (daemon.directory / "daemon.log").read_text().splitlines()


def access_lines(daemon, count: int) -> list[str]:
    """Waits: lines are written by a thread of their own."""
    deadline = time.monotonic() + 60
    while True:
        lines = (daemon.directory / "access.log").read_text().splitlines()
        if len(lines) >= count:
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.02)


def damage(daemon, blob: str) -> None:
    """Changes a bit behind the first 512 KiB of it."""
    daemon.stop()
    _, report = fsck.run(daemon.data_directory, "--data", "--list-extents")
    extent = next(e for e in report["extent_list"]
                  if any(use["blob"] == blob for use in e["used_by"]))
    path = daemon.data_directory / "segments" / f"{extent['segment']:016x}.seg"
    with open(path, "r+b") as file:
        file.seek(extent["position"] + (700 << 10))
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))
    daemon.start()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_cut_answer_is_logged_with_its_request_id(log_format):
    with blobgate_daemon.Daemon({"log_format": log_format}) as daemon:
        daemon.client().create_container("con")
        daemon.client().put_blob("con", "b", test_data.content(900 << 10, 1))
        damage(daemon, "b")
        connection = http.client.HTTPConnection(*daemon.address(), timeout=60)
        headers = daemon.client().signed_headers("GET", "/acct1/con/b", None, 0)
        connection.request("GET", "/acct1/con/b", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        identity = answer.headers["x-ms-request-id"]
        access_lines(daemon, 3)
        lines = [line for line in log(daemon) if "answer was cut" in line]
        assert len(lines) == 1
        if log_format == "json":
            entry = json.loads(lines[0])
            assert (entry["request_id"], entry["level"]) == (identity, "error")
            assert re.match("the answer was cut after [0-9]+ bytes: ", entry["message"])
        else:
            assert " error " in lines[0] and f" request {identity} the answer was cut" in lines[0]


def test_json_lines_are_json():
    with blobgate_daemon.Daemon({"log_format": "json"}) as daemon:
        daemon.client().create_container("con")
        admin.ask(daemon, b'{"command": "stats"}\n')
        assert daemon.stop() == 0
        for line in log(daemon):
            entry = json.loads(line)
            assert {"time", "level", "logger", "thread", "message"} <= set(entry), line
        for line in (daemon.directory / "access.log").read_text().splitlines():
            assert re.fullmatch(REQUEST_ID, json.loads(line)["request_id"])


def test_each_admin_command_is_in_the_audit_log():
    with blobgate_daemon.Daemon({"log_format": "json", "log_level": "error"}) as daemon:
        assert admin.ask(daemon, b'{"command": "stats"}\n')["ok"]
        for refused in (b'{"command": "snapshot", "target": "not absolute", "key": "hush"}',
                        b'nonsense "x', b'{"command": "a\\n2026 error forged"}'):
            assert not admin.ask(daemon, refused + b"\n")["ok"]
        lines = [json.loads(line) for line in log(daemon)]
        audit = [line["message"] for line in lines if line["logger"] == "audit"]
        who = f"uid={os.getuid()} pid={os.getpid()} "
        assert [line.removeprefix(who) for line in audit] == [
            'command="stats" arguments={} result=ok',
            'command="snapshot" arguments={"key":"REDACTED","target":"not absolute"} '
            'result=InvalidArgument message="target: an absolute path is needed"',
            'command=- arguments=null result=InvalidArgument '
            'message="a request is an object with a command"',
            'command="a\\n2026 error forged" arguments={} result=InvalidArgument '
            'message="unknown command a\\n2026 error forged"']


def test_audit_lines_in_the_text_log():
    with blobgate_daemon.Daemon({"log_level": "error"}) as daemon:
        assert admin.ask(daemon, b'{"command": "stats"}\n')["ok"]
        [line] = log(daemon)
        assert re.fullmatch(r'\S+Z info [0-9]+ audit: uid=[0-9]+ pid=[0-9]+ command="stats" '
                            r'arguments=\{\} result=ok', line)


# --- Azure's Storage Analytics ------------------------------------------------------------------

# The documented order, version 2.0; the first 30 are version 1.0's.
FIELDS = """version-number request-start-time operation-type request-status http-status-code
    end-to-end-latency-in-ms server-latency-in-ms authentication-type requester-account-name
    owner-account-name service-type request-url requested-object-key request-id-header
    operation-count requester-ip-address request-version-header request-header-size
    request-packet-size response-header-size response-packet-size request-content-length
    request-md5 server-md5 etag-identifier last-modified-time conditions-used user-agent-header
    referrer-header client-request-id
    user-object-id tenant-id application-id audience issuer user-principal-name reserved-field
    authorization-detail""".split()


def fields_of(line: str) -> dict[str, str]:
    values = re.findall(r'(?:^|;)((?:"[^"]*")?[^;"]*)', line)
    assert len(values) == len(FIELDS) == 38, line
    return dict(zip(FIELDS, values))


def test_the_access_log_as_storage_analytics_has_it():
    with blobgate_daemon.Daemon({"access_log_format": "analytics"}) as daemon:
        client = daemon.client()
        client.create_container("con", public="blob")
        headers = {"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==", "User-Agent": 'a;"b"<c>',
                   "x-ms-client-request-id": "id 1"}
        put = client.put_blob("con", "ä b", b"hello", headers)
        sas = daemon.container_sas("con")
        got = client.send("GET", f"/acct1/con/%C3%A4%20b?{sas}",
                          {"If-None-Match": '"0x1"', "Referer": "http://x/"})
        assert got.status == 200
        assert client.send("HEAD", "/acct1/con/none", {"x-ms-version": "2020-10-02"}).status == 404
        assert client.send("GET", "/acct1/con/a?sig=wrong&sv=2020-10-02", {}).status == 403
        created, stored, read, missing, refused = map(fields_of, access_lines(daemon, 5))

        assert created["operation-type"] == "CreateContainer"
        assert created["request-status"] == "Success"
        assert all(entry["version-number"] == "2.0" for entry in (created, stored, read, missing))
        began = datetime.datetime.strptime(stored["request-start-time"][:19], "%Y-%m-%dT%H:%M:%S")
        assert abs((datetime.datetime.utcnow() - began).total_seconds()) < 600
        assert re.fullmatch(r".{19}\.[0-9]{7}Z", stored["request-start-time"])
        assert int(stored["end-to-end-latency-in-ms"]) >= int(stored["server-latency-in-ms"]) >= 0
        for name in ("request-start-time", "end-to-end-latency-in-ms", "server-latency-in-ms"):
            del stored[name]
        for name in ("request-header-size", "response-header-size"):
            assert 100 < int(stored.pop(name)) < 2000
        address = f"127.0.0.1:{daemon.ports[False]}"
        assert re.fullmatch(r"127\.0\.0\.1:[0-9]+", stored.pop("requester-ip-address"))
        assert stored == dict.fromkeys(stored, "") | {
            "version-number": "2.0", "operation-type": "PutBlob", "request-status": "Success",
            "http-status-code": "201", "authentication-type": "authenticated",
            "requester-account-name": "acct1", "owner-account-name": "acct1",
            "service-type": "blob", "request-url": f'"http://{address}/acct1/con/%C3%A4%20b"',
            "requested-object-key": '"/acct1/con/ä b"',
            "request-id-header": put.headers["x-ms-request-id"], "operation-count": "0",
            "request-version-header": put.headers["x-ms-version"], "request-packet-size": "5",
            "response-packet-size": "0", "request-content-length": "5",
            "request-md5": '"XUFAKrxLKna5cZ2REBfFkg=="', "server-md5": '"XUFAKrxLKna5cZ2REBfFkg=="',
            "etag-identifier": '"' + put.headers["ETag"].replace('"', "&quot;") + '"',
            "last-modified-time": stored["last-modified-time"],
            "user-agent-header": '"a;&quot;b&quot;&lt;c&gt;"', "client-request-id": '"id 1"'}
        at = datetime.datetime.strptime(stored["last-modified-time"], "%A, %d-%b-%y %H:%M:%S GMT")
        assert at.strftime("%a, %d %b %Y %H:%M:%S GMT") == put.headers["Last-Modified"]

        assert (read["request-status"], read["authentication-type"]) == ("SASSuccess", "sas")
        assert (read["requester-account-name"], read["owner-account-name"]) == ("", "acct1")
        assert (read["request-packet-size"], read["response-packet-size"]) == ("0", "5")
        assert read["conditions-used"] == '"If-None-Match=&quot;0x1&quot;"'
        assert read["referrer-header"] == '"http://x/"'
        assert "sig=REDACTED" in read["request-url"] and "&amp;" in read["request-url"]
        assert missing["request-status"] == "BlobNotFound"
        assert missing["authentication-type"] == "anonymous"
        assert missing["http-status-code"] == "404"
        assert refused["request-status"] == "AuthorizationError"
        assert (refused["http-status-code"], refused["owner-account-name"]) == ("403", "acct1")
