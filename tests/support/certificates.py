"""A throw-away private CA and a server certificate for the tests, made by the openssl command."""

from __future__ import annotations

import pathlib
import subprocess

NAMES = ("localhost", "*.blob.localhost", "*.blob.core.windows.net", "*.blob.gate.test",
         "*.dfs.gate.test")


def make_certificates(directory: pathlib.Path, names: tuple[str, ...] = NAMES) -> None:
    """Writes ca.pem, server.pem and server.key to `directory`; valid for two days."""
    def openssl(*arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")

    subject = ",".join([f"DNS:{name}" for name in names] + ["IP:127.0.0.1"])
    (directory / "server.ext").write_text(
        f"subjectAltName={subject}\nbasicConstraints=CA:FALSE\n"
        "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", "/CN=blobgate test CA", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=blobgate test server", "-keyout", "server.key", "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "server.ext", "-out", "server.pem")
