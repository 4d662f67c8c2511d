"""The console over its sockets: who gets in, and what of it reaches the Blob endpoint."""
import hashlib
import re
import stat
import urllib.error
import urllib.request

import admin
import blobgate_daemon
import console_client
import pytest
import raw_http
from console_client import Console, blob_path, new_token

XSS = "<img src=x onerror=alert(1)>"
ENDPOINTS = ["/api/status", "/api/accounts", "/api/sas", "/api/logout", "/api/none",
             blob_path("acct1", comp="list"), blob_path("acct1", "con", "hello")]


@pytest.fixture(scope="module")
def served():
    limits = {"head_timeout": 2, "body_timeout": 2, "idle_timeout": 10}
    with blobgate_daemon.Daemon({"limits": limits, **console_client.CONFIG}) as daemon:
        client = daemon.client()
        client.create_container("con")
        client.put_blob("con", "hello", b"hello world")
        daemon.token = new_token(daemon)
        yield daemon
        assert daemon.stop() == 0, daemon.log_tail()


@pytest.fixture
def console(served):
    made = Console(served)
    assert made.log_in(served.token).status == 204
    return made


def test_off_by_default(daemon):
    assert daemon.console_ports == {}
    assert " for the console" not in daemon.log_tail(1 << 20)


def test_nobody_gets_in_without_a_token():
    with blobgate_daemon.Daemon(console_client.CONFIG) as daemon:
        for token in ("", "x", "None", "sha256:"):
            assert Console(daemon).log_in(token).status == 401
        token = new_token(daemon)
        assert Console(daemon).log_in(token).status == 204
        kept = daemon.data_directory / "console.token"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert token not in kept.read_text() and kept.read_text() not in token
        daemon.restart()
        old = Console(daemon)
        assert old.log_in(token).status == 204
        assert Console(daemon).log_in(kept.read_text().strip()).status == 401
        assert Console(daemon).log_in(kept.read_text().strip()[7:]).status == 401
        new = new_token(daemon)
        assert old.ask("GET", "/api/status").status == 401
        assert Console(daemon).log_in(token).status == 401
        assert Console(daemon).log_in(new).status == 204
        assert token not in daemon.log_tail(1 << 20)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_everything_is_401_without_a_session(served, path):
    before = admin.settled_requests(served)["operations"]
    for cookie in ("", "blobgate-console=", "blobgate-console=forged", "x=y",
                   "blobgate-console=" + "A" * 43, "blobgate-console=" + "A" * 20000,
                   "__Host-blobgate-console=" + "A" * 43):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = Console(served).ask(method, path, headers={"Cookie": cookie})
            assert answer.status == 401, (method, cookie[:40])
            assert b"hello" not in answer.body
    assert admin.settled_requests(served)["operations"] == before


def test_a_tampered_cookie(served, console):
    good = console.cookie
    for bad in (good[:-1], good + "A", good.swapcase(), good.replace("=", "=%20"), good[:-1] + "\\"):
        assert Console(served).ask("GET", "/api/status", headers={"Cookie": bad}).status == 401
    # Another server of this host may have set one of the same name.
    both = {"Cookie": f"blobgate-console=other; {good}"}
    assert Console(served).ask("GET", "/api/status", headers=both).status == 200


def test_the_cookie(served):
    for tls in (False, True):
        console = Console(served, tls)
        cookie = console.log_in(served.token).headers["Set-Cookie"]
        assert "; HttpOnly; SameSite=Strict; Max-Age=3600" in cookie
        assert cookie.endswith("; Secure") == tls and cookie.startswith("__Host-") == tls
        assert "Domain" not in cookie
        assert console.ask("GET", "/api/status").status == 200
        # That of one of the two lets nobody into the other.
        other = Console(served, not tls)
        other.cookie = console.cookie
        assert other.ask("GET", "/api/status").status == 401
        assert console.ask("POST", "/api/logout", {}).status == 204
        assert console.ask("GET", "/api/status").status == 401


def test_other_origins(served, console):
    delete = blob_path("acct1", "con", "hello")
    own = f"http://127.0.0.1:{served.console_ports[False]}"
    for headers in ({"Origin": "http://evil.test"}, {"Origin": "null"},
                    {"Origin": f"http://127.0.0.1:{served.ports[False]}"},
                    {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"},
                    {"X-Blobgate-Console": None}, {"Origin": own, "X-Blobgate-Console": None}):
        assert console.ask("DELETE", delete, headers=headers).status == 403, headers
        assert console.ask("POST", "/api/sas", {}, headers=headers).status == 403, headers
        assert Console(served).ask("POST", "/api/login", {"token": served.token},
                                   headers=headers).status == 403, headers
    for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = console.ask("GET", "/api/status", headers=headers)
        assert answer.status == 403 and "Access-Control-Allow-Origin" not in answer.headers
    assert console.ask("GET", "/api/status", headers={"Origin": own}).status == 200
    assert served.client().get("con", "hello") == b"hello world"


def test_methods_and_paths(console):
    for method, path, status, allow in (
            ("POST", "/api/status", 405, "GET"), ("DELETE", "/api/accounts", 405, "GET"),
            ("GET", "/api/sas", 405, "POST"), ("PUT", "/api/logout", 405, "POST"),
            ("GET", "/api/login", 405, "POST"), ("POST", "/", 405, "GET, HEAD"),
            ("PATCH", blob_path("acct1", "con", "hello"), 405, None)):
        answer = console.ask(method, path)
        assert (answer.status, answer.headers["Allow"]) == (status, allow), (method, path)
    for path in ("/api/", "/api//status", "/api/status/", "/api/../etc/passwd", "/api/%73tatus",
                 "/etc/passwd", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//",
                 "/console.js/..", "/.git/config"):
        assert console.ask("GET", path).status == 404, path


def test_bodies(served, console):
    for body in (b"", b"{", b"[]", b"null", b"[" * 8000, b"\xff" * 100, b'{"token": {}}'):
        assert console.ask("POST", "/api/sas", body).status == 400, body[:20]
    answer = console.ask("POST", "/api/sas", b" " * (1 << 20))
    assert answer.status == 413
    with console_raw(served) as raw:
        raw.send(b"POST /api/login HTTP/1.1\r\nHost: x\r\nX-Blobgate-Console: 1\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n")
        raw.send(b"2000\r\n" + b" " * 8192 + b"\r\n")
        assert raw.read_response().status == 413
    with console_raw(served) as raw:  # a body that never comes
        raw.send(b"POST /api/login HTTP/1.1\r\nHost: x\r\nX-Blobgate-Console: 1\r\n"
                 b"Content-Length: 100\r\n\r\n{")
        assert raw.read_response().status == 400
        assert raw.is_closed()
    with console_raw(served) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
        assert raw.read_response().status == 400


def console_raw(served):
    return raw_http.RawConnection(("127.0.0.1", served.console_ports[False]))


def test_every_answer_is_protected(served, console):
    for path in ["/", "/console.js", "/none", *ENDPOINTS]:
        for one in (console, Console(served)):
            answer = one.ask("GET", path)
            policy = answer.headers.get_all("Content-Security-Policy")
            assert len(policy) == 1 and "default-src 'none'" in policy[0], path
            assert "frame-ancestors 'none'" in policy[0] and "unsafe" not in policy[0]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_guessing_is_slowed_down():
    with blobgate_daemon.Daemon(console_client.CONFIG) as daemon:
        token = new_token(daemon)
        statuses = [Console(daemon).log_in("wrong").status for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        answer = Console(daemon).log_in(token)
        assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0
        lines = [line for line in daemon.log_tail(1 << 20).splitlines() if "console-login" in line]
        assert len(lines) == 5
        assert all(line.endswith("arguments={} result=wrong-token") for line in lines)


def test_status_and_accounts(served, console):
    status = console.ask("GET", "/api/status").json()
    assert status["reasons"] == [] and status["store"]["live_bytes"] > 0
    assert {"scrub_running", "scrub_pass_bytes", "last_scrub"} <= set(status["store"])
    assert {entry["name"] for entry in status["requests"]["accounts"]} == set(blobgate_daemon.ACCOUNTS)
    assert {entry["port"] for entry in status["endpoints"]} == set(served.ports.values())
    accounts = console.ask("GET", "/api/accounts")
    assert {a["name"] for a in accounts.json()["accounts"]} == set(blobgate_daemon.ACCOUNTS)
    for key in (*blobgate_daemon.ACCOUNTS.values(), blobgate_daemon.SECOND_KEY):
        assert key.encode() not in accounts.body


def test_list_read_write_delete(served, console):
    name = "a/../../api/login?x#y%41 \u00e4" + XSS
    content = bytes(range(256)) * 4096
    put = console.ask("PUT", blob_path("acct1", "con", name), content,
                      {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": "text/html"})
    assert put.status == 201
    assert served.client().get("con", name) == content
    listed = console.ask("GET", blob_path("acct1", "con", restype="container", comp="list",
                                          prefix="a/"))
    assert listed.status == 200 and b"&lt;img src=x" in listed.body and b"<img" not in listed.body
    assert listed.headers["Content-Disposition"].startswith("attachment")
    assert b"<Name>con</Name>" in console.ask("GET", blob_path("acct1", comp="list")).body
    got = console.ask("GET", blob_path("acct1", "con", name))
    assert (got.status, got.body) == (200, content)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    assert got.headers["Content-Disposition"] == \
        "attachment; filename*=UTF-8''login%3Fx%23y%2541%20%C3%A4%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"
    part = console.ask("GET", blob_path("acct1", "con", name), headers={"Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, content[5:10])
    again = console.ask("PUT", blob_path("acct1", "con", name), b"other",
                        {"x-ms-blob-type": "BlockBlob", "If-None-Match": "*"})
    assert again.status == 409
    blocks = blob_path("acct1", "con", name, comp="blocklist")
    assert console.ask("PUT", blob_path("acct1", "con", name, comp="block", blockid="MDA="),
                       b"block").status == 201
    assert console.ask("PUT", blocks,
                       b"<BlockList><Latest>MDA=</Latest></BlockList>").status == 201
    assert served.client().get("con", name) == b"block"
    assert console.ask("DELETE", blob_path("acct1", "con", name)).status == 202
    assert console.ask("HEAD", blob_path("acct1", "con", name)).status == 404
    assert served.client().get("con", "hello") == b"hello world"


def test_names_with_dots_are_no_paths(served, console):
    """Else a blob's name could choose what is deleted."""
    client = served.client()
    client.create_container("other")
    client.put_blob("other", "x", b"kept")
    assert console.ask("DELETE", blob_path("acct1", "con", "../other/x")).status == 404
    assert client.get("other", "x") == b"kept"


def test_a_hierarchical_account(served, console):
    client = served.client("tree")
    client.create_container("con")
    client.put_blob("con", "d/e", b"1")
    listed = console.ask("GET", blob_path("tree", "con", restype="container", comp="list",
                                          delimiter="/"))
    assert b"<Name>d/</Name>" in listed.body
    assert console.ask("GET", blob_path("tree", "con", "d/e")).body == b"1"


def test_other_operations_are_not_let_through(served, console):
    blob = dict(container="con", blob="hello")
    for method, path, status in (
            ("PUT", blob_path("acct1", "new", restype="container"), 403),
            ("DELETE", blob_path("acct1", "con", restype="container"), 403),
            ("PUT", blob_path("acct1", "con", restype="container", comp="acl"), 403),
            ("PUT", blob_path("acct1", **blob, comp="tags"), 403),
            ("GET", blob_path("acct1", restype="service", comp="properties"), 403),
            ("POST", blob_path("acct1", comp="batch"), 403),
            ("GET", blob_path("acct1", **blob) + "&sig=x", 400),
            ("GET", blob_path("acct1", **blob) + "&blob=other", 400),
            ("GET", blob_path("none", **blob), 404),
            ("GET", blob_path("acct1", "CON", "x"), 400),
            ("GET", blob_path("acct1", "..", "x"), 400)):
        headers = {"x-ms-copy-source": f"http://127.0.0.1:{served.ports[False]}/acct1/con/hello"}
        assert console.ask(method, path, headers=headers).status == status, (method, path)


def test_content_types_that_could_run_are_bytes(served, console):
    for given, shown in (("text/html", None), ("image/svg+xml", None), ("application/xhtml+xml", None),
                         ("image/png", "image/png"), ("image/png; x=<script>", None)):
        console.ask("PUT", blob_path("acct1", "con", "typed"), b"<script>alert(1)</script>",
                    {"x-ms-blob-type": "BlockBlob", "x-ms-blob-content-type": given})
        got = console.ask("GET", blob_path("acct1", "con", "typed"))
        assert got.headers.get_all("Content-Type") == [shown or "application/octet-stream"]
        assert got.headers["Content-Disposition"].startswith("attachment")


def test_make_a_sas(served, console):
    order = {"account": "acct1", "container": "con", "permissions": "r", "minutes": 60}

    def fetch(sas: str, blob: str = "hello", method: str = "GET") -> int:
        url = served.url("acct1", "con", blob, sas, host_style=False)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method)) as got:
                return got.status
        except urllib.error.HTTPError as refused:
            return refused.code

    made = console.ask("POST", "/api/sas", order)
    assert made.status == 200
    assert fetch(made.json()["sas"]) == 200
    assert fetch(made.json()["sas"], method="DELETE") == 403
    one = console.ask("POST", "/api/sas", {**order, "blob": "hello"}).json()["sas"]
    assert (fetch(one), fetch(one, "typed")) == (200, 403)
    secure = console.ask("POST", "/api/sas", {**order, "https_only": True}).json()["sas"]
    assert fetch(secure) == 403
    for key in (blobgate_daemon.ACCOUNTS["acct1"], blobgate_daemon.SECOND_KEY):
        assert key.encode() not in made.body
    for name, wrong in (("account", "none"), ("container", "../x"), ("container", "con\nx"),
                        ("blob", "a\nb"), ("permissions", "rx"), ("minutes", 0)):
        assert console.ask("POST", "/api/sas", {**order, name: wrong}).status in (400, 404), name


def test_the_audit_log_tells_of_changes(served, console):
    mark = hashlib.sha256(console.cookie.split("=")[1].encode()).hexdigest()[:8]
    console.ask("PUT", blob_path("acct1", "con", "audited\n" + XSS), b"", {"x-ms-blob-type": "BlockBlob"})
    console.ask("PUT", blob_path("acct1", "con", "audited"), b"", {"x-ms-blob-type": "BlockBlob"})
    console.ask("POST", "/api/sas", {"account": "acct1", "container": "con", "permissions": "r",
                                     "minutes": 1})
    console.ask("DELETE", blob_path("acct1", "con", "none"))
    console.ask("GET", blob_path("acct1", "con", "hello"))
    console.ask("POST", "/api/logout")
    lines = [line for line in served.log_tail(1 << 20).splitlines() if f"session={mark}" in line]
    commands = [re.search(r'command="([^"]*)".* result=(\S+)', line).groups() for line in lines]
    assert commands == [("console-login", "ok"), ("Put Blob", "201"), ("console-sas", "ok"),
                        ("Delete Blob", "404"), ("console-logout", "ok")]
    assert '{"account":"acct1","blob":"audited","container":"con"}' in lines[1]
    assert console.cookie.split("=")[1] not in served.log_tail(1 << 20)


def test_large_bodies_stream(served, console):
    before = served.memory_mib("VmRSS")
    content = bytes(1 << 20)

    def pieces():
        for _ in range(128):
            yield content

    put = console.ask("PUT", blob_path("acct1", "con", "large"), pieces(),
                      {"x-ms-blob-type": "BlockBlob", "Content-Length": str(128 << 20)})
    assert put.status == 201
    got = console.ask("GET", blob_path("acct1", "con", "large"))
    assert len(got.body) == 128 << 20
    assert served.memory_mib("VmHWM") < before + 64
    console.ask("DELETE", blob_path("acct1", "con", "large"))


def test_sessions_end_after_their_lifetime_and_at_a_restart():
    with blobgate_daemon.Daemon(console_client.CONFIG) as daemon:
        token = new_token(daemon)
        console = Console(daemon)
        console.log_in(token)
        daemon.restart({"console": {**console_client.CONFIG["console"], "session_lifetime": 60}})
        assert console.ask("GET", "/api/status").status == 401
        assert "Max-Age=60;" in console.log_in(token).headers["Set-Cookie"] + ";"
