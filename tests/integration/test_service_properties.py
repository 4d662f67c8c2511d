"""Service properties, what CORS makes of them, and the secondary, over sockets."""
import re

import pytest

import blobgate_daemon
from blob_client import parse_xml

ACCOUNT, KEY = "acct1", blobgate_daemon.ACCOUNTS["acct1"]
DEFAULTS = ["Logging", "HourMetrics", "MinuteMetrics", "Cors", "DeleteRetentionPolicy",
            "StaticWebsite"]
NO_RETENTION = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"


@pytest.fixture(scope="module")
def gate():
    """A daemon of its own: its accounts have rules that would show in other tests' answers."""
    accounts = [{"name": ACCOUNT, "keys": [KEY], "sku": "Standard_RAGRS"},
                {"name": "acct2", "keys": [blobgate_daemon.ACCOUNTS["acct2"]]}]
    with blobgate_daemon.Daemon({"accounts": accounts}) as running:
        running.client().create_container("con", public="blob")
        running.client().put_blob("con", "b", b"0123456789", {"x-ms-meta-one": "1"})
        yield running


def set_properties(gate, inside: str, status: int = 202, account: str = ACCOUNT):
    body = f"<StorageServiceProperties>{inside}</StorageServiceProperties>".encode()
    return gate.client(account).expect(status, "PUT", body=body, restype="service",
                                       comp="properties")


def get_properties(gate, account: str = ACCOUNT):
    answer = gate.client(account).expect(200, "GET", restype="service", comp="properties")
    return parse_xml(answer.body)


def cors_rule(origins, methods="GET,PUT", allowed="x-ms-*,content-type", exposed="", age="60"):
    return (f"<CorsRule><AllowedOrigins>{origins}</AllowedOrigins>"
            f"<AllowedMethods>{methods}</AllowedMethods><AllowedHeaders>{allowed}</AllowedHeaders>"
            f"<ExposedHeaders>{exposed}</ExposedHeaders>"
            f"<MaxAgeInSeconds>{age}</MaxAgeInSeconds></CorsRule>")


def set_cors(gate, *rules: str, status: int = 202):
    return set_properties(gate, f"<Cors>{''.join(rules)}</Cors>", status)


def send(gate, method: str, path: str, **headers: str):
    """Anonymous, in path style. Names of headers with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gate.client().send(method, f"/{ACCOUNT}{path}", named)


def preflight(gate, origin="http://app.test", method="PUT", path="/con/b", **headers):
    if origin is not None:
        headers["Origin"] = origin
    if method is not None:
        headers["Access_Control_Request_Method"] = method
    return send(gate, "OPTIONS", path, **headers)


def cors_headers(response) -> dict[str, str]:
    return {k.lower(): v for k, v in response.headers.items()
            if k.lower().startswith("access-control-") or k.lower() == "vary"}


# Properties.

def test_defaults(gate):
    root = get_properties(gate, "acct2")
    assert [child.tag for child in root] == DEFAULTS
    assert root.findtext("Logging/Version") == "1.0"
    assert root.findtext("HourMetrics/Enabled") == "false"
    assert root.findtext("DeleteRetentionPolicy/Enabled") == "false"
    assert root.findtext("StaticWebsite/Enabled") == "false"


def test_every_section_is_kept_and_partial_updates_leave_the_others(gate):
    logging = ("<Logging><Version>2.0</Version><Delete>true</Delete><Read>false</Read>"
               "<Write>true</Write><RetentionPolicy><Enabled>true</Enabled><Days>7</Days>"
               "</RetentionPolicy></Logging>")
    hour = ("<HourMetrics><Version>1.0</Version><Enabled>true</Enabled>"
            f"<IncludeAPIs>true</IncludeAPIs>{NO_RETENTION}</HourMetrics>")
    retention = "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>9</Days></DeleteRetentionPolicy>"
    website = ("<StaticWebsite><Enabled>true</Enabled><IndexDocument>index.html</IndexDocument>"
               "<ErrorDocument404Path>e/404.html</ErrorDocument404Path></StaticWebsite>")
    parts = [logging, hour, retention, website,
             "<DefaultServiceVersion>2021-04-10</DefaultServiceVersion>",
             f"<Cors>{cors_rule('http://one.test')}</Cors>"]
    answer = set_properties(gate, "".join(parts), account="acct2")
    assert answer.body == b""
    before = gate.client("acct2").expect(200, "GET", restype="service", comp="properties").body
    root = parse_xml(before)
    assert [child.tag for child in root] == [*DEFAULTS, "DefaultServiceVersion"]
    assert root.findtext("Logging/Write") == "true" and root.findtext("Logging/Read") == "false"
    assert root.findtext("Logging/RetentionPolicy/Days") == "7"
    assert root.findtext("HourMetrics/IncludeAPIs") == "true"
    assert root.findtext("DeleteRetentionPolicy/Days") == "9"
    assert root.findtext("StaticWebsite/ErrorDocument404Path") == "e/404.html"
    assert root.findtext("Cors/CorsRule/AllowedOrigins") == "http://one.test"

    for part in parts:  # each alone changes nothing
        set_properties(gate, part, account="acct2")
    set_properties(gate, "", account="acct2")
    assert gate.client("acct2").expect(200, "GET", restype="service",
                                       comp="properties").body == before

    set_properties(gate, "<Cors/><StaticWebsite><Enabled>false</Enabled></StaticWebsite>",
                   account="acct2")
    after = get_properties(gate, "acct2")
    assert len(after.find("Cors")) == 0 and len(after.find("StaticWebsite")) == 1
    assert after.findtext("Logging/RetentionPolicy/Days") == "7"
    gate.restart()
    assert get_properties(gate, "acct2").findtext("HourMetrics/IncludeAPIs") == "true"


@pytest.mark.parametrize("inside, code", [
    ("<Cors><CorsRule/></Cors>", "MissingRequiredXmlNode"),
    ("<Nonsense/>", "UnsupportedXmlNode"),
    ("<Cors/><Cors/>", "InvalidXmlDocument"),
    (f"<Cors>{cors_rule('*') * 6}</Cors>", "InvalidXmlDocument"),
    (f"<Cors>{cors_rule('http://' + 'o' * 250)}</Cors>", "InvalidXmlNodeValue"),
    (f"<Cors>{cors_rule(','.join('http://' + 'o' * 240 for _ in range(9)))}</Cors>",
     "InvalidXmlDocument"),
    (f"<Cors>{cors_rule('*', methods='FETCH')}</Cors>", "InvalidXmlNodeValue"),
    (f"<Cors>{cors_rule('*', allowed='a*,b*,c*')}</Cors>", "InvalidXmlDocument"),
    ("<DeleteRetentionPolicy><Enabled>true</Enabled><Days>366</Days></DeleteRetentionPolicy>",
     "InvalidXmlDocument"),
    ("<DefaultServiceVersion>yesterday</DefaultServiceVersion>", "InvalidXmlNodeValue"),
    ("<StaticWebsite><Enabled>true</Enabled><IndexDocument>a/b</IndexDocument></StaticWebsite>",
     "InvalidXmlNodeValue"),
    ("<Logging><Version>9.9</Version><Delete>true</Delete><Read>true</Read><Write>true</Write>"
     + NO_RETENTION + "</Logging>", "InvalidXmlNodeValue"),
])
def test_refused(gate, inside, code):
    before = gate.client().expect(200, "GET", restype="service", comp="properties").body
    assert set_properties(gate, inside, 400).error_code == code
    assert gate.client().expect(200, "GET", restype="service", comp="properties").body == before


def test_default_service_version(gate):
    newest = send(gate, "GET", "/con/b").headers["x-ms-version"]
    set_properties(gate, "<DefaultServiceVersion>2019-02-02</DefaultServiceVersion>")
    assert send(gate, "GET", "/con/b").headers["x-ms-version"] == "2019-02-02"
    assert newest > "2021"
    given = send(gate, "GET", "/con/b", x_ms_version="2021-04-10")
    assert given.headers["x-ms-version"] == "2021-04-10"


# CORS.

def test_preflight(gate):
    set_cors(gate, cors_rule("http://app.test,http://two.test"))
    answer = preflight(gate, Access_Control_Request_Headers="X-Ms-Blob-Type, content-type")
    assert answer.status == 200 and answer.body == b""
    assert cors_headers(answer) == {
        "access-control-allow-origin": "http://app.test",
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "X-Ms-Blob-Type, content-type",
        "access-control-max-age": "60",
        "access-control-allow-credentials": "true"}
    # No credentials, and nothing need exist: neither container nor names that could.
    for path in ("/nowhere/x", "/", "/?comp=list", "/con?restype=container", "/UPPER/%01"):
        assert preflight(gate, path=path).status == 200, path
    everyone = [cors_rule("*", methods="GET")]
    set_cors(gate, *everyone)
    assert cors_headers(preflight(gate, method="GET")) == {
        "access-control-allow-origin": "*", "access-control-allow-methods": "GET",
        "access-control-max-age": "60"}


def test_preflight_refused(gate):
    set_cors(gate, cors_rule("http://app.test", methods="PUT", allowed="x-ms-one"),
             cors_rule("*", methods="PUT", allowed="*"))
    for refused in (preflight(gate, method="DELETE"),
                    # The first rule that fits origin and method decides alone.
                    preflight(gate, Access_Control_Request_Headers="x-ms-two"),
                    preflight(gate, origin="http://APP.test", method="get")):
        assert refused.status == 403 and refused.error_code == "CorsPreflightFailure"
        assert cors_headers(refused) == {}
    assert preflight(gate, origin="http://APP.test",
                     Access_Control_Request_Headers="x-ms-two").status == 200
    for missing in (preflight(gate, origin=None), preflight(gate, method=None)):
        assert missing.status == 400 and missing.error_code == "InvalidHeaderValue"
    set_cors(gate)
    off = preflight(gate)
    assert off.status == 403 and off.error_code == "CorsPreflightFailure"
    nobody = gate.client().send("OPTIONS", "/nobody/con/b", {
        "Origin": "http://app.test", "Access-Control-Request-Method": "GET"})
    assert nobody.status == 404


NAMED = {"access-control-allow-origin": "http://app.test", "vary": "Origin",
         "access-control-allow-credentials": "true"}


@pytest.mark.parametrize("rules, origin, expected", [
    ([], "http://app.test", {}),
    ([cors_rule("http://app.test")], None, {"vary": "Origin"}),
    ([cors_rule("http://app.test")], "http://app.test", NAMED),
    ([cors_rule("http://app.test")], "http://other.test", {"vary": "Origin"}),
    ([cors_rule("*")], None, {"access-control-allow-origin": "*"}),
    ([cors_rule("*")], "http://app.test", {"access-control-allow-origin": "*"}),
    ([cors_rule("http://app.test", methods="PUT")], "http://app.test", {"vary": "Origin"}),
])
def test_actual_reads(gate, rules, origin, expected):
    """Every row of the table of operations.md 1.19, for answers and for errors."""
    set_cors(gate, *rules)
    headers = {"Origin": origin} if origin else {}
    for method, path in (("GET", "/con/b"), ("GET", "/con/missing")):
        assert cors_headers(send(gate, method, path, **headers)) == expected, path
    # A rule for GET alone does not speak of HEAD.
    head = send(gate, "HEAD", "/con/b", **headers)
    assert cors_headers(head) == ({"vary": "Origin"} if rules else {})


def test_actual_writes_never_vary(gate):
    set_cors(gate, cors_rule("http://app.test"))
    put = gate.client().put_blob("con", "w", b"1", {"Origin": "http://app.test"})
    assert cors_headers(put) == {k: v for k, v in NAMED.items() if k != "vary"}
    assert cors_headers(gate.client().put_blob("con", "w", b"1", {"Origin": "http://b.test"})) == {}
    assert cors_headers(gate.client().put_blob("con", "w", b"1")) == {}


def test_exposed_headers(gate):
    set_cors(gate, cors_rule("*", exposed="x-ms-*,ETag,X-MS-Request-Id,Content-Length"))
    answer = send(gate, "GET", "/con/b", Origin="http://app.test")
    exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
    assert {"ETag", "Content-Length", "x-ms-request-id", "x-ms-meta-one",
            "x-ms-version"} <= set(exposed)
    assert len({name.lower() for name in exposed}) == len(exposed), "each once"
    assert "Content-Type" not in exposed


# The secondary.

def secondary(gate, method: str, path: str, **headers):
    target = f"/{ACCOUNT}-secondary{path}"
    client = gate.client()
    return client.send(method, target, client.signed_headers(method, target, headers, 0))


def test_stats_are_of_the_secondary(gate):
    answer = secondary(gate, "GET", "/?restype=service&comp=stats")
    assert answer.status == 200
    root = parse_xml(answer.body)
    assert root.findtext("GeoReplication/Status") == "live"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
                        root.findtext("GeoReplication/LastSyncTime"))
    primary = gate.client().request("GET", restype="service", comp="stats")
    assert (primary.status, primary.error_code) == (400, "InvalidQueryParameterValue")
    assert parse_xml(primary.body).findtext("QueryParameterName") == "comp"


def test_stats_need_a_readable_secondary(gate):
    client = gate.client("acct2")
    target = "/acct2-secondary/?restype=service&comp=stats"
    answer = client.send("GET", target, client.signed_headers("GET", target, {}, 0))
    assert (answer.status, answer.error_code) == (403, "InsufficientAccountPermissions")


def test_the_secondary_is_read_only(gate):
    assert secondary(gate, "GET", "/con/b").body == b"0123456789"
    refused = secondary(gate, "DELETE", "/con/b")
    assert (refused.status, refused.error_code) == (403, "InsufficientAccountPermissions")
    refused = secondary(gate, "PUT", "/other?restype=container")
    assert (refused.status, refused.error_code) == (403, "InsufficientAccountPermissions")
    assert gate.client().exists("con", "b")
