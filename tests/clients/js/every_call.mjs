// Calls everything that @azure/storage-blob offers and exercise.mjs does not, checked for what it
// does. Called by tests/clients/run.py.
import assert from "node:assert";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import "./recorded_blob.mjs";
import { check, finish, same } from "./checks.mjs";
import {
  BlobServiceClient, ContainerSASPermissions, BlobSASPermissions, StorageSharedKeyCredential,
} from "@azure/storage-blob";

const { BLOB_ENDPOINT, BLOB_ACCOUNT, BLOB_KEY, BLOB_TOKEN } = process.env;
const refused = (code, run) =>
  assert.rejects(run, (e) => (e.code ?? e.details?.errorCode) === code || assert.fail(`${e.code} ${e.message}`));
async function all(iterator) {
  const found = [];
  for await (const item of iterator) found.push(item);
  return found;
}
const once = { retryOptions: { maxTries: 1 } };
function serviceOf(account) {
  const key = process.env[`BLOB_KEY_${account.split("-")[0].toUpperCase()}`];
  return new BlobServiceClient(BLOB_ENDPOINT.replace(BLOB_ACCOUNT, account),
    new StorageSharedKeyCredential(account.split("-")[0], key), once);
}
const soon = () => new Date(Date.now() + 3600_000);

const service = new BlobServiceClient(
  BLOB_ENDPOINT, new StorageSharedKeyCredential(BLOB_ACCOUNT, BLOB_KEY), once);
const name = `every-${crypto.randomBytes(6).toString("hex")}`;
const { containerClient: container } = await service.createContainer(name);
const readUrl = (blob) =>
  blob.generateSasUrl({ permissions: BlobSASPermissions.parse("r"), expiresOn: soon() });

await check("containers", async () => {
  const other = service.getContainerClient(`${name}-other`);
  assert.ok(!await other.exists());
  assert.ok((await other.createIfNotExists()).succeeded);
  assert.ok(!(await other.createIfNotExists()).succeeded);
  await other.setMetadata({ a: "b" });
  assert.deepEqual((await other.getProperties()).metadata, { a: "b" });
  const lease = other.getBlobLeaseClient();
  await lease.acquireLease(-1);
  await refused("LeaseIdMissing", () => other.delete());
  await lease.breakLease(0);
  assert.deepEqual((await all(service.listContainers({ prefix: name }))).map((c) => c.name),
    [name, `${name}-other`]);
  assert.ok((await other.deleteIfExists()).succeeded);
  assert.ok(!(await other.deleteIfExists()).succeeded);
  await service.createContainer(`${name}-third`);
  await service.deleteContainer(`${name}-third`);
});
await check("a container undeleted", async () => {
  const kept = serviceOf("kept");
  await (await kept.createContainer(name)).containerClient.uploadBlockBlob("b", "kept", 4);
  await kept.deleteContainer(name);
  const deleted = (await all(kept.listContainers({ includeDeleted: true })))
    .find((c) => c.name === name);
  const { containerClient } = await kept.undeleteContainer(name, deleted.version);
  same(await containerClient.getBlobClient("b").downloadToBuffer(), "kept");
});
await check("service properties, soft delete", async () => {
  const other = serviceOf("acct2");
  await other.setProperties({ deleteRetentionPolicy: { enabled: true, days: 2 } });
  assert.equal((await other.getProperties()).deleteRetentionPolicy.days, 2);
  const { containerClient } = await other.createContainer(name);
  const blob = containerClient.getBlockBlobClient("b");
  await blob.upload("first", 5);
  assert.ok((await blob.deleteIfExists()).succeeded);
  assert.ok(!await blob.exists());
  await blob.undelete();
  same(await blob.downloadToBuffer(), "first");
  await other.setProperties({ deleteRetentionPolicy: { enabled: false } });
});
await check("account information", async () => {
  const { skuName, accountKind } = await service.getAccountInfo();
  assert.ok(skuName && accountKind);
  assert.equal((await container.getAccountInfo()).skuName, skuName);
  assert.equal((await container.getBlobClient("x").getAccountInfo()).skuName, skuName);
});
await check("statistics", async () => {
  assert.ok(["live", "bootstrap", "unavailable"].includes(
    (await serviceOf(`${BLOB_ACCOUNT}-secondary`).getStatistics()).geoReplication.status));
});
await check("files and buffers", async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "every-"));
  const data = crypto.randomBytes(3_000_000);
  fs.writeFileSync(path.join(directory, "up"), data);
  const blob = container.getBlockBlobClient("file");
  await blob.uploadFile(path.join(directory, "up"), { blockSize: 1 << 20 });
  await blob.downloadToFile(path.join(directory, "down"));
  same(fs.readFileSync(path.join(directory, "down")), data);
  await blob.uploadData(data.subarray(1), { blockSize: 1 << 20, maxSingleShotSize: 0 });
  same(await blob.downloadToBuffer(), data.subarray(1));
  fs.rmSync(directory, { recursive: true });
});
await check("blocks staged by hand", async () => {
  const blob = container.getBlobClient("blocks").getBlockBlobClient();
  const id = Buffer.from("0001").toString("base64");
  await blob.stageBlock(id, "staged", 6);
  await blob.commitBlockList([id]);
  same(await blob.downloadToBuffer(), "staged");
});
await check("snapshots and versions", async () => {
  const blob = serviceOf("versioned").getContainerClient(name);
  await blob.create();
  const file = blob.getBlockBlobClient("b");
  const { versionId } = await file.upload("first", 5);
  const { snapshot } = await file.createSnapshot();
  await file.upload("second", 6);
  same(await file.withVersion(versionId).downloadToBuffer(), "first");
  same(await file.withSnapshot(snapshot).downloadToBuffer(), "first");
  same(await blob.getBlobClient("b").withSnapshot(snapshot).downloadToBuffer(), "first");
});
await check("tags and how they are found", async () => {
  await container.uploadBlockBlob("tagged", "x", 1, { tags: { run: name } });
  const query = `"run" = '${name}'`;
  assert.deepEqual((await all(container.findBlobsByTags(query))).map((b) => b.name), ["tagged"]);
  assert.deepEqual((await all(service.findBlobsByTags(query))).map((b) => b.containerName), [name]);
  const pages = await all(service.findBlobsByTags(query).byPage({ maxPageSize: 1 }));
  assert.equal(pages[0].blobs.length, 1);
});
await check("leases", async () => {
  const lease = container.getBlobClient("tagged").getBlobLeaseClient();
  await lease.acquireLease(15);
  await lease.renewLease();
  await lease.changeLease(crypto.randomUUID());
  await lease.releaseLease();
});
await check("batches", async () => {
  // A path in its URL makes this SDK take a service for a container.
  const pathStyle = new URL(BLOB_ENDPOINT).pathname !== "/";
  const batches = (pathStyle ? container : service).getBlobBatchClient(), within = container.getBlobBatchClient();
  const blobs = ["b1", "b2", "b3"].map((n) => container.getBlockBlobClient(n));
  for (const blob of blobs) await blob.upload("x", 1);
  const tiers = await within.setBlobsAccessTier(blobs, "Cool");
  assert.equal(tiers.subResponsesSucceededCount, 3);
  const batch = batches.createBatch();
  await batch.setBlobAccessTier(blobs[0], "Hot");
  assert.equal((await batches.submitBatch(batch)).subResponsesSucceededCount, 1);
  assert.equal((await blobs[0].getProperties()).accessTier, "Hot");
  const deletes = within.createBatch();
  await deletes.deleteBlob(blobs[2]);
  assert.equal((await within.submitBatch(deletes)).subResponsesSucceededCount, 1);
  assert.equal((await batches.deleteBlobs(blobs.slice(0, 2))).subResponsesSucceededCount, 2);
  assert.ok(!await blobs[0].exists());
});
await check("append blobs", async () => {
  const source = container.getBlockBlobClient("source");
  await source.upload("from url", 8);
  const log = container.getBlobClient("log").getAppendBlobClient();
  await log.create();
  assert.ok(!(await log.createIfNotExists()).succeeded);
  await container.getAppendBlobClient("log").appendBlock("first ", 6);
  await log.appendBlockFromURL(await readUrl(source), 0, 8);
  const { snapshot } = await log.createSnapshot();
  await log.seal();
  await refused("BlobIsSealed", () => log.appendBlock("x", 1));
  same(await log.withSnapshot(snapshot).downloadToBuffer(), "first from url");
});
await check("page blobs", async () => {
  const disk = container.getBlobClient("disk").getPageBlobClient();
  const source = container.getPageBlobClient("disk-source");
  await source.create(512);
  await source.uploadPages(Buffer.alloc(512, "s"), 0, 512);
  await disk.create(2048);
  assert.ok(!(await disk.createIfNotExists(2048)).succeeded);
  await disk.uploadPages(Buffer.alloc(1024, "a"), 0, 1024);
  const { snapshot } = await disk.createSnapshot();
  await disk.uploadPagesFromURL(await readUrl(source), 0, 1024, 512);
  await disk.clearPages(0, 512);
  await disk.resize(1536);
  assert.equal((await disk.updateSequenceNumber("update", 7)).blobSequenceNumber, 7);
  // What this SDK calls the count is end - start, and the end is in the range.
  assert.deepEqual((await disk.getPageRanges()).pageRange, [{ offset: 512, count: 1023 }]);
  assert.deepEqual(await all(disk.listPageRanges(0, 2048)),
    [{ start: 512, end: 1535, isClear: false }]);
  const difference = await disk.getPageRangesDiff(0, 2048, snapshot);
  assert.deepEqual(difference.clearRange, [{ offset: 0, count: 511 }]);
  assert.equal((await all(disk.listPageRangesDiff(0, 2048, snapshot))).length, 2);
  same(await disk.withSnapshot(snapshot).downloadToBuffer(0, 512), Buffer.alloc(512, "a"));
  const ofDisk = await disk.getPageRangesDiffForManagedDisks(0, 2048, disk.withSnapshot(snapshot).url);
  assert.deepEqual(ofDisk.pageRange, [{ offset: 1024, count: 511 }]);
  const old = source.withSnapshot((await source.createSnapshot()).snapshot);
  const copy = container.getPageBlobClient("disk-copy");
  await copy.startCopyIncremental(await readUrl(old));
  while ((await copy.getProperties()).copyStatus === "pending") await new Promise(setImmediate);
  assert.equal((await copy.getProperties()).copyStatus, "success");
  await refused("NoPendingCopyOperation", () => copy.abortCopyFromURL(crypto.randomUUID()));
});
await check("queries", async () => {
  const table = container.getBlockBlobClient("table");
  await table.upload("a,1\nb,2\nc,3\n", 12);
  const answer = await table.query("SELECT _1 FROM BlobStorage WHERE CAST(_2 AS INT) > 1");
  const found = Buffer.concat((await all(answer.readableStreamBody)).map((p) => Buffer.from(p)));
  assert.deepEqual(found.toString().split(/\s+/).filter(Boolean), ["b", "c"]);
});
await check("immutability and legal hold", async () => {
  const { containerClient } = await serviceOf("immutable").createContainer(name);
  const held = containerClient.getBlockBlobClient("held");
  await held.upload("x", 1);
  await held.setImmutabilityPolicy({ expiriesOn: new Date(Date.now() + 86400_000),
    policyMode: "Unlocked" });
  await refused("BlobImmutableDueToPolicy", () => held.delete());
  await held.deleteImmutabilityPolicy();
  await held.setLegalHold(true);
  await refused("BlobImmutableDueToLegalHold", () => held.delete());
  await held.setLegalHold(false);
  await held.delete();
});
await check("what was signed can be shown", async () => {
  const permissions = { permissions: BlobSASPermissions.parse("r"), expiresOn: soon() };
  assert.ok(container.getBlobClient("tagged").generateSasStringToSign(permissions));
  const ofContainer = { permissions: ContainerSASPermissions.parse("rl"), expiresOn: soon() };
  assert.ok(container.generateSasStringToSign(ofContainer));
  assert.ok(service.generateSasStringToSign(soon()));
  const url = await container.generateSasUrl(ofContainer);
  const { ContainerClient } = await import("@azure/storage-blob");
  assert.ok((await all(new ContainerClient(url).listBlobsFlat())).length > 0);
});
if (BLOB_TOKEN) await check("a user delegation key", async () => {
  const credential = { getToken: async () => ({ token: BLOB_TOKEN,
    expiresOnTimestamp: soon().getTime() }) };
  const byToken = new BlobServiceClient(BLOB_ENDPOINT, credential, once);
  const key = await byToken.getUserDelegationKey(new Date(), soon());
  const { ContainerClient, BlobClient } = await import("@azure/storage-blob");
  const inside = byToken.getContainerClient(name), blob = inside.getBlobClient("tagged");
  const ofBlob = { permissions: BlobSASPermissions.parse("r"), expiresOn: soon() };
  const ofContainer = { permissions: ContainerSASPermissions.parse("rl"), expiresOn: soon() };
  assert.ok(blob.generateUserDelegationSasStringToSign(ofBlob, key));
  assert.ok(inside.generateUserDelegationSasStringToSign(ofContainer, key));
  same(await new BlobClient(await blob.generateUserDelegationSasUrl(ofBlob, key))
    .downloadToBuffer(), "x");
  const url = await inside.generateUserDelegationSasUrl(ofContainer, key);
  assert.ok((await all(new ContainerClient(url).listBlobsFlat())).length > 0);
});
await container.delete();
finish();
