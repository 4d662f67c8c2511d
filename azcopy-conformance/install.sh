#!/bin/sh
# Installs AzCopy from npm into the cache (BLOBGATE_TEST_CACHE, else .cache) and prints its path.
set -eu
cd "$(dirname "$0")/../tests/support"
exec python3 -c 'import azcopy; print(azcopy.install())'
