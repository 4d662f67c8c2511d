"""Metrics and health on their own listener. What the metrics say: test_metrics.py."""
import http.client
import json

import blobgate_daemon
import prometheus_text
import pytest


def ask(daemon, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.monitor_port, timeout=15)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def value(daemon, name: str) -> float:
    return prometheus_text.scrape(daemon)[name].value()


@pytest.fixture(scope="module")
def own():
    """Nothing else writes to it."""
    with blobgate_daemon.Daemon() as running:
        running.client().create_container("con")
        yield running


def test_what_is_stored_shows(own):
    before = value(own, "blobgate_live_bytes")
    own.client().put_blob("con", "a", bytes(1 << 20))
    stored = value(own, "blobgate_live_bytes") - before
    assert 1 << 20 <= stored < (1 << 20) + (64 << 10)
    assert value(own, "blobgate_read_only") == 0
    assert 0 < value(own, "blobgate_disk_free_bytes") < value(own, "blobgate_disk_size_bytes")
    own.client().delete("con", "a")
    assert value(own, "blobgate_live_bytes") == before


def test_healthy_and_ready(own):
    for path in ("/healthz", "/readyz"):
        answer, body = ask(own, path)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(body) == {"status": "ok"}
    answer, empty = ask(own, "/readyz", "HEAD")
    assert (answer.status, answer.headers["Content-Length"], empty) == (200, str(len(body)), "")


def test_nothing_of_the_store_is_served_there(own):
    for path in ("/", "/acct1/con/a", "/acct1?comp=list"):
        assert ask(own, path)[0].status == 404
    assert ask(own, "/metrics", "PUT")[0].status == 405
    answer = own.client().request("GET", "metrics")
    assert answer.status == 404 and answer.error_code  # an Azure error: there is no such container
