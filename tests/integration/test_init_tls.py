"""blobgate init-tls: a private CA and a certificate that clients believe."""
import json
import os
import signal
import socket
import ssl
import stat
import subprocess

import blobgate_daemon
import pytest


def init_tls(directory, *arguments, check=True) -> subprocess.CompletedProcess:
    return subprocess.run([str(blobgate_daemon.find_binary()), "init-tls", "--directory",
                           str(directory), *arguments], capture_output=True, text=True, check=check,
                          timeout=60)


def peer(daemon, ca, name: str) -> dict:
    """The certificate that the daemon shows to a client that trusts `ca` and asks for `name`."""
    context = ssl.create_default_context(cafile=str(ca))
    with socket.create_connection(("127.0.0.1", daemon.ports[True]), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            return secure.getpeercert()


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def site(tmp_path):
    tls = tmp_path / "tls"
    init_tls(tls, "--name", "*.blob.example.net", "--name", "192.0.2.7")
    return tls


def daemon_with(tls) -> blobgate_daemon.Daemon:
    return blobgate_daemon.Daemon({"tls": {"certificate_file": str(tls / "server.pem"),
                                           "key_file": str(tls / "server.key")}})


def test_clients_believe_it(site):
    with daemon_with(site) as daemon:
        for name in ("localhost", "127.0.0.1", "shop.blob.example.net", "192.0.2.7",
                     "acct1.blob.localhost"):
            peer(daemon, site / "ca.pem", name)
        for name in ("blob.example.net", "acct1.blob.core.windows.net", "192.0.2.8"):
            with pytest.raises(ssl.SSLCertVerificationError):
                peer(daemon, site / "ca.pem", name)


def test_an_sdk_over_it(site):
    from azure.storage.blob import BlobServiceClient

    with daemon_with(site) as daemon:
        service = BlobServiceClient(
            f"https://127.0.0.1:{daemon.ports[True]}/acct1",
            {"account_name": "acct1", "account_key": blobgate_daemon.ACCOUNTS["acct1"]},
            connection_verify=str(site / "ca.pem"))
        service.create_container("con").upload_blob("b", b"content")
        assert service.get_blob_client("con", "b").download_blob().readall() == b"content"


def test_files_and_who_may_read_them(site):
    assert sorted(p.name for p in site.iterdir()) == ["ca.key", "ca.pem", "server.key",
                                                      "server.pem"]
    assert mode(site / "ca.key") == 0o600
    assert mode(site / "server.key") == 0o640
    assert (site / "server.key").stat().st_gid == site.parent.stat().st_gid
    text = subprocess.run(["openssl", "x509", "-in", site / "server.pem", "-noout", "-text"],
                          capture_output=True, text=True, check=True).stdout
    assert "ecdsa-with-SHA256" in text and "prime256v1" in text
    assert "TLS Web Server Authentication" in text


def test_again_keeps_the_ca_and_a_reload_takes_the_new_certificate(site):
    ca = (site / "ca.pem").read_bytes()
    with daemon_with(site) as daemon:
        before = peer(daemon, site / "ca.pem", "localhost")
        init_tls(site, "--name", "other.example.net")
        assert (site / "ca.pem").read_bytes() == ca
        daemon.signal(signal.SIGHUP)
        for _ in range(1000):
            if (after := peer(daemon, site / "ca.pem", "localhost")) != before:
                break
        assert after["serialNumber"] != before["serialNumber"]
        peer(daemon, site / "ca.pem", "other.example.net")


def test_names_of_a_configuration(tmp_path):
    config = tmp_path / "blobgate.json"
    config.write_text(json.dumps({"engine": {"data_dir": str(tmp_path)},
                                  "listeners": [{"address": "127.0.0.1", "port": 10000}],
                                  "suffixes": ["blob.site.example", "blob.core.windows.net"],
                                  "web_suffixes": ["web.site.example"]}))
    said = init_tls(tmp_path / "tls", "--config", str(config)).stdout
    assert "*.blob.site.example" in said and "*.web.site.example" in said
    assert "core.windows.net" not in said, "only when it is asked for"
    asked = init_tls(tmp_path / "tls", "--name", "*.blob.core.windows.net").stdout
    assert "*.blob.core.windows.net" in asked


@pytest.mark.parametrize("name", ["", "a b", "a,DNS:evil.example", "http://a", "a:443", "*",
                                  "EXAMPLE.net"])
def test_what_is_no_name(tmp_path, name):
    done = init_tls(tmp_path / "tls", "--name", name, check=False)
    assert done.returncode == 1 and "nor a host name" in done.stderr
    assert not (tmp_path / "tls" / "ca.key").exists()


def test_half_a_ca_is_left_alone(site):
    (site / "ca.key").unlink()
    before = (site / "server.pem").read_bytes()
    done = init_tls(site, check=False)
    assert done.returncode == 1 and "one is missing" in done.stderr
    assert (site / "server.pem").read_bytes() == before


def test_a_key_that_others_may_read_is_not_used(site):
    os.chmod(site / "ca.key", 0o644)
    done = init_tls(site, check=False)
    assert done.returncode == 1 and "ca.key" in done.stderr
