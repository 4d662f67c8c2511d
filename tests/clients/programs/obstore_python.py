"""obstore with asyncio, over HTTP in path style."""
import asyncio
import datetime
import os
import pathlib
import urllib.request

# user's lines
import obstore
from obstore.store import AzureStore

store = AzureStore("obstore", account_name="acct1", account_key=os.environ["AZURE_STORAGE_KEY"],
                   endpoint="http://127.0.0.1:10000/acct1", client_options={"allow_http": True})
# end of the user's lines
GIVEN = pathlib.Path("given")
FILES = [path for path in GIVEN.rglob("*") if path.is_file()]


async def put(path: pathlib.Path) -> None:
    await obstore.put_async(store, f"up/{path.relative_to(GIVEN)}", path, chunk_size=5 << 20,
                            max_concurrency=4)


async def fetch(name: str) -> None:
    target = pathlib.Path("fetched") / name.removeprefix("given/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(await (await obstore.get_async(store, name)).bytes_async())


async def win(index: int) -> bool:
    try:
        await obstore.put_async(store, "race", b"%d" % index, mode="create")
    except obstore.exceptions.AlreadyExistsError:
        return False
    return True


async def main() -> None:
    await asyncio.gather(*map(put, FILES))
    names = [item["path"] for part in obstore.list(store, "given") for item in part]
    await asyncio.gather(*map(fetch, names))
    assert sum(await asyncio.gather(*map(win, range(32)))) == 1
    await asyncio.gather(*(obstore.put_async(store, f"doomed/{n}", b"x") for n in range(300)))
    doomed = [item["path"] for part in obstore.list(store, "doomed", chunk_size=50)
              for item in part]
    assert len(doomed) == 300
    await obstore.delete_async(store, doomed)
    assert not [item for part in obstore.list(store, "doomed") for item in part]


asyncio.run(main())
blocks = (GIVEN / "dir/blocks.bin").read_bytes()
pieces = obstore.get_ranges(store, "up/dir/blocks.bin", starts=[0, 7_000_000], ends=[10, 7_000_100])
assert [bytes(piece) for piece in pieces] == [blocks[:10], blocks[7_000_000:7_000_100]]
obstore.copy(store, "up/dir/plain.txt", "copied")
obstore.rename(store, "copied", "renamed")
assert bytes(obstore.get(store, "renamed").bytes()) == (GIVEN / "dir/plain.txt").read_bytes()
meta = obstore.head(store, "renamed")
obstore.put(store, "renamed", b"new", mode={"e_tag": meta["e_tag"]})
try:
    obstore.put(store, "renamed", b"newer", mode={"e_tag": meta["e_tag"]})
    raise AssertionError("an old ETag won")
except obstore.exceptions.PreconditionError:
    pass
assert "up/dir" in obstore.list_with_delimiter(store, "up")["common_prefixes"]
signed = obstore.sign(store, "GET", "renamed", datetime.timedelta(hours=1))
with urllib.request.urlopen(signed) as answer:
    assert answer.read() == b"new"
