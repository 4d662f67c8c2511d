"""The static website endpoint over sockets, as a browser sees it."""
import re

import pytest

import blobgate_daemon

ACCOUNT, KEY = "acct1", blobgate_daemon.ACCOUNTS["acct1"]
HOST = f"{ACCOUNT}.z7.web.core.windows.net"
OWN_HOST = "www.site.test"
FILES = {"index.html": b"<h1>root</h1>", "about.html": b"about", "docs/index.html": b"docs",
         "docs/a page.html": b"0123456789", "app/shell.html": b"shell",
         "errors/404.html": b"<h1>not here</h1>", "bare/file.txt": b"bare"}


@pytest.fixture(scope="module")
def gate():
    accounts = [{"name": ACCOUNT, "keys": [KEY], "website_hosts": [OWN_HOST]},
                {"name": "acct2", "keys": [blobgate_daemon.ACCOUNTS["acct2"]]}]
    with blobgate_daemon.Daemon({"accounts": accounts}) as running:
        set_website(running, "<Enabled>true</Enabled>")  # makes the container
        for name, body in FILES.items():
            running.client().put_blob("$web", name, body, {
                "x-ms-blob-content-type": "text/html", "x-ms-meta-secret": "1",
                "x-ms-blob-cache-control": "max-age=60"})
        yield running


@pytest.fixture
def site(gate):
    set_website(gate, "<Enabled>true</Enabled><IndexDocument>index.html</IndexDocument>"
                      "<ErrorDocument404Path>errors/404.html</ErrorDocument404Path>")
    return gate


def set_website(gate, inside: str) -> None:
    body = ("<StorageServiceProperties><StaticWebsite>" + inside
            + "</StaticWebsite></StorageServiceProperties>").encode()
    gate.client().expect(202, "PUT", body=body, restype="service", comp="properties")


def browse(gate, path: str, method: str = "GET", host: str = HOST, tls: bool = False, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gate.client(tls=tls).send(method, path, {"Host": host, **named})


def test_documents(site):
    for path, body in (("/about.html", b"about"), ("/docs/a%20page.html", b"0123456789"),
                       ("/", b"<h1>root</h1>"), ("/docs/", b"docs"), ("/docs", b"docs"),
                       ("/about.html?x=1&comp=list&restype=container", b"about")):
        answer = browse(site, path)
        assert (answer.status, answer.body) == (200, body), path
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.headers["Cache-Control"] == "max-age=60"
        assert answer.headers["x-ms-version"] == "2018-03-28"
        ours = {k.lower() for k in answer.headers if k.lower().startswith("x-ms-")}
        assert ours == {"x-ms-request-id", "x-ms-version"}, "nothing of the REST API shows"


@pytest.mark.parametrize("host", [HOST, f"{ACCOUNT}.web.core.windows.net", OWN_HOST.upper(),
                                  f"{ACCOUNT}-secondary.z7.web.core.windows.net",
                                  f"{ACCOUNT}.z1.web.localhost:8443"])
def test_hosts(site, host):
    assert browse(site, "/about.html", host=host).body == b"about"


def test_over_tls(site):
    # The certificate of the tests names other hosts; which one is asked is said in the request.
    answer = browse(site, "/docs/", tls=True)
    assert (answer.status, answer.body) == (200, b"docs")


def test_head(site):
    answer = browse(site, "/docs/a%20page.html", "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == "10"
    missing = browse(site, "/nothing", "HEAD")
    assert (missing.status, missing.body) == (404, b"")
    assert missing.headers["Content-Length"] == str(len(FILES["errors/404.html"]))


def test_ranges_and_conditions(site):
    part = browse(site, "/docs/a%20page.html", Range="bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    etag = part.headers["ETag"]
    same = browse(site, "/docs/a%20page.html", If_None_Match=etag)
    assert (same.status, same.body) == (304, b"")
    assert browse(site, "/docs/a%20page.html", If_Match='"0x1"').status == 412
    beyond = browse(site, "/docs/a%20page.html", Range="bytes=10-")
    assert beyond.status == 416 and b"InvalidRange" in beyond.body
    assert beyond.headers["Content-Type"] == "text/html"


def test_error_document(site):
    for path in ("/nothing", "/bare/", "/bare", "/docs/nothing.html"):
        answer = browse(site, path, Range="bytes=0-1", If_None_Match="*")
        assert (answer.status, answer.body) == (404, FILES["errors/404.html"]), path
        assert answer.headers["x-ms-error-code"] == "WebContentNotFound"
        assert "Content-Range" not in answer.headers


def test_error_page_without_a_document(gate):
    for inside in ("<Enabled>true</Enabled>",
                   "<Enabled>true</Enabled><ErrorDocument404Path>gone</ErrorDocument404Path>",
                   "<Enabled>false</Enabled><IndexDocument>index.html</IndexDocument>"):
        set_website(gate, inside)
        answer = browse(gate, "/")
        assert answer.status == 404 and answer.headers["Content-Type"] == "text/html"
        text = answer.body.decode()
        assert re.fullmatch(
            r"<!DOCTYPE html><html><head><title>WebContentNotFound</title></head><body>"
            r"<h1>The requested content does not exist.</h1><p><ul><li>HttpStatusCode: 404</li>"
            r"<li>ErrorCode: WebContentNotFound</li><li>RequestId : [0-9a-f-]{36}</li>"
            r"<li>TimeStamp : \d{4}-\d\d-\d\dT[\d:.]+Z</li></ul></p></body></html>", text), text
    # A name that exists is served by the REST API alone while the website is off.
    assert browse(gate, "/about.html").status == 404
    assert gate.client().get("$web", "about.html") == b"about"


def test_default_index_document(gate):
    set_website(gate, "<Enabled>true</Enabled>"
                      "<DefaultIndexDocumentPath>app/shell.html</DefaultIndexDocumentPath>")
    for path in ("/", "/any/where/"):
        assert browse(gate, path).body == b"shell", path
    assert browse(gate, "/any/where").status == 404


def test_only_reads(site):
    for method in ("PUT", "POST", "DELETE", "OPTIONS"):
        answer = browse(site, "/about.html", method, Content_Length="0",
                        Origin="http://a.test", Access_Control_Request_Method="GET")
        assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", method
        assert answer.error_code == "UnsupportedHttpVerb"
    assert browse(site, "/about.html").body == b"about"


def test_credentials_and_api_headers_count_for_nothing(site):
    answer = browse(site, "/about.html", Authorization="SharedKey acct1:bm9uc2Vuc2U=",
                    x_ms_version="nonsense", x_ms_range="bytes=0-0", x_ms_lease_id="nonsense")
    assert (answer.status, answer.body) == (200, b"about")


@pytest.mark.parametrize("path, status", [
    ("/%zz", 400), ("/%00", 400), ("/%ff%fe", 400), ("/" + "x/" * 300, 400),
    ("/../../etc/passwd", 404), ("/%2e%2e/secret", 404), ("//", 404), ("/a//b", 404),
    ("/<script>", 404), ("/docs%5Cindex.html", 200), ("/" + "n" * 1025, 400)])
def test_hostile_paths(site, path, status):
    answer = browse(site, path)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/html"
    assert b"<script>" not in answer.body and b"passwd" not in answer.body


def test_other_containers_and_accounts(site):
    client = site.client()
    client.create_container("private")
    client.put_blob("private", "p", b"secret")
    for path in ("/private/p", "/$web/about.html", "/../private/p", f"/{ACCOUNT}/private/p"):
        assert browse(site, path).status == 404, path
    assert browse(site, "/about.html", host="acct2.z7.web.core.windows.net").status == 404
    # An unknown account is not a website: the REST API answers.
    unknown = browse(site, "/nobody/c/b", host="nobody.z7.web.core.windows.net")
    assert unknown.headers["Content-Type"] == "application/xml"


def test_no_cors_headers(site):
    rule = ("<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*</AllowedOrigins>"
            "<AllowedMethods>GET</AllowedMethods><AllowedHeaders/><ExposedHeaders/>"
            "<MaxAgeInSeconds>1</MaxAgeInSeconds></CorsRule></Cors></StorageServiceProperties>")
    site.client().expect(202, "PUT", body=rule.encode(), restype="service", comp="properties")
    answer = browse(site, "/about.html", Origin="http://a.test")
    assert "Access-Control-Allow-Origin" not in answer.headers and answer.status == 200
