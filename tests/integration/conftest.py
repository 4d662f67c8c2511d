"""One daemon for all tests of this folder; short deadlines, so that slow clients are cut soon."""
import pathlib
import sys
import time

import pytest

_TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_TESTS / "support"), str(_TESTS / "model")]

import blobgate_daemon  # noqa: E402
import coverage  # noqa: E402
import fsck  # noqa: E402

_spans = coverage.Spans("tests/integration")


@pytest.fixture(scope="session")
def daemon():
    limits = {"head_timeout": 2, "body_timeout": 2, "idle_timeout": 10}
    with blobgate_daemon.Daemon({"limits": limits, "copy_sources": {"allowed_hosts": ["127.0.0.1"]}}) as running:
        running.client().create_container("con")
        running.client().put_blob("con", "hello", b"hello world")
        running.client().put_blob("con", "empty", b"")
        yield running
        assert running.stop() == 0, running.log_tail()
        # Whatever the tests did, rows and segments agree on every extent.
        code, report = fsck.run(running.data_directory)
        assert code == fsck.CLEAN, report


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    began = time.time()
    yield
    _spans.ran(f"{item.path.name}::{item.originalname}", began)


def pytest_sessionfinish():
    _spans.write()


@pytest.fixture
def unchanged(daemon):
    """The store holds after the test what it held before."""
    def snapshot():
        client = daemon.client()
        everything = "metadata,uncommittedblobs"
        return [(c, [(b.name, b.properties, b.metadata)
                     for b in client.list_blobs(c, include=everything)])
                for c in client.list_containers()]
    before = snapshot()
    yield
    assert snapshot() == before
