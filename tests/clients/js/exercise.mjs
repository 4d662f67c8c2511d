// What a user of @azure/storage-blob does, checked for content. Called by tests/clients/run.py.
import assert from "node:assert";
import crypto from "node:crypto";
import { Readable } from "node:stream";
import "./recorded_blob.mjs";
import { check, finish, same } from "./checks.mjs";
import {
  BlobServiceClient, StorageSharedKeyCredential, BlockBlobClient, BlobSASPermissions,
  AccountSASPermissions,
} from "@azure/storage-blob";

const { BLOB_ENDPOINT, BLOB_ACCOUNT, BLOB_KEY } = process.env;
const refused = (status, run) =>
  assert.rejects(run, (e) => e.statusCode === status || assert.fail(`${e.statusCode} ${e.code}`));

const service = new BlobServiceClient(
  BLOB_ENDPOINT, new StorageSharedKeyCredential(BLOB_ACCOUNT, BLOB_KEY),
  { retryOptions: { maxTries: 1 } });
const container = service.getContainerClient(`js-${crypto.randomBytes(6).toString("hex")}`);
const data = crypto.randomBytes(300_000), large = crypto.randomBytes(5 * 1024 * 1024 + 3);
const blob = container.getBlockBlobClient("dir/näme with space+%#?.bin");
const big = container.getBlockBlobClient("large");

await check("create container", () => container.create({ metadata: { kind: "test" } }));
await check("create again is 409", () => refused(409, () => container.create()));
await check("upload", () => blob.upload(data, data.length, {
  metadata: { a: "1" }, tags: { t: "v" }, blobHTTPHeaders: { blobContentType: "text/x" } }));
await check("download", async () => same(await blob.downloadToBuffer(), data));
await check("range", async () => same(await blob.downloadToBuffer(5, 100), data.subarray(5, 105)));
await check("properties", async () => {
  const p = await blob.getProperties();
  assert.equal(p.contentLength, data.length);
  assert.equal(p.contentType, "text/x");
  assert.equal(p.metadata.a, "1");
});
await check("stream in blocks", () =>
  big.uploadStream(Readable.from([large]), 1024 * 1024, 4));
await check("blocks down", async () => same(await big.downloadToBuffer(), large));
await check("block list", async () =>
  assert.equal((await big.getBlockList("all")).committedBlocks.length, 6));
await check("pages", async () => {
  for (let i = 0; i < 12; i++) await container.uploadBlockBlob(`many/${i}`, `${i}`, `${i}`.length);
  const sizes = [];
  for await (const page of container.listBlobsFlat({ prefix: "many/" }).byPage({ maxPageSize: 5 }))
    sizes.push(page.segment.blobItems.length);
  assert.deepEqual(sizes, [5, 5, 2]);
});
await check("hierarchy", async () => {
  const names = [];
  for await (const item of container.listBlobsByHierarchy("/"))
    names.push(`${item.kind}:${item.name}`);
  assert.deepEqual(names.sort(), ["blob:large", "prefix:dir/", "prefix:many/"]);
});
await check("hierarchy in pages", async () => {
  const sizes = [];
  for await (const { segment } of container.listBlobsByHierarchy("/").byPage({ maxPageSize: 2 }))
    sizes.push(segment.blobItems.length + segment.blobPrefixes.length);
  assert.deepEqual(sizes, [2, 1]);
});
await check("download as a stream", async () => {
  const pieces = [];
  for await (const piece of (await big.download()).readableStreamBody) pieces.push(piece);
  same(Buffer.concat(pieces), large);
});
await check("conditional update", async () => {
  const { etag } = await blob.getProperties();
  await blob.setMetadata({ a: "2" }, { conditions: { ifMatch: etag } });
  await refused(412, () => blob.setMetadata({ a: "3" }, { conditions: { ifMatch: etag } }));
  await refused(409, () => blob.upload("x", 1, { conditions: { ifNoneMatch: "*" } }));
  const now = (await blob.getProperties()).etag;
  assert.notEqual(now, etag);
  await refused(304, () => blob.download(0, undefined, { conditions: { ifNoneMatch: now } }));
  same(await blob.downloadToBuffer(), data);
});
await check("lease", async () => {
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(15);
  await refused(412, () => blob.upload("x", 1));
  await blob.setMetadata({ a: "4" }, { conditions: { leaseId: lease.leaseId } });
  await lease.releaseLease();
});
await check("copies", async () => {
  const copy = container.getBlockBlobClient("copy");
  const url = await big.generateSasUrl({
    permissions: BlobSASPermissions.parse("r"), expiresOn: new Date(Date.now() + 3600_000) });
  await (await copy.beginCopyFromURL(blob.url)).pollUntilDone();
  same(await copy.downloadToBuffer(), data);
  await copy.syncCopyFromURL(url);
  same(await copy.downloadToBuffer(), large);
  await copy.syncUploadFromURL(url);
  same(await copy.downloadToBuffer(), large);
  const id = Buffer.from("0001").toString("base64");
  await copy.stageBlockFromURL(id, url, 10, 5000);
  await copy.commitBlockList([id]);
  same(await copy.downloadToBuffer(), large.subarray(10, 5010));
  same(await new BlockBlobClient(url).downloadToBuffer(0, 5), large.subarray(0, 5));
  await refused(403, () => new BlockBlobClient(url, undefined, { retryOptions: { maxTries: 1 } })
    .upload("x", 1));
});
await check("account SAS", async () => {
  const url = service.generateAccountSasUrl(new Date(Date.now() + 3600_000),
    AccountSASPermissions.parse("rl"), "sco");
  const reader = new BlobServiceClient(url, undefined, { retryOptions: { maxTries: 1 } })
    .getContainerClient(container.containerName);
  const names = [];
  for await (const item of reader.listBlobsFlat({ prefix: "l" })) names.push(item.name);
  assert.deepEqual(names, ["large"]);
  await refused(403, () => reader.deleteBlob("large"));
});
await check("tags, tier, headers", async () => {
  await blob.setTags({ x: "y" });
  assert.deepEqual((await blob.getTags()).tags, { x: "y" });
  await blob.setAccessTier("Cool");
  assert.equal((await blob.getProperties()).accessTier, "Cool");
  await blob.setHTTPHeaders({ blobContentType: "a/b" });
  assert.equal((await blob.getProperties()).contentType, "a/b");
});
await check("account and service", async () => {
  assert.equal((await service.getAccountInfo()).accountKind, "StorageV2");
  assert.ok((await service.getProperties()).blobAnalyticsLogging);
});
await check("access policy", async () => {
  await container.setAccessPolicy("blob", [{ id: "p", accessPolicy: { permissions: "r",
    startsOn: new Date(0), expiresOn: new Date(Date.now() + 3600_000) } }]);
  assert.equal((await container.getAccessPolicy()).signedIdentifiers[0].id, "p");
  same(await new BlockBlobClient(blob.url).downloadToBuffer(), data);
});
const ask = async (target, sql, options = {}) => {
  const errors = [], progress = [], pieces = [];
  const answer = await target.query(sql, {
    onError: (e) => errors.push(e), onProgress: (p) => progress.push(p.loadedBytes), ...options });
  for await (const piece of answer.readableStreamBody) pieces.push(piece);
  return { text: Buffer.concat(pieces).toString(), errors, progress };
};
await check("query", async () => {
  const table = container.getBlockBlobClient("table.csv");
  const text = "100,hello,300,400\n150,250,350,450\n";
  await table.upload(text, text.length);
  assert.deepEqual(await ask(table, "select * from BlobStorage"),
    { text, errors: [], progress: [text.length, text.length] });
  const { text: found, errors } = await ask(table, "select _2 from BlobStorage where _2 > 100");
  assert.equal(found, "250\n");
  assert.deepEqual(errors, [{ isFatal: false, name: "InvalidTypeConversion", position: 0,
    description: "Invalid type conversion." }]);
  const fatal = await ask(table, "select * from BlobStorage",
    { inputTextConfiguration: { kind: "json", recordSeparator: "\n" } });
  assert.equal(fatal.text, "\n");
  assert.deepEqual(fatal.errors, [{ isFatal: true, name: "ParseError", position: 0,
    description: "Unexpected token ',' at [byte: 3]. Expecting tokens '{', or '['. " }]);
  await refused(400, () => table.query("select from where"));
});
await check("query of other formats", async () => {
  const table = container.getBlockBlobClient("table.txt");
  const text = "100.200.300.400!150.250.350.450!180.280.380.480!";
  await table.upload(text, text.length);
  const csv = { kind: "csv", recordSeparator: "!", columnSeparator: ".", hasHeaders: true };
  assert.equal((await ask(table, "select _1 from BlobStorage", { inputTextConfiguration: csv,
    outputTextConfiguration: { ...csv, hasHeaders: false } })).text, "150!180!");
  const json = { kind: "json", recordSeparator: "\n" };
  assert.equal((await ask(table, "select \"200\" as x, _1 + 1 from BlobStorage limit 1",
    { inputTextConfiguration: csv, outputTextConfiguration: json })).text,
  "{\"x\":\"250\",\"_2\":151}\n");
  const arrow = await ask(table, "select _1 from BlobStorage", { inputTextConfiguration: csv,
    outputTextConfiguration: { kind: "arrow", schema: [{ type: "int64", name: "a" }] } });
  assert.deepEqual(arrow.errors, []);
  const parquet = await ask(table, "select * from BlobStorage",
    { inputTextConfiguration: { kind: "parquet" } });
  assert.equal(parquet.text, "");
  assert.deepEqual(parquet.errors.map((e) => [e.isFatal, e.name]), [[true, "ParseError"]]);
});
await check("delete", async () => {
  await blob.delete();
  await refused(404, () => blob.getProperties());
  await container.delete();
});
finish();
