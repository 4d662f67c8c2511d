#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md, "Layers"), and where each dependency lives."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# Folder of src/ -> folders it may include besides itself. "engine" is the contract in include/.
MAY_INCLUDE = {
    "base": set(),
    "bench": {"base"},
    "config": {"base"},
    "http": {"base"},
    "net": {"base", "http"},
    "engine": {"base"},
    "azure": {"base", "http", "arrow"},
    "arrow": {"base"},
    "query": {"base", "http", "azure", "arrow"},
    "blob": {"base", "http", "azure", "engine"},
    "auth": {"base", "http", "azure"},
    "operations": {"base", "http", "azure", "blob", "query", "engine"},
    "gateway": {"base", "http", "azure", "auth", "blob", "operations", "net", "engine"},
    "console": {"base", "http", "azure", "auth", "gateway", "net"},
    "server": None,  # everything
    "cli": None,
    "main.cc": None,
}

# Library header -> the folders that may use it.
HOMES = {
    "rocksdb/": {"engine/local"},
    "pugixml": {"azure"},
    "sqlite3": {"query"},
    "flatbuffers/": {"arrow"},
    "thrift/": {"query"},
    "snappy.h": {"query"},
    "lz4.h": {"query"},
    "brotli/": {"query"},
    "zstd.h": {"query"},
    "nlohmann/": {"config", "azure", "auth", "query", "console", "cli", "server"},
    "boost/beast": {"net"},
    "openssl/ssl": {"net", "bench"},
    "CLI/": {"cli", "main.cc"},
    "systemd/": {"server"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def layer_of(path):
    return path.relative_to(SRC).parts[0]


def target_of(include):
    """The layer an include of ours belongs to; None for other people's headers."""
    if include.startswith("blobgate/engine/"):
        return "engine"
    first = include.split("/")[0]
    return first if (SRC / first).exists() else None


def check(path):
    layer = layer_of(path)
    folder = str(path.relative_to(SRC).parent)
    for bracket, include in INCLUDE.findall(path.read_text()):
        for prefix, homes in HOMES.items():
            if include.startswith(prefix):
                if not any(folder == h or folder.startswith(h + "/") or layer == h for h in homes):
                    yield f"{path.relative_to(ROOT)}: {include} belongs to {sorted(homes)}"
        if bracket != '"':
            continue
        target = target_of(include)
        allowed = MAY_INCLUDE.get(layer)
        if target is None or target == layer or allowed is None:
            if layer not in MAY_INCLUDE:
                yield f"{path.relative_to(ROOT)}: unknown layer {layer}"
            if target == "engine" and layer == "engine" and not include.startswith("blobgate/"):
                own = path.relative_to(SRC).parts[1]
                other = include.split("/")[1]
                if other not in (own, "contract"):
                    yield f"{path.relative_to(ROOT)}: one engine includes another: {include}"
            continue
        if target not in allowed:
            yield f"{path.relative_to(ROOT)}: {layer} may not include {include}"
        elif target == "engine" and not include.startswith("blobgate/engine/"):
            yield f"{path.relative_to(ROOT)}: only the contract, not an engine: {include}"


def main():
    files = [p for p in SRC.rglob("*") if p.suffix in (".h", ".cc")]
    problems = [problem for path in files for problem in check(path)]
    for problem in problems:
        print(problem)
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
