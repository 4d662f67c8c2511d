"""The daemon with the accounts that the suites want, and the environment that tells them."""

from __future__ import annotations

import base64
import hashlib
import os
import pathlib
import subprocess

import blobgate_daemon
import certificates

VERSIONED, UNVERSIONED = "stdacct", "plainacct"  # standard accounts
KEYS = {
    VERSIONED: "QXpDb3B5J3Mgc3VpdGVzOiBzdGFuZGFyZCBhY2NvdW50",
    UNVERSIONED: "QXpDb3B5J3Mgc3VpdGVzOiBubyB2ZXJzaW9ucy4uLi4u",
    "hnsacct": "QXpDb3B5J3Mgc3VpdGVzOiBoaWVyYXJjaGljYWwuLi4u",
    "oldacct": "QXpDb3B5J3Mgc3VpdGVzOiBjbGFzc2ljIGFjY291bnQu",
    "pageacct": "QXpDb3B5J3Mgc3VpdGVzOiBwcmVtaXVtIHBhZ2VzLi4u",
    "shareacct": "QXpDb3B5J3Mgc3VpdGVzOiBubyBmaWxlIHNoYXJlcy4u",
    # The public one of Azurite; the suite has it built in.
    "devstoreaccount1": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr"
                        "/KBHBeksoGMGw==",
}
SETTINGS = {VERSIONED: {"versioning": True}, "hnsacct": {"hierarchical": True},
            "oldacct": {"kind": "Storage"}, "pageacct": {"sku": "Premium_LRS"}}
SCOPE = "blobgokeytestscope"
ISSUER = "https://login.blob.core.windows.net/33333333-3333-3333-3333-333333333333/"
OWNER = "00000000-0000-0000-0000-000000000001"
_SUFFIXES = ("blob.core.windows.net", "dfs.core.windows.net")
UNSERVED = "file.core.windows.net"  # named, so that requests to it fail at once
_CPK = hashlib.sha256(b"a key that the client provides").digest()


def host_names() -> list[str]:
    return [f"{account}.{suffix}" for account in KEYS for suffix in (*_SUFFIXES, UNSERVED)]


class Gateway:
    """Certificates, keys and programs in `directory`, and the daemon that uses them."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        names = tuple(f"*.{suffix}" for suffix in (*_SUFFIXES, UNSERVED))
        certificates.make_certificates(directory, names)
        self._scope, self._issuer = directory / "scope.key", directory / "issuer.pem"
        self._scope.write_bytes(base64.b64encode(os.urandom(32)))
        self._scope.chmod(0o600)
        subprocess.run([str(blobgate_daemon.find_binary()), "token", "new-key", str(self._issuer)],
                       check=True, stdout=subprocess.DEVNULL)
        self._write_az()
        for name in ("home", "tmp", "logs"):
            (directory / name).mkdir()

    def daemon(self) -> blobgate_daemon.Daemon:
        """Not started yet."""
        return blobgate_daemon.Daemon(self._configuration(), directory=self.directory)

    def _configuration(self) -> dict:
        accounts = [{"name": name, "keys": [key],
                     "encryption_scopes": [{"name": SCOPE, "key_file": str(self._scope)}],
                     **SETTINGS.get(name, {})} for name, key in KEYS.items()]
        return {
            "listeners": [{"address": "127.0.0.1", "port": 10000, "tls": False},
                          {"address": "127.0.0.1", "port": 443, "tls": True}],
            "suffixes": list(_SUFFIXES),
            "accounts": accounts,
            "copy_sources": {"ca_file": str(self.directory / "ca.pem")},
            "oauth": {
                "local_issuer": {"key_file": str(self._issuer), "issuer": ISSUER,
                                 "tenant": ISSUER.split("/")[3]},
                "roles": [{"role": "Storage Blob Data Owner", "oid": OWNER, "account": "*"}]},
        }

    def _write_az(self) -> None:
        """The program that AzCopy and the SDK take tokens from."""
        programs = self.directory / "bin"
        programs.mkdir()
        config = self.directory / "blobgate.json"
        (programs / "az").write_text(
            f"#!/bin/sh\nexec '{blobgate_daemon.find_binary()}' token issue --config '{config}' "
            f"--oid {OWNER} --minutes 600 --format az\n")
        (programs / "az").chmod(0o755)

    def environment(self, suite: str, azcopy: pathlib.Path, standard: str) -> dict[str, str]:
        """Of the test program of `suite`; nothing of the caller's but PATH. `standard` is its
        standard account."""
        common = {
            "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.directory / "home"),
            "TMPDIR": str(self.directory / "tmp"),
            "AZCOPY_DISABLE_SYSLOG": "true",
            "AZCOPY_E2E_LOG_OUTPUT": str(self.directory / "logs"),
            "CPK_ENCRYPTION_KEY": base64.b64encode(_CPK).decode(),
            "CPK_ENCRYPTION_KEY_SHA256": base64.b64encode(hashlib.sha256(_CPK).digest()).decode(),
        }
        return common | (self._old(azcopy, standard) if suite == "old"
                         else self._new(azcopy, standard))

    def _old(self, azcopy: pathlib.Path, standard: str) -> dict[str, str]:
        accounts = {"AZCOPY_E2E_ACCOUNT_NAME": standard, "AZCOPY_E2E_ACCOUNT_NAME_HNS": "hnsacct",
                    "AZCOPY_E2E_CLASSIC_ACCOUNT_NAME": "oldacct"}
        return {"AZCOPY_E2E_EXECUTABLE_PATH": str(azcopy),
                "NEW_E2E_ENVIRONMENT": "AzurePipeline",  # tokens come from az, without az login
                **_with_keys(accounts)}

    def _new(self, azcopy: pathlib.Path, standard: str) -> dict[str, str]:
        accounts = {f"NEW_E2E_{kind}_ACCOUNT_NAME": name for kind, name in
                    (("STANDARD", standard), ("HNS", "hnsacct"), ("PREMIUM_PAGE", "pageacct"),
                     ("PREMIUM_FILESHARE", "shareacct"))}
        return {"NEW_E2E_AZCOPY_PATH": str(azcopy), "NEW_E2E_STATIC_CLI_INHERIT": "true",
                "NEW_E2E_STATIC_TENANT_ID": ISSUER.split("/")[3],
                "NEW_E2E_SKIP_TELEMETRY": "true", **_with_keys(accounts)}


def _with_keys(accounts: dict[str, str]) -> dict[str, str]:
    keys = {variable.replace("ACCOUNT_NAME", "ACCOUNT_KEY"): KEYS[name]
            for variable, name in accounts.items()}
    return accounts | keys
