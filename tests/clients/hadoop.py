#!/usr/bin/env python3
"""Hadoop's ABFS driver against the real daemon: the integration tests that hadoop-azure ships, as
they are, over HTTPS in host style on port 443.

    tests/clients/hadoop.py [--account flat] [--tests REGEX] [--strict] [--trace] [--keep]

Without --tests its file-system contract: create, append, open, seek, rename, delete, list, and so
on; `--tests .` is everything. hadoop_excluded.json says what cannot run here, and why, and which
tests are known to be unstable by themselves. A test that fails and then passes alone, twice, is
reported; unless it is a known one, --strict takes it for a failure. The driver,
its tests and what they need come from Maven. The accounts' host names resolve by a hosts file that
only this Java sees. Needs the right to listen on port 443."""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import azcopy  # noqa: E402
import blobgate_daemon  # noqa: E402
import certificates  # noqa: E402
import coverage  # noqa: E402

ADDRESS = "127.0.0.77"
SUFFIX = "core.windows.net"  # the driver takes an account's name from no other
PASSWORD = "changeit"
CONTRACT = r"^contract\."
ACCOUNTS = {"hierarchical": "tree", "flat": "acct1"}


def install() -> str:
    """The class path. Maven is asked again when pom.xml or the program has changed."""
    home = azcopy.cache_directory() / "hadoop"
    sources = sorted(path for path in (HERE / "java").rglob("*") if path.is_file())
    wanted = "\n".join(path.read_text() for path in sources)
    stamp = home / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(HERE / "java", home)
        subprocess.run(["mvn", "-q", "-B", "compile", "dependency:build-classpath",
                        "-Dmdep.outputFile=classpath"], cwd=home, check=True)
        stamp.write_text(wanted)
    return f"{home / 'target' / 'classes'}:{(home / 'classpath').read_text().strip()}"


def write_settings(directory: pathlib.Path, account: str, hierarchical: bool) -> None:
    """azure-auth-keys.xml, which the tests read from the class path."""
    name = f"{account}.dfs.{SUFFIX}"
    key = blobgate_daemon.ACCOUNTS[account]
    settings = {
        "fs.azure.test.account.name": name,
        "fs.azure.abfs.account.name": name,
        "fs.contract.test.fs.abfs": f"abfs://contract@{name}",
        "fs.contract.test.fs.abfss": f"abfss://contract@{name}",
        "fs.azure.test.namespace.enabled": str(hierarchical).lower(),
        "fs.azure.account.key." + name: key,
        "fs.azure.account.key." + name.replace(".dfs.", ".blob."): key,
        "fs.azure.always.use.https": "true",
        "fs.azure.ssl.channel.mode": "Default_JSSE",
        "fs.azure.scale.test.enabled": "true",
        "fs.azure.scale.test.huge.filesize": "64M",
        "scale.test.distcp.file.size.kb": "4096",
        "hadoop.tmp.dir": str(directory / "tmp"),
        "fs.file.impl": "blobgate.WholeSecondsFileSystem",
    }
    text = "".join(f"<property><name>{escape(k)}</name><value>{escape(v)}</value></property>\n"
                   for k, v in settings.items())
    (directory / "azure-auth-keys.xml").write_text(f"<configuration>\n{text}</configuration>\n")


def excluded(kind: str) -> dict[str, str]:
    every = json.loads((HERE / "hadoop_excluded.json").read_text())
    return every["both"] | every[kind]


def unexplained(output: str) -> list[str]:
    """The unstable tests that are not known to be."""
    known = json.loads((HERE / "hadoop_excluded.json").read_text())["unstable"]
    return [name for name in re.findall(r"^UNSTABLE ([^ :]+)", output, re.M)
            if name not in known]


def run(arguments, directory: pathlib.Path) -> tuple[int, int]:
    class_path = install()
    names = certificates.NAMES + (f"*.dfs.{SUFFIX}",)
    certificates.make_certificates(directory, names)
    store = directory / "trust.p12"
    subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-storetype", "PKCS12",
                    "-file", str(directory / "ca.pem"), "-keystore", str(store),
                    "-storepass", PASSWORD], check=True, capture_output=True)
    hosts = directory / "java-hosts"
    hosts.write_text(f"127.0.0.1 localhost {socket.gethostname()}\n" + "".join(
        f"{ADDRESS} {name}.{face}.{SUFFIX}\n" for name in blobgate_daemon.ACCOUNTS
        for face in ("blob", "dfs")))
    config = {"suffixes": [f"blob.{SUFFIX}", f"dfs.{SUFFIX}"],
              "listeners": [{"address": "127.0.0.1", "port": 0, "tls": False},
                            {"address": ADDRESS, "port": 443, "tls": True}]}
    account = ACCOUNTS[arguments.account]
    write_settings(directory, account, arguments.account == "hierarchical")
    left_out = excluded(arguments.account)
    command = ["java", "-Xmx1g", "--add-opens=java.base/java.lang=ALL-UNNAMED",
               "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED", f"-Djdk.net.hosts.file={hosts}", "-Djava.awt.headless=true",
               f"-Djavax.net.ssl.trustStore={store}", f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
               "-Djavax.net.ssl.trustStoreType=PKCS12",
               f"-Dblobgate.trace={str(arguments.trace).lower()}",
               f"-Dtest.build.data={directory / 'build'}", f"-Dhadoop.log.dir={directory}",
               "-cp", f"{directory}:{class_path}", "blobgate.AbfsSuite", arguments.tests, *left_out]
    began = time.time()
    with blobgate_daemon.Daemon(config, directory=directory, keep=arguments.keep) as daemon:
        daemon.client(account).create_container("contract")
        with open(directory / "java.log", "wb") as log:
            done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=log,
                                  text=True, timeout=arguments.timeout, env=os.environ)
        print(done.stdout, end="", flush=True)
        if daemon.stop() != 0:
            print("FAIL the daemon did not end well")
            return 0, 1
    spans = coverage.Spans("tests/clients")
    spans.ran("Hadoop ABFS", began)
    spans.write()
    for name, reason in left_out.items():
        if re.search(arguments.tests, name):
            print(f"SKIP {name}: {reason}")
    counts = re.findall(r"^(\d+) passed, (\d+) failed", done.stdout, re.M)
    if not counts:
        print((directory / "java.log").read_text(errors="replace")[-3000:])
        print(f"FAIL ended with {done.returncode} before its closing line")
        return 0, 1
    passed, failed = map(int, counts[-1])
    if arguments.strict:
        for name in unexplained(done.stdout):
            print(f"FAIL {name}: unstable, and not known to be")
            failed += 1
    return passed, failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--account", choices=ACCOUNTS, default="hierarchical")
    parser.add_argument("--tests", default=CONTRACT)
    parser.add_argument("--strict", action="store_true", help="unstable tests are failures")
    parser.add_argument("--trace", action="store_true", help="print the stack of each failure")
    parser.add_argument("--keep", action="store_true", help="keep logs and settings, say where")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds")
    arguments = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-hadoop-"))
    try:
        passed, failed = run(arguments, directory)
    finally:
        if arguments.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
