"""Both Python SDKs with asyncio: 64 requests at once."""
import asyncio
import os
import pathlib

# user's lines
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.filedatalake.aio import DataLakeServiceClient

service = BlobServiceClient(
    "https://acct1.blob.gate.test", connection_verify="ca.pem",
    credential={"account_name": "acct1", "account_key": os.environ["AZURE_STORAGE_KEY"]})
lake = DataLakeServiceClient(
    "https://tree.dfs.gate.test", connection_verify="ca.pem",
    credential={"account_name": "tree", "account_key": os.environ["TREE_KEY"]})
# end of the user's lines
GIVEN, FETCHED = pathlib.Path("given"), pathlib.Path("fetched")
FILES = [path for path in GIVEN.rglob("*") if path.is_file()]


async def at_most(limit: int, jobs) -> list:
    gate = asyncio.Semaphore(limit)

    async def one(job):
        async with gate:
            return await job
    return await asyncio.gather(*map(one, jobs))


async def blobs() -> None:
    container = service.get_container_client("python-sdk-aio")

    async def fetch(name: str) -> None:
        target = FETCHED / name.removeprefix("given/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(await (await container.download_blob(name, max_concurrency=4)).readall())

    async def round_trip(index: int) -> None:
        content = f"{index} ".encode() * (index * 37 % 5000)
        await container.upload_blob(f"many/{index:03d}", content, overwrite=True)
        stream = await container.download_blob(f"many/{index:03d}")
        assert await stream.readall() == content, index

    await at_most(8, [container.upload_blob(f"up/{path.relative_to(GIVEN)}", path.read_bytes(),
                                            max_concurrency=4, overwrite=True) for path in FILES])
    await at_most(8, [fetch(blob.name) async for blob in container.list_blobs("given/")])
    await at_most(64, [round_trip(index) for index in range(400)])
    found = [blob.name async for blob in container.list_blobs("many/", results_per_page=64)]
    assert found == [f"many/{index:03d}" for index in range(400)], len(found)


async def files() -> None:
    system = lake.get_file_system_client("python-sdk-aio")

    async def put(path: pathlib.Path) -> None:
        client = system.get_file_client(f"start/{path.relative_to(GIVEN)}")
        await client.create_file()  # upload_data sends nothing for an empty file
        await client.upload_data(path.read_bytes(), overwrite=True)

    async def move(index: int) -> None:
        client = await system.create_file(f"moves/{index}.a")
        await client.upload_data(b"%d" % index, overwrite=True)
        await client.rename_file(f"python-sdk-aio/moves/{index}.b")

    await at_most(8, map(put, FILES))
    await system.get_directory_client("start").rename_directory("python-sdk-aio/moved")
    await at_most(64, [move(index) for index in range(100)])
    found = {path.name async for path in system.get_paths("moves")}
    assert found == {f"moves/{index}.b" for index in range(100)}, sorted(found)


async def main() -> None:
    async with service, lake:
        await blobs()
        await files()


asyncio.run(main())
