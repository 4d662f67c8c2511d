"""A daemon with a console, and a browser that is logged in."""
import pathlib
import sys

import pytest

_TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(_TESTS / "support")]

import blobgate_daemon  # noqa: E402
import console_client  # noqa: E402
import web_driver  # noqa: E402


@pytest.fixture(scope="session")
def daemon():
    with blobgate_daemon.Daemon(console_client.CONFIG) as running:
        running.client().create_container("con")
        yield running
        assert running.stop() == 0, running.log_tail()


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def browser(downloads):
    with web_driver.Browser(downloads) as running:
        yield running


@pytest.fixture
def page(daemon, browser):
    """The console after a login, on its first view. After the test its log must be clean."""
    browser.open(f"http://127.0.0.1:{daemon.console_ports[False]}/")
    browser.wait("document.querySelector('#login').checkVisibility() ||"
                 " document.querySelector('#status').checkVisibility()")
    if browser.run("return document.querySelector('#login').checkVisibility()"):
        browser.type("#token", console_client.new_token(daemon))
        browser.click("#login button")
    browser.wait("document.querySelector('#status').checkVisibility()")
    browser.log()
    yield browser
    assert browser.log() == []
