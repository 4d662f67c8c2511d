// Blobs by HTTPS in host style and HTTP in path style; files of a hierarchical account.
import assert from "node:assert";
import fs from "node:fs";
import path from "node:path";

// user's lines
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { DataLakeServiceClient, StorageSharedKeyCredential as LakeCredential }
  from "@azure/storage-file-datalake";

const key = new StorageSharedKeyCredential("acct1", process.env.AZURE_STORAGE_KEY);
// Run with NODE_EXTRA_CA_CERTS=ca.pem
const service = new BlobServiceClient("https://acct1.blob.gate.test", key);
const plain = new BlobServiceClient("http://127.0.0.1:10000/acct1", key);
const lake = new DataLakeServiceClient("https://tree.dfs.gate.test",
  new LakeCredential("tree", process.env.TREE_KEY));
// end of the user's lines
import { BlobSASPermissions } from "@azure/storage-blob";

const container = service.getContainerClient("javascript");
const files = fs.readdirSync("given", { recursive: true })
  .filter((name) => fs.statSync(path.join("given", name)).isFile());

for (const name of files) {
  await container.getBlockBlobClient(`up/${name}`).uploadFile(path.join("given", name),
    { blockSize: 1 << 20, maxSingleShotSize: 1 << 20, concurrency: 4, metadata: { a: "b" } });
}
for await (const page of plain.getContainerClient("javascript")
  .listBlobsFlat({ prefix: "given/" }).byPage({ maxPageSize: 2 })) {
  for (const blob of page.segment.blobItems) {
    const target = path.join("fetched", blob.name.slice("given/".length));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    await container.getBlobClient(blob.name).downloadToFile(target);
  }
}
const prefixes = [];
for await (const item of container.listBlobsByHierarchy("/", { prefix: "given/" })) {
  if (item.kind === "prefix") prefixes.push(item.name);
}
assert.deepStrictEqual(prefixes, ["given/dir/"]);

async function roundTrip(index) {
  const content = Buffer.from(`${index} `.repeat(index));
  const blob = container.getBlockBlobClient(`many/${index}`);
  await blob.upload(content, content.length);
  assert(content.equals(await blob.downloadToBuffer()), blob.name);
}
for (let start = 1; start <= 256; start += 64) {
  await Promise.all(Array.from({ length: 64 }, (_, index) => roundTrip(start + index)));
}
const doomed = [];
for await (const blob of container.listBlobsFlat({ prefix: "many/" })) doomed.push(blob.name);
assert.strictEqual(doomed.length, 256);
const answer = await service.getBlobBatchClient()
  .deleteBlobs(doomed.map((name) => container.getBlobClient(name)));
assert.strictEqual(answer.subResponsesSucceededCount, 256);

const text = container.getBlockBlobClient("text");
const { etag } = await text.upload("first", 5);
await text.upload("second", 6, { conditions: { ifMatch: etag } });
await assert.rejects(text.upload("third", 5, { conditions: { ifMatch: etag } }),
  (error) => error.statusCode === 412 && error.code === "ConditionNotMet");
const signed = await text.generateSasUrl({ permissions: BlobSASPermissions.parse("r"),
  expiresOn: new Date(Date.now() + 3600_000) });
const copied = container.getBlockBlobClient("copied");
await copied.syncCopyFromURL(signed);
assert.strictEqual((await copied.downloadToBuffer()).toString(), "second");
await copied.setTags({ kind: "copy" });
assert.deepStrictEqual((await copied.getTags()).tags, { kind: "copy" });
await copied.delete();
assert.strictEqual(await copied.exists(), false);

const system = lake.getFileSystemClient("javascript");
for (const name of files) {
  await system.getFileClient(`start/${name}`).uploadFile(path.join("given", name));
}
await system.getDirectoryClient("start").move("moved");
const moved = [];
for await (const item of system.listPaths({ path: "moved", recursive: true })) {
  if (!item.isDirectory) moved.push(item.name.slice("moved/".length));
}
assert.deepStrictEqual(moved.sort(), files.sort());
