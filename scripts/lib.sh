# Shared by the scripts in this folder. Source it; it changes to the project root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export ROOT

say() { printf '\n== %s\n' "$*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages of Debian 12 that are missing are installed; nothing happens when all are there.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' ||
      missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "Installing ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "This script installs packages with apt-get (Debian 12). Install these and try again:" >&2
    echo "  ${missing[*]}" >&2
    exit 1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
}

BUILD_PACKAGES=(clang-19 lld-19 libclang-rt-19-dev g++ cmake ninja-build ccache pkg-config git
  libboost1.81-dev libssl-dev librocksdb-dev libpugixml-dev nlohmann-json3-dev libspdlog-dev
  libcli11-dev libsqlite3-dev libflatbuffers-dev libsystemd-dev prometheus-cpp-dev libgtest-dev
  libgmock-dev zlib1g-dev libbz2-dev liblz4-dev libzstd-dev libsnappy-dev libgflags-dev
  libthrift-dev thrift-compiler libbrotli-dev libmimalloc-dev liburing-dev)

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  need_packages "${BUILD_PACKAGES[@]}"
  say "Building ($preset)"
  cmake --preset "$preset" >/dev/null
  if [ $# -gt 0 ]; then
    cmake --build --preset "$preset" --target "$@"
  else
    cmake --build --preset "$preset"
  fi
}

# The tests' own Python, with what tests/requirements.txt names.
PY=$ROOT/.cache/python/bin/python
python_env() {
  cmp -s tests/requirements.txt .cache/python/requirements.txt && return
  say "Python packages"
  python3 -m venv .cache/python
  .cache/python/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt
  cp tests/requirements.txt .cache/python/
}
