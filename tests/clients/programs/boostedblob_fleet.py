"""boostedblob, up and down with 100 requests at once. It builds Azure's own names."""
import asyncio
import pathlib
import random
import shutil

# user's lines
import boostedblob  # run with SSL_CERT_FILE=ca.pem, AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY

AWAY = "az://acct1/boostedblob"
# end of the user's lines
GIVEN = pathlib.Path("given")
FULL = pathlib.Path("full")  # its signatures for empty blobs are wrong
FILES = [path for path in GIVEN.rglob("*") if path.is_file() and path.stat().st_size]
LARGE = random.Random(1).randbytes(70 * (1 << 20) + 5)  # three blocks of 32 MiB


@boostedblob.ensure_session
async def trees() -> None:
    async with boostedblob.BoostExecutor(100) as executor:
        await boostedblob.copytree("full", f"{AWAY}/up", executor)
        await boostedblob.copytree(f"{AWAY}/given", "fetched", executor)
        await boostedblob.copytree(f"{AWAY}/up", f"{AWAY}/twin", executor)
        found = {str(path).split("/twin/")[1] async for path in
                 boostedblob.listtree(f"{AWAY}/twin")}
        assert found == {str(path.relative_to(GIVEN)) for path in FILES}, found
        await boostedblob.remove(f"{AWAY}/twin/one byte.bin")
        async for _ in boostedblob.sync(f"{AWAY}/up", f"{AWAY}/twin", executor):
            pass
        assert await boostedblob.exists(f"{AWAY}/twin/one byte.bin")
        await boostedblob.rmtree(f"{AWAY}/twin", executor)
        assert not await boostedblob.exists(f"{AWAY}/twin")


@boostedblob.ensure_session
async def large() -> None:
    pathlib.Path("large.bin").write_bytes(LARGE)
    async with boostedblob.BoostExecutor(100) as executor:
        await boostedblob.copyfile("large.bin", f"{AWAY}/large.bin", executor, overwrite=True)
        assert await boostedblob.getsize(f"{AWAY}/large.bin") == len(LARGE)
        await boostedblob.copyfile(f"{AWAY}/large.bin", f"{AWAY}/copy.bin", executor)
        found = await boostedblob.read.read_chunked(
            boostedblob.AzurePath.from_str(f"{AWAY}/copy.bin"), executor, None)
        assert found == LARGE
        piece = await boostedblob.read.read_byte_range(f"{AWAY}/large.bin", (40 << 20, 41 << 20))
        assert piece == LARGE[40 << 20:41 << 20]


@boostedblob.ensure_session
async def many() -> None:
    async def round_trip(index: int) -> None:
        name, content = f"{AWAY}/many/{index:04d}", b"%d" % index * index
        await boostedblob.write.write_single(name, content, overwrite=True)
        assert await boostedblob.read.read_single(name) == content, index
    await asyncio.gather(*map(round_trip, range(1, 501)))
    assert len([path async for path in boostedblob.listdir(f"{AWAY}/many")]) == 500


shutil.copytree(GIVEN, FULL, ignore=shutil.ignore_patterns("empty.bin"))
asyncio.run(trees())
asyncio.run(large())
asyncio.run(many())
