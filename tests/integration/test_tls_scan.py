"""What a scanner of TLS servers finds at the daemon with a certificate of init-tls: sslscan, and one
ClientHello of our own, as Debian's sslscan cannot offer compression."""
import shutil
import socket
import struct
import subprocess
import xml.etree.ElementTree as ElementTree

import blobgate_daemon
import pytest

CIPHERS = {
    "TLSv1.3": {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
    "TLSv1.2": {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-CHACHA20-POLY1305"},
}
GROUPS = {"x25519", "secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    tls = tmp_path_factory.mktemp("scan") / "tls"
    subprocess.run([str(blobgate_daemon.find_binary()), "init-tls", "--directory", str(tls)],
                   check=True, capture_output=True, timeout=60)
    with blobgate_daemon.Daemon({"tls": {"certificate_file": str(tls / "server.pem"),
                                         "key_file": str(tls / "server.key")}}) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def scan(served):
    assert shutil.which("sslscan"), "sslscan is missing: scripts/test installs it"
    done = subprocess.run(["sslscan", "--xml=-", "--no-colour", "--show-certificate",
                           f"127.0.0.1:{served.ports[True]}"],
                          capture_output=True, text=True, timeout=120, check=True)
    return ElementTree.fromstring(done.stdout).find("ssltest")


def test_versions(scan):
    enabled = {f"{one.get('type')} {one.get('version')}": one.get("enabled") == "1"
               for one in scan.findall("protocol")}
    assert enabled == {"ssl 2": False, "ssl 3": False, "tls 1.0": False, "tls 1.1": False,
                       "tls 1.2": True, "tls 1.3": True}


def test_ciphers(scan):
    """Forward secrecy and authenticated encryption, all of them."""
    found = {}
    for cipher in scan.findall("cipher"):
        found.setdefault(cipher.get("sslversion"), set()).add(cipher.get("cipher"))
        assert cipher.get("strength") in ("strong", "acceptable"), cipher.attrib
    assert found == CIPHERS


def test_groups(scan):
    groups = scan.findall("group")
    assert groups
    assert {group.get("name") for group in groups} <= GROUPS


def test_known_holes(scan):
    assert scan.find("renegotiation").attrib == {"supported": "0", "secure": "0"}
    assert {one.get("vulnerable") for one in scan.findall("heartbleed")} == {"0"}


def test_certificate(scan):
    certificate = scan.find("certificates/certificate[@type='short']")
    assert certificate.findtext("signature-algorithm") == "ecdsa-with-SHA256"
    assert certificate.find("pk").get("type") == "EC"
    assert certificate.find("pk").get("curve_name") == "prime256v1"
    assert certificate.findtext("expired") == "false"


def client_hello(compression: bytes) -> bytes:
    """Of TLS 1.2, with these compression methods (RFC 5246 section 7.4.1.2)."""
    def sized(data: bytes, form: str = "!H") -> bytes:
        return struct.pack(form, len(data)) + data

    extensions = b"".join(struct.pack("!H", kind) + sized(body) for kind, body in (
        (10, sized(b"\x00\x17\x00\x1d")),           # groups: P-256, X25519
        (11, b"\x01\x00"),                          # points: uncompressed
        (13, sized(b"\x04\x03\x05\x03\x06\x03")),   # signatures: ECDSA
    ))
    hello = (b"\x03\x03" + bytes(32) + sized(b"", "!B") + sized(b"\xc0\x2b\xc0\x2c") +
             sized(compression, "!B") + sized(extensions))
    message = b"\x01" + struct.pack("!I", len(hello))[1:] + hello
    return b"\x16\x03\x01" + sized(message)


@pytest.mark.parametrize("offered,chosen", [(b"\x01\x00", 0), (b"\x01", None)])
def test_compression(served, offered, chosen):
    """DEFLATE is never taken (CRIME); who offers nothing else gets an alert."""
    with socket.create_connection(("127.0.0.1", served.ports[True]), timeout=30) as client:
        client.sendall(client_hello(offered))
        stream = client.makefile("rb")
        kind, _, size = struct.unpack("!BHH", stream.read(5))
        body = stream.read(size)
    if chosen is None:
        assert (kind, body[:1]) == (21, b"\x02")  # a fatal alert
        return
    assert kind == 22 and body[0] == 2  # ServerHello
    session = 4 + 2 + 32
    assert body[session + 1 + body[session] + 2] == chosen
