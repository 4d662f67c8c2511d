"""Metrics and health on their own listener."""
import http.client
import re

import blobgate_daemon
import pytest


def ask(daemon, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.monitor_port, timeout=15)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def metrics(daemon) -> dict[str, float]:
    """By name; every line is one of the text format's."""
    answer, body = ask(daemon, "/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in body.splitlines():
        if re.fullmatch(r"# (HELP|TYPE) blobgate_[a-z_]+ .+", line):
            continue
        name, value = re.fullmatch(r"(blobgate_[a-z_]+) (\S+)", line).groups()
        found[name] = float(value)
    return found


@pytest.fixture(scope="module")
def own():
    """Nothing else writes to it."""
    with blobgate_daemon.Daemon() as running:
        running.client().create_container("con")
        yield running


def test_what_is_stored_shows(own):
    before = metrics(own)
    own.client().put_blob("con", "a", bytes(1 << 20))
    after = metrics(own)
    stored = after["blobgate_live_bytes"] - before["blobgate_live_bytes"]
    assert 1 << 20 <= stored < (1 << 20) + (64 << 10)
    assert after["blobgate_commits_total"] > before["blobgate_commits_total"]
    assert after["blobgate_read_only"] == 0
    assert after["blobgate_disk_free_bytes"] > 0
    own.client().delete("con", "a")
    assert metrics(own)["blobgate_live_bytes"] == before["blobgate_live_bytes"]


def test_healthy_and_ready(own):
    for path in ("/healthz", "/readyz"):
        answer, body = ask(own, path)
        assert (answer.status, body) == (200, "ok\n")
    answer, body = ask(own, "/readyz", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "3", "")


def test_nothing_of_the_store_is_served_there(own):
    for path in ("/", "/acct1/con/a", "/acct1?comp=list"):
        assert ask(own, path)[0].status == 404
    assert ask(own, "/metrics", "PUT")[0].status == 405
    answer = own.client().request("GET", "metrics")
    assert answer.status == 404 and answer.error_code  # an Azure error: there is no such container
