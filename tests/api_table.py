#!/usr/bin/env python3
"""Makes docs/api.md: every operation that blobgate routes, which tests asked for it over a socket
and what was answered, and which tests met each error code.

    export BLOBGATE_COVERAGE=DIR
    scripts/test integration; scripts/test clients; scripts/test conformance
    tests/api_table.py DIR > docs/api.md
"""
from __future__ import annotations

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "support"))

import blobgate_daemon  # noqa: E402
import coverage  # noqa: E402

SHOWN = 6  # tests named in a cell; the others are counted

# Codes that tests meet without an access log of their own.
ELSEWHERE = {
    "AllBatchSubRequestsShouldBeSameApi": "`test_batch.py`, in a part of the answer",
    "BlockCountExceedsLimit": "`append_blob_test.cc`: 50,000 blocks",
    "InsufficientStorage": "`tests/fault/full_disk.py`",
    "ServerBusy": "`tests/fault/fault_sweep.py`: after a failed sync",
    "SnapshotCountExceeded": "`page_layers_test.cc`: 2,000 snapshots of a page blob",
}
# Codes of Azure's list that nothing here answers, by why.
UNREACHABLE = {
    "accounts come from the configuration: there, or not":
        "AccountAlreadyExists AccountBeingCreated ContainerDisabled SystemInUse",
    "deletion takes effect at once, whatever was in it, and the name is free":
        "ContainerBeingDeleted FilesystemBeingDeleted DestinationPathIsBeingDeleted "
        "SourcePathIsBeingDeleted",
    "renames and recursive deletes in each other's way take turns": "InternalOperationAbortError",
    "of versions before 2017-11-09, which are answered as that one":
        "FeatureVersionMismatch InvalidVersionForPageBlobOperation CopyAcrossAccountsNotSupported "
        "ConditionHeadersNotSupported UnsupportedRestVersion",
    "another code is the one that Azure answers: BlobOverwritten, BlobTierInadequateForContentLength,"
    " InvalidQueryParameterValue, InvalidHeaderValue, UnsupportedHttpVerb, ConditionNotMet, InvalidUri,"
    " the one of the resource's kind":
        "BlobGenerationMismatch ContentLengthLargerThanTierLimit InvalidBlockId InvalidOperation "
        "InvalidCrc64 InvalidHttpVerb TargetConditionNotMet RequestUrlFailedToParse "
        "ResourceAlreadyExists InvalidPropertyName",
    "the dfs face answers the codes of the Blob face for leases, as Azure's does":
        "LeaseAlreadyBroken LeaseIdMismatch LeaseIsAlreadyBroken LeaseNameMismatch LeaseNotPresent",
    "nothing that is asked for leads to it: unknown parameters are ignored, a blob that is not"
    " archived takes any tier, every snapshot can be compared with, there is no limit on the rate of"
    " snapshots":
        "UnsupportedQueryParameter BlobNotArchived PreviousSnapshotOperationNotSupported "
        "SnapshotOperationRateExceeded",
    "its conditions are not documented": "InvalidAppendOperation InvalidSourceBlobUrl",
    "of the emulator alone": "UnexpectedSyncCopyStatus",
}


def operations() -> list[tuple[str, str, str]]:
    """Name, method and URL of the operation table."""
    text = subprocess.run([str(blobgate_daemon.find_binary()), "operation-docs"], check=True,
                          capture_output=True, text=True).stdout
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("| ")]
    return [(row[0], row[1], row[2]) for row in rows if row[0] != "Operation"]


def error_codes() -> list[tuple[str, str]]:
    text = (HERE.parent / "src" / "azure" / "errors.def").read_text()
    return re.findall(r"BG_AZURE_ERROR\((\w+), (\d+)", text)


def cell(names: set[str]) -> str:
    shown = sorted(names)[:SHOWN]
    more = len(names) - len(shown)
    return "<br>".join(f"`{name}`" for name in shown) + (f"<br>and {more} more" if more else "")


def main() -> int:
    met = coverage.collect(pathlib.Path(sys.argv[1]))
    rows = operations()
    print("# The API: what is served, and which test asks for it\n")
    print("Made by [tests/api_table.py](../tests/api_table.py) from the operation table and the"
          " access logs of a test run.\nEvery `x-ms-version` from 2017-11-09 on is served, newer"
          " ones too.\n")
    print("## Operations\n\n| Operation | Method | URL | Answers seen | Tests |\n|---|---|---|---|---|")
    for name, method, url in rows:
        seen = ", ".join(map(str, sorted(met.statuses[name])))
        print(f"| {name} | {method} | {url} | {seen or 'none'} | {cell(met.tests[name]) or 'none'} |")
    print("\n## Error codes\n\n| Code | Status | Tests |\n|---|---|---|")
    known = error_codes()
    for code, status in known:
        if met.codes[code] or code in ELSEWHERE:
            print(f"| {code} | {status} | {cell(met.codes[code]) or ELSEWHERE[code]} |")
    print("\nNot answered:\n\n| Codes | Why |\n|---|---|")
    reasons = {code: why for why, codes in UNREACHABLE.items() for code in codes.split()}
    for why, codes in UNREACHABLE.items():
        print(f"| {', '.join(codes.split())} | {why} |")
    unmet = [code for code, _ in known
             if not met.codes[code] and code not in ELSEWHERE and code not in reasons]
    if unmet:
        print("met by no test, and no reason: " + ", ".join(unmet), file=sys.stderr)
    surprising = [code for code in reasons if met.codes[code]]
    if surprising:
        print("said not to be answered, but met: " + ", ".join(surprising), file=sys.stderr)
    missing = [name for name, *_ in rows if not met.tests[name]]
    if missing:
        print("not asked for by any test: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing or unmet or surprising else 0


if __name__ == "__main__":
    sys.exit(main())
