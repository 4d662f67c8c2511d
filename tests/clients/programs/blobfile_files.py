"""blobfile from 32 threads. It builds Azure's own names."""
import concurrent.futures
import hashlib
import pathlib
import random

# user's lines
import ssl

import blobfile  # run with AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY
import urllib3

trust = ssl.create_default_context(cafile="ca.pem")
blobfile.configure(get_http_pool=lambda: urllib3.PoolManager(
    ssl_context=trust, maxsize=64, num_pools=8), azure_write_chunk_size=32 << 20)

AWAY = "az://acct1/blobfile"
# end of the user's lines
GIVEN = pathlib.Path("given")
FILES = [path for path in GIVEN.rglob("*") if path.is_file()]
LARGE = random.Random(2).randbytes(70 * (1 << 20) + 5)  # three blocks of 32 MiB
threads = concurrent.futures.ThreadPoolExecutor(32)


def upload(path: pathlib.Path) -> None:
    blobfile.copy(str(path), f"{AWAY}/up/{path.relative_to(GIVEN)}", overwrite=True)


def fetch(name: str) -> None:
    target = pathlib.Path("fetched") / name.split("/given/")[1]
    target.parent.mkdir(parents=True, exist_ok=True)
    with blobfile.BlobFile(name, "rb", streaming=True) as stream:
        target.write_bytes(stream.read())


def round_trip(index: int) -> None:
    name, content = f"{AWAY}/many/{index:04d}", b"%d" % index * index
    blobfile.write_bytes(name, content)
    assert blobfile.read_bytes(name) == content, index


list(threads.map(upload, FILES))
names = [f"{top}/{name}".replace("//", "/").replace("az:/", "az://")
         for top, _, inner in blobfile.walk(f"{AWAY}/given") for name in inner]
list(threads.map(fetch, names))
list(threads.map(round_trip, range(400)))
assert len(list(blobfile.glob(f"{AWAY}/many/00*"))) == 100
assert len(list(blobfile.listdir(f"{AWAY}/many"))) == 400

with blobfile.BlobFile(f"{AWAY}/large.bin", "wb", streaming=True) as stream:
    for start in range(0, len(LARGE), 5 << 20):
        stream.write(LARGE[start:start + (5 << 20)])
blobfile.copy(f"{AWAY}/large.bin", f"{AWAY}/copy.bin")
with blobfile.BlobFile(f"{AWAY}/copy.bin", "rb", streaming=True) as stream:
    stream.seek(40 << 20)
    assert stream.read(1000) == LARGE[40 << 20:][:1000]
    stream.seek(0)
    assert hashlib.sha256(stream.read()).digest() == hashlib.sha256(LARGE).digest()
assert blobfile.md5(f"{AWAY}/copy.bin") == hashlib.md5(LARGE).hexdigest()
assert blobfile.stat(f"{AWAY}/copy.bin").size == len(LARGE)
with blobfile.BlobFile(f"{AWAY}/text", "w", streaming=False) as stream:
    stream.write("whole\n")
with blobfile.BlobFile(f"{AWAY}/text", "a", streaming=False) as stream:
    stream.write("more\n")
assert blobfile.read_text(f"{AWAY}/text") == "whole\nmore\n"
blobfile.set_mtime(f"{AWAY}/text", 1_000_000_000.0)
assert blobfile.stat(f"{AWAY}/text").mtime == 1_000_000_000.0
assert blobfile.isdir(f"{AWAY}/many") and not blobfile.isdir(f"{AWAY}/text")
blobfile.rmtree(f"{AWAY}/many")
assert not blobfile.exists(f"{AWAY}/many")
blobfile.remove(f"{AWAY}/text")
assert not blobfile.exists(f"{AWAY}/text")
