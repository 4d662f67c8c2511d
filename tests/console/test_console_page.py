"""The console's page in headless Chromium, as an operator uses it."""
import contextlib
import struct
import threading
import time
import urllib.request
import zlib

import console_client
from console_client import blob_path

XSS = "<img src=x onerror=\"window.pwned=1\">"
MARK = "return window.pwned ?? null"


def png(width: int) -> bytes:
    """A black square."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    header = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width * (width + 1)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows)
            + chunk(b"IEND", b""))


def put(daemon, name: str, content: bytes, kind: str = "application/octet-stream", **more) -> None:
    daemon.client().put_blob("con", name, content, headers={"x-ms-blob-content-type": kind, **more})


def browse(page, *path: str) -> None:
    page.click_text("nav a", "Browse")
    for name in path:
        page.click_text("#list a", name)


def test_log_in_and_out(daemon, browser):
    token = console_client.new_token(daemon)
    browser.open(f"http://127.0.0.1:{daemon.console_ports[False]}/")
    browser.wait("document.querySelector('#login').checkVisibility()")
    assert "Operations" not in browser.text()
    browser.type("#token", "wrong")
    browser.click("#login button")
    browser.wait("document.querySelector('#message').innerText === 'wrong token'")
    browser.type("#token", token)
    browser.click("#login button")
    browser.wait("document.querySelector('#health').innerText === 'healthy'")
    assert browser.run("return document.cookie") == ""
    browser.click("#logout")
    browser.wait("document.querySelector('#login').checkVisibility()")


@contextlib.contextmanager
def reads(daemon, name: str):
    """Somebody reads a blob again and again."""
    end = threading.Event()

    def read() -> None:
        client = daemon.client()
        while not end.wait(0.01):
            client.get("con", name)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def test_plots_follow_the_load(daemon, page):
    put(daemon, "plotted", b"x")
    with reads(daemon, "plotted"):
        page.wait("[...document.querySelectorAll('polyline')].every((line) =>"
                  " line.getAttribute('points')?.split(' ').length > 2)")
        page.wait("document.querySelector('#operations').innerText.includes('Get Blob')")
        page.wait("document.querySelector('#accounts').innerText.includes('acct1')")
    assert "disk free" in page.text("#store") and "last complete pass" in page.text("#scrub")


def test_what_clients_chose_shows_as_text(daemon, page):
    name = f"{XSS}/{XSS}"
    put(daemon, name, b"<script>window.pwned=1</script>" + XSS.encode(), "text/html",
        **{"x-ms-meta-note": XSS})
    browse(page, "acct1", "con", XSS + "/", XSS)
    page.wait("document.querySelector('#preview pre')")
    preview = page.text("#preview")
    assert preview.count(XSS) == 4 and "<script>window.pwned=1</script>" in preview
    assert XSS in page.text("#path")
    assert page.run("return document.querySelectorAll('main img, main script').length") == 0
    assert page.run(MARK) is None
    # A page that somebody stored, opened as the console's own, is saved and does not run.
    page.open(f"http://127.0.0.1:{daemon.console_ports[False]}" + blob_path("acct1", "con", name))
    assert page.run(MARK) is None
    assert page.run("return document.title") == "blobgate"


def test_the_policy_is_in_force(page):
    """What would have to go wrong in a script does not run in this browser either."""
    for attempt in ("document.body.innerHTML = '<img src=x onerror=window.pwned=1>'",
                    "document.body.appendChild(document.createElement('script')).text = 'pwned=1'",
                    "new DOMParser().parseFromString('<b>', 'text/html')",
                    "document.body.setAttribute('onclick', 'window.pwned=1')"):
        assert page.run("try { " + attempt + "; return 'done' } catch { return 'refused' }") == \
            "refused", attempt
    assert page.run(MARK) is None
    page.log()


def test_previews(daemon, page):
    put(daemon, "picture.png", png(7), "image/png")
    put(daemon, "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>window.pwned=1"
                               b"</script></svg>", "image/svg+xml")
    put(daemon, "binary", bytes(range(256)))
    put(daemon, "empty", b"")
    put(daemon, "long", "\u00e4".encode() * 100_000)
    browse(page, "acct1", "con")
    page.click_text("#list a", "picture.png")
    page.wait("document.querySelector('#preview img')?.naturalWidth === 7")
    page.click_text("#list a", "drawing.svg")
    page.wait("document.querySelector('#preview pre')?.innerText.includes('<script>')")
    page.click_text("#list a", "binary")
    page.wait("document.querySelector('#preview').innerText.includes('No preview')")
    page.click_text("#list a", "long")
    page.wait("document.querySelector('#preview pre')?.innerText.length > 30000")
    assert page.run("return document.querySelector('#preview pre').innerText.length") < 33_000
    page.click_text("#list a", "empty")
    page.wait("document.querySelector('#preview pre')?.innerText === ''")


def test_upload_download_delete(daemon, page, downloads, tmp_path):
    content = bytes(range(256)) * (40 << 10 >> 8) * 1024 + b"end"  # 40 MiB: in blocks
    name = f"up & down {chr(228)}.bin"
    (tmp_path / name).write_bytes(content)
    browse(page, "acct1", "con")
    page.wait("document.querySelector('#tools').checkVisibility()")
    page.type("#file", str(tmp_path / name))
    page.click_text("#list a", name)
    assert daemon.client().get("con", name) == content
    page.click_text("#preview a", "Download")
    wait_for_file(downloads / name, content)

    (tmp_path / name).write_bytes(b"second")
    page.type("#file", str(tmp_path / name))
    assert "Overwrite" in page.answer_prompt(accept=False)
    assert daemon.client().get("con", name) == content
    page.type("#file", str(tmp_path / name))
    page.answer_prompt(accept=True)
    page.wait("[...document.querySelectorAll('#list td')].some((d) => d.innerText === '6 B')")
    assert daemon.client().get("con", name) == b"second"

    page.click_text("#list a", name)
    page.click_text("#preview button", "Delete")
    assert name in page.answer_prompt(accept=False)
    assert daemon.client().get("con", name) == b"second"
    page.click_text("#preview button", "Delete")
    page.answer_prompt(accept=True)
    page.wait("!document.querySelector('#list').innerText.includes('up & down')")
    assert daemon.client().request("GET", "con", name).status == 404


def wait_for_file(file, content: bytes) -> None:
    deadline = time.monotonic() + 60
    while not (file.exists() and file.stat().st_size == len(content)):
        assert time.monotonic() < deadline, list(file.parent.iterdir())
        time.sleep(0.05)
    assert file.read_bytes() == content


def test_many_blobs_come_in_pages(daemon, page):
    client = daemon.client()
    for i in range(205):
        client.put_blob("con", f"many/{i:03}", b"")
    browse(page, "acct1", "con", "many/")
    page.wait("document.querySelectorAll('#list td a').length === 200")
    page.click("#more")
    page.wait("document.querySelectorAll('#list td a').length === 205")
    assert not page.run("return document.querySelector('#more').checkVisibility()")


def test_odd_names(daemon, page):
    names = ["odd/../x", "odd/./%2e", "odd/\uffff?#&+", "odd//y", "odd/ "]
    for name in names:
        put(daemon, name, name.encode())
    browse(page, "acct1", "con", "odd/", "../", "x")
    page.wait("document.querySelector('#preview pre')?.innerText === 'odd/../x'")
    page.click_text("#path a", "odd")
    page.click_text("#list a", "\uffff?#&+")
    page.wait("document.querySelector('#preview pre')?.innerText === arguments[0]", names[2])
    page.click_text("#list a", "/")
    page.click_text("#list a", "y")
    page.wait("document.querySelector('#preview pre')?.innerText === 'odd//y'")


def test_make_a_sas(daemon, page):
    put(daemon, "shared", b"for you")
    browse(page, "acct1", "con", "shared")
    page.click_text("#preview button", "Make a SAS")
    page.click("#sas-make")
    url = page.wait("document.querySelector('#sas-url').value")
    with urllib.request.urlopen(url) as got:
        assert got.read() == b"for you"
    page.click("#sas-close")
    page.click_text("#tools button", "Make a SAS")
    assert not page.run("return document.querySelector('#sas-url').checkVisibility()")
    page.click("#sas-letters input[value=l]")
    page.click("#sas-make")
    url = page.wait("document.querySelector('#sas-url').value.includes('sr=c') &&"
                    " document.querySelector('#sas-url').value")
    with urllib.request.urlopen(url + "&restype=container&comp=list") as got:
        assert b"<Name>shared</Name>" in got.read()
    page.click("#sas-close")


def test_a_new_token_ends_the_session(daemon, page):
    console_client.new_token(daemon)
    page.wait("document.querySelector('#login').checkVisibility()")
    page.log()  # the 401
