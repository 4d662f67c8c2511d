"""What a daemon exports: right, complete, bounded; and what dashboard, alerts and docs say."""
import datetime
import json
import re
import shutil
import subprocess
import time

import admin
import azure_auth
import blobgate_daemon
import prometheus_text
import pytest
import raw_http
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient, generate_blob_sas
from cryptography import x509

REPOSITORY = blobgate_daemon.REPOSITORY
DASHBOARD = REPOSITORY / "config" / "grafana" / "blobgate.json"
ALERTS = REPOSITORY / "config" / "prometheus" / "alerts.yml"
DOCS = REPOSITORY / "docs" / "observability.md"
OWNER = "00000000-0000-0000-0000-000000000001"
TENANT = "33333333-3333-3333-3333-333333333333"
OK, REFUSED = {"class": "2xx"}, {"class": "4xx"}
ADDED_BY_PROMETHEUS = {"instance", "job", "le"}


def blobgate(*arguments: str) -> str:
    run = subprocess.run([str(blobgate_daemon.find_binary()), *arguments], capture_output=True,
                         text=True, check=True)
    return run.stdout.strip()


def scrape(daemon) -> dict[str, prometheus_text.Family]:
    return prometheus_text.scrape(daemon)


def settled(daemon) -> dict[str, prometheus_text.Family]:
    """What is exported when no request runs: all that were answered are counted."""
    admin.settled_requests(daemon)
    return scrape(daemon)


def eventually(check) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Site:
    def __init__(self, daemon: blobgate_daemon.Daemon):
        self.daemon = daemon

    def bearer(self) -> BlobServiceClient:
        config = str(self.daemon.directory / "blobgate.json")
        issued = blobgate("token", "issue", "--config", config, "--oid", OWNER)

        class Credential:
            def get_token(self, *_, **__):
                return AccessToken(issued, int(time.time()) + 600)

        return BlobServiceClient(f"https://127.0.0.1:{self.daemon.ports[True]}/acct1",
                                 credential=Credential(), retry_total=0,
                                 connection_verify=str(self.daemon.ca_file))

    def anonymous(self, method: str, target: str, headers: dict[str, str] | None = None):
        return self.daemon.client().send(method, target, headers or {})

    def totals(self, name: str, **labels: str) -> float:
        return scrape(self.daemon)[name].value(**labels)


def work(site: Site) -> None:
    """Something of everything: each way to authenticate, reads, writes, errors."""
    daemon = site.daemon
    client = daemon.client()
    client.put_blob("con", "a", b"x" * 1000)
    client.put_blocks("con", "b", [b"y" * 5000] * 3)
    client.get("con", "a")
    assert client.request("GET", "con", "none").status == 404
    sas = {"account": daemon.account_sas(), "service": daemon.container_sas("con")}
    service = site.bearer()
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    key = service.get_user_delegation_key(now - hour, now + hour)
    sas["delegation"] = generate_blob_sas("acct1", "con", "a", user_delegation_key=key,
                                          permission="r", expiry=now + hour)
    for token in sas.values():
        assert site.anonymous("GET", f"/acct1/con/a?{token}").status == 200
    assert site.anonymous("GET", "/acct1/public/a", {"x-ms-version": "2020-10-02"}).status == 200
    assert site.anonymous("GET", "/acct1/con/a?" + sas["account"][:-3]).status == 403
    assert site.anonymous("GET", "/nobody/con/a").status in (400, 404)
    assert service.get_blob_client("con", "a").download_blob().readall() == b"x" * 1000
    client.delete("con", "b")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    key_file = tmp_path_factory.mktemp("issuer") / "issuer.pem"
    blobgate("token", "new-key", str(key_file), "--type", "ec")
    issuer = {"key_file": str(key_file), "issuer": f"https://blob.gate.test/{TENANT}/",
              "tenant": TENANT}
    role = {"role": "Storage Blob Data Owner", "oid": OWNER, "account": "acct1"}
    oauth = {"local_issuer": issuer, "roles": [role]}
    accounts = [{"name": name, "keys": [blobgate_daemon.ACCOUNTS[name]],
                 "limits": {"capacity_bytes": 1 << 40}} for name in ("acct1", "acct2")]
    config = {"oauth": oauth, "access_log": "off", "accounts": accounts}
    with blobgate_daemon.Daemon(config) as daemon:
        daemon.client().create_container("con")
        daemon.client().create_container("public", public="container")
        daemon.client().put_blob("public", "a", b"hello")
        running = Site(daemon)
        work(running)
        yield running
        assert daemon.stop() == 0, daemon.log_tail()


# --- What is counted ---------------------------------------------------------------------------


def test_a_request_counts_once_everywhere(site):
    client = site.daemon.client()
    before = settled(site.daemon)
    client.put_blob("con", "counted", b"z" * 4321)
    client.get("con", "counted")
    after = settled(site.daemon)

    def grown(name: str, sample: str | None = None, **labels: str) -> float:
        return after[name].value(sample, **labels) - before[name].value(sample, **labels)

    assert grown("blobgate_requests_total") == 2
    assert grown("blobgate_requests_total", operation="PutBlob", status="201") == 1
    assert grown("blobgate_requests_total", operation="GetBlob", status="200") == 1
    assert grown("blobgate_received_bytes_total", operation="PutBlob") == 4321
    assert grown("blobgate_received_bytes_total") == 4321
    assert grown("blobgate_sent_bytes_total", operation="GetBlob") == 4321
    assert grown("blobgate_account_requests_total", account="acct1", auth="shared_key", **OK) == 2
    assert grown("blobgate_account_requests_total") == 2
    assert grown("blobgate_account_received_bytes_total", account="acct1") == 4321
    assert grown("blobgate_account_sent_bytes_total", account="acct1") == 4321
    assert grown("blobgate_request_versions_total", version=azure_auth.VERSION) == 2
    assert grown("blobgate_request_errors_total") == 0
    assert grown("blobgate_requests_cut_total") == 0
    for name in ("blobgate_request_duration_seconds", "blobgate_request_server_duration_seconds"):
        assert grown(name, name + "_count", operation="PutBlob") == 1
        assert grown(name, name + "_bucket", operation="PutBlob", le="+Inf") == 1
        assert grown(name, name + "_sum", operation="PutBlob") > 0
    assert grown("blobgate_commit_group_batches", "blobgate_commit_group_batches_sum") >= 1
    writers, total = "blobgate_segment_sync_writers", "blobgate_segment_sync_writers_sum"
    eventually(lambda: scrape(site.daemon)[writers].value(total) > before[writers].value(total))


def test_who_asked(site):
    requests = settled(site.daemon)["blobgate_account_requests_total"]
    for auth in ("shared_key", "account_sas", "service_sas", "user_delegation_sas", "bearer",
                 "anonymous"):
        assert requests.value(account="acct1", auth=auth, **OK) > 0, auth
    assert requests.value(account="acct1", auth="unknown", **REFUSED) > 0, "a wrong signature"
    assert requests.value(account="-", **REFUSED) > 0, "no such account"
    assert requests.value(account="acct2") == 0


def test_errors_by_code(site):
    errors = settled(site.daemon)["blobgate_request_errors_total"]
    assert errors.value(operation="GetBlob", code="BlobNotFound") > 0
    assert errors.value(operation="GetBlob", code="AuthenticationFailed") > 0


def raw_head(site, method: str, target: str, headers: dict[str, str], length: int) -> bytes:
    headers = site.daemon.client().signed_headers(method, target, headers, length)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def test_server_latency_leaves_out_the_client(site):
    """A client that takes its time to send is not the server's fault."""
    head = raw_head(site, "PUT", "/acct1/con/slow", {"x-ms-blob-type": "BlockBlob"}, 10)
    before = settled(site.daemon)
    with raw_http.RawConnection(site.daemon.address()) as connection:
        connection.send(head + b"12345")
        eventually(lambda: site.totals("blobgate_requests_in_flight") == 1)
        time.sleep(1)
        connection.send(b"67890")
        assert connection.read_response().status == 201
    after = settled(site.daemon)

    def seconds(name: str) -> float:
        was, now = (families[name].value(name + "_sum", operation="PutBlob")
                    for families in (before, after))
        return now - was

    whole = seconds("blobgate_request_duration_seconds")
    server = seconds("blobgate_request_server_duration_seconds")
    assert whole >= 1
    assert server <= whole - 1 + 0.001


def test_an_answer_that_is_cut_counts_as_cut(site):
    def cut() -> float:
        return site.totals("blobgate_requests_cut_total", operation="GetBlob")

    site.daemon.client().put_blob("con", "large", bytes(64 << 20))
    before = cut()
    connection = raw_http.RawConnection(site.daemon.address())
    connection.send(raw_head(site, "GET", "/acct1/con/large", {}, 0))
    eventually(lambda: site.totals("blobgate_requests_in_flight") == 1)
    connection.reset()
    eventually(lambda: cut() == before + 1)
    eventually(lambda: site.totals("blobgate_requests_in_flight") == 0)


def test_connections(site):
    before = scrape(site.daemon)
    connections = [raw_http.RawConnection(site.daemon.address()) for _ in range(5)]
    eventually(lambda: site.totals("blobgate_connections_accepted_total")
               == before["blobgate_connections_accepted_total"].value() + 5)
    assert site.totals("blobgate_connections") >= 5
    for connection in connections:
        connection.close()


def test_the_parts_of_a_batch_count_too(site):
    client = site.daemon.client()
    client.put_blob("con", "p1", b"1")
    before = settled(site.daemon)["blobgate_requests_total"]
    site.bearer().get_container_client("con").delete_blobs("p1", "p2", raise_on_any_failure=False)
    after = settled(site.daemon)["blobgate_requests_total"]
    for status in ("202", "404"):
        assert (after.value(operation="DeleteBlob", status=status)
                == before.value(operation="DeleteBlob", status=status) + 1)


def test_a_certificate_tells_when_it_expires(site):
    expiry = site.totals("blobgate_certificate_expiry_timestamp_seconds")
    pem = (site.daemon.directory / "server.pem").read_bytes()
    chain = x509.load_pem_x509_certificates(pem)
    first = min(certificate.not_valid_after for certificate in chain)
    assert expiry == first.replace(tzinfo=datetime.timezone.utc).timestamp()


def test_histograms_are_cumulative(site):
    for family in scrape(site.daemon).values():
        if family.type != "histogram":
            continue
        highest: dict[str, float] = {}  # of the buckets, in their order
        counts: dict[str, float] = {}
        for name, labels, value in family.samples:
            series = json.dumps({k: v for k, v in labels.items() if k != "le"}, sort_keys=True)
            if name.endswith("_bucket"):
                assert value >= highest.get(series, 0), (name, labels)
                highest[series] = value
            elif name.endswith("_count"):
                counts[series] = value
        assert highest == counts


# --- Whatever clients send ----------------------------------------------------------------------


def hostile(site: Site, index: int) -> None:
    """Requests of which everything that may become a label is new."""
    word = f"w{index:05d}"
    daemon = site.daemon
    version = f"{2030 + index % 60}-01-{1 + index % 28:02d}"
    for method, target in (("GET", f"/{word}/con/a"), ("GET", f"/acct1/{word}/{word}"),
                           (word.upper(), "/acct1/con/a"), ("GET", f"/acct1/con?restype={word}"),
                           ("PUT", f"/acct1/con/a?comp={word}"),
                           ("GET", f"/acct1/con/a?sig={word}&sv={word}")):
        for headers in ({"x-ms-version": version, "Authorization": f"SharedKey {word}:{word}"},
                        {"x-ms-version": word, "User-Agent": word},
                        {"Host": f"{word}.blob.localhost", "x-ms-client-request-id": word}):
            site.anonymous(method, target, headers)
    with raw_http.RawConnection(daemon.address()) as connection:
        connection.send(f"{word} no such thing\r\n\r\n".encode())
        assert connection.read_response().status == 400


def test_clients_cannot_make_labels(site):
    def series() -> set[str]:
        return {name + json.dumps(labels, sort_keys=True) for family in scrape(site.daemon).values()
                for name, labels, _ in family.samples}

    hostile(site, 0)
    admin.settled_requests(site.daemon)
    before = series()
    for index in range(1, 25):
        hostile(site, index)
    admin.settled_requests(site.daemon)
    assert series() - before == set()
    assert not [s for s in series() if re.search(r"w0\d{4}|W0\d{4}|20[3-9]\d-", s)]
    versions = scrape(site.daemon)["blobgate_request_versions_total"]
    assert versions.value(version="other") > 0 and versions.value(version="malformed") > 0
    assert versions.value(version="absent") > 0


# --- What speaks of the metrics -----------------------------------------------------------------


def dashboard_expressions() -> list[tuple[str, str]]:
    dashboard = json.loads(DASHBOARD.read_text())
    found = [(panel["title"], target["expr"]) for panel in dashboard["panels"]
             for target in panel.get("targets", [])]
    found += [(variable["name"], variable["query"]) for variable in dashboard["templating"]["list"]
              if variable["type"] == "query"]
    assert len(found) > 40
    return found


def alert_expressions() -> list[tuple[str, str]]:
    found = re.findall(r"- alert: (\w+)\n\s+expr: (.+)\n", ALERTS.read_text())
    assert len(found) == ALERTS.read_text().count("- alert:") > 10
    return found


@pytest.mark.parametrize("expressions", [dashboard_expressions, alert_expressions])
def test_every_name_and_label_used_is_exported(site, expressions):
    families = scrape(site.daemon)
    for where, expression in expressions():
        names = prometheus_text.names_in(expression)
        assert names, (where, expression)
        labels_here = set(ADDED_BY_PROMETHEUS)
        for name, labels in names:
            if name == "up":
                continue
            family = families[prometheus_text.family_of(name, families)]
            assert family.samples, f"{where}: nothing exports {name}"
            assert labels <= family.labels | ADDED_BY_PROMETHEUS, (where, name, labels)
            assert name == family.name or family.type == "histogram", (where, name)
            assert name != family.name or family.type != "histogram", (where, name)
            labels_here |= family.labels
        assert prometheus_text.grouped_by(expression) <= labels_here, (where, expression)


def test_counters_are_read_as_rates(site):
    """A counter by itself says nothing, and a gauge has no rate."""
    families = scrape(site.daemon)
    for where, expression in dashboard_expressions() + alert_expressions():
        for match in re.finditer(r"\b(blobgate_[a-z_]+)(\{[^}]*\})?(\[)?", expression):
            family = families[prometheus_text.family_of(match.group(1), families)]
            counter = family.type in ("counter", "histogram")
            ranged = bool(match.group(3))
            over_gauges = re.search(r"(predict_linear|changes)\(blobgate", expression)
            assert ranged == counter or (ranged and over_gauges), (where, match.group(0))


def test_alert_values_exist(site):
    """The codes and operations that alerts pick are ones that the daemon knows."""
    codes = (REPOSITORY / "src" / "azure" / "errors.def").read_text()
    for where, expression in alert_expressions():
        for value in re.findall(r'code=~?"([^"]+)"', expression):
            for code in value.split("|"):
                assert f"BG_AZURE_ERROR({code}," in codes, (where, code)


@pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's package prometheus has promtool")
def test_promtool_accepts_the_rules():
    checked = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True,
                             text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="Debian's package prometheus has promtool")
def test_promtool_accepts_the_metrics(site):
    checked = subprocess.run(["promtool", "check", "metrics"], capture_output=True, text=True,
                             input=prometheus_text.text_of(site.daemon), check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def table_of(families: dict[str, prometheus_text.Family]) -> str:
    rows = [f"| `{name}` | {family.type} | "
            f"{', '.join(f'`{label}`' for label in sorted(family.labels))} | {family.help} |"
            for name, family in sorted(families.items())]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])


def test_the_documentation_has_every_metric(site):
    wanted = table_of(scrape(site.daemon))
    assert wanted in DOCS.read_text(), f"the table of {DOCS.name} should be:\n{wanted}"


def test_every_metric_is_on_the_dashboard_or_in_an_alert(site):
    families = scrape(site.daemon)
    used = {prometheus_text.family_of(name, families)
            for _, expression in dashboard_expressions() + alert_expressions()
            for name, _ in prometheus_text.names_in(expression) if name != "up"}
    assert set(families) == used
