#!/usr/bin/env python3
"""AzCopy from S3 to a blobgate daemon. AzCopy lists the buckets; the daemon itself reads the
objects, by the URLs that AzCopy signed for it.

    azcopy-conformance/s3/run.py [--only REGEX] [--keep]

AzCopy takes no S3 host but those of AWS, so a real S3 server, versitygw, answers to their names, in
a mount and network namespace of its own (needs root, or user namespaces). Needs Go and its module
proxy on the first run, curl and openssl.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "upstream"), str(HERE.parents[1] / "tests" / "support")]

import azcopy  # noqa: E402
import blobgate_daemon  # noqa: E402
import certificates  # noqa: E402
import namespace  # noqa: E402
import s3_scenarios  # noqa: E402
import s3_server  # noqa: E402

SUFFIX = "blob.core.windows.net"


def _configuration(directory: pathlib.Path) -> dict:
    return {"listeners": [{"address": "127.0.0.1", "port": 10000, "tls": False},
                          {"address": "127.0.0.1", "port": 443, "tls": True}],
            "suffixes": [SUFFIX],
            "copy_sources": {"ca_file": str(directory / "ca.pem"),
                             # On a loopback address, so each host by its full name.
                             "allowed_hosts": s3_server.host_names(s3_scenarios.BUCKETS)}}


def _run(directory: pathlib.Path, programs: tuple[pathlib.Path, pathlib.Path], only: str) -> int:
    certificates.make_certificates(directory, (f"*.{SUFFIX}", *s3_server.certificate_names()))
    namespace.furnish(directory, {
        "127.0.0.1": [f"{account}.{SUFFIX}" for account in blobgate_daemon.ACCOUNTS],
        s3_server.ADDRESS: s3_server.host_names(s3_scenarios.BUCKETS)}, directory / "ca.pem")
    failed = passed = 0
    with blobgate_daemon.Daemon(_configuration(directory), directory=directory) as daemon, \
            s3_server.Server(programs[1], directory) as server:
        place = s3_scenarios.Place(daemon, server, directory, programs[0])
        place.fill()
        for title, scenario in s3_scenarios.ALL.items():
            if not re.search(only, title):
                continue
            began, trouble = time.monotonic(), ""
            try:
                scenario(place)
                passed += 1
            except Exception as error:  # whatever happens is this scenario's result
                trouble = f"\n    {type(error).__name__}: {error}"
                failed += 1
            print(f"{'FAILED' if trouble else 'passed'} {time.monotonic() - began:5.1f} s  {title}"
                  + trouble, flush=True)
        if daemon.stop() != 0:
            print(f"the daemon failed:\n{daemon.log_tail()}")
            failed += 1
    print(f"AzCopy {azcopy.version(programs[0])}, versitygw {s3_server.VERSION}: "
          f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="REGEX")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory")
    arguments = parser.parse_args()
    programs = azcopy.install(), s3_server.install_server()  # the namespace has no network
    if not namespace.entered():
        namespace.enter()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-s3-"))
    try:
        return _run(directory, programs, arguments.only)
    finally:
        if arguments.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
