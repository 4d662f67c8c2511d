// Calls what @azure/storage-file-datalake offers for directories and files, checked for what it
// does. Called by tests/clients/run.py.
import assert from "node:assert";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { check, finish, same } from "./checks.mjs";
import { all, content, key, listed, name, put, refused, service, special } from "./lake.mjs";
import { DataLakePathClient } from "@azure/storage-file-datalake";

const filesystem = service.getFileSystemClient(name);
await filesystem.create();
const data = crypto.randomBytes(3_000_000);

await check("directories", async () => {
  const home = filesystem.getDirectoryClient("home");
  assert.ok(!await home.exists());
  await home.create({ metadata: { a: "1" } });
  assert.ok(!(await home.createIfNotExists()).succeeded);
  const deep = home.getSubdirectoryClient(special);
  assert.ok((await deep.createIfNotExists({ permissions: "rwxrwxrwx", umask: "0022" })).succeeded);
  assert.ok(!(await deep.getAccessControl()).permissions.other.write);
  await put(deep, "file", "x");
  assert.deepEqual(await listed(filesystem),
    ["home/", `home/${special}/`, `home/${special}/file`]);
  assert.equal((await home.getProperties()).metadata.a, "1");
  await home.setMetadata({ b: "2" });
  await home.setHttpHeaders({ cacheControl: "no-store" });
  const found = await home.getProperties();
  assert.deepEqual([found.metadata, found.cacheControl],
    [{ b: "2", hdi_isfolder: "true" }, "no-store"]);
  await refused("DirectoryNotEmpty", () => home.delete());
  assert.ok((await home.deleteIfExists(true)).succeeded);
  assert.ok(!(await home.deleteIfExists(true)).succeeded);
  assert.deepEqual(await listed(filesystem), []);
});
await check("what is listed", async () => {
  const top = filesystem.getDirectoryClient("listed");
  for (const one of ["b/2", "a", "b/1", "c"]) await put(top, one, one);
  const inside = (options) => listed(filesystem, { path: "listed", ...options });
  assert.deepEqual(await inside({ recursive: true }),
    ["listed/a", "listed/b/", "listed/b/1", "listed/b/2", "listed/c"]);
  assert.deepEqual(await inside(), ["listed/a", "listed/b/", "listed/c"]);
  assert.deepEqual(await inside({ startFrom: "c" }), ["listed/c"]);
  const pages = await all(filesystem.listPaths({ path: "listed" }).byPage({ maxPageSize: 2 }));
  assert.deepEqual(pages.map((p) => p.pathItems.length), [2, 1]);
  const rest = filesystem.listPaths({ path: "listed" })
    .byPage({ continuationToken: pages[0].continuation });
  assert.deepEqual((await all(rest)).flatMap((p) => p.pathItems).map((p) => p.name), ["listed/c"]);
  const [first] = await all(filesystem.listPaths({ path: "listed", userPrincipalName: true }));
  assert.deepEqual([first.contentLength, first.owner, first.permissions.owner.write],
    [1, "$superuser", true]);
  assert.ok(first.etag && first.lastModified && first.createdOn);
  await refused("PathNotFound", () => inside({ path: "none" }));
});
await check("a path of either kind", async () => {
  const { url } = filesystem.getFileClient("either/f");
  const either = new DataLakePathClient(url, key);
  await either.create("file", { metadata: { a: "1" } });
  assert.ok(!(await either.createIfNotExists("file")).succeeded);
  await either.toFileClient().append("x", 0, 1, { flush: true });
  assert.equal(await content(filesystem.getFileClient("either/f")), "x");
  await refused("ResourceTypeMismatch", () =>
    filesystem.getDirectoryClient("either").toFileClient().create());
  const parent = new DataLakePathClient(filesystem.getDirectoryClient("either").url, key);
  assert.equal(await content(parent.toDirectoryClient().getFileClient("f")), "x");
  await parent.delete(true);
  assert.ok(!await either.exists());
});
await check("files", async () => {
  const file = filesystem.getFileClient(`files/${special}`);
  assert.ok((await file.createIfNotExists({ metadata: { a: "1" },
    pathHttpHeaders: { contentType: "text/x" } })).succeeded);
  assert.ok(!(await file.createIfNotExists()).succeeded);
  await file.setMetadata({ b: "2" });
  await file.setHttpHeaders({ contentType: "text/y", contentLanguage: "de" });
  const found = await file.getProperties();
  assert.deepEqual([found.metadata, found.contentType, found.contentLanguage],
    [{ b: "2" }, "text/y", "de"]);
  await file.delete();
  assert.ok(!await file.exists());
  assert.ok(!(await file.deleteIfExists()).succeeded);
  await refused("PathNotFound", () => file.delete());
});
await check("appends and flushes", async () => {
  const file = filesystem.getFileClient("appended");
  await file.create();
  await file.append(data.subarray(1000), 1000, data.length - 1000);
  await file.append(data.subarray(0, 1000), 0, 1000);
  assert.equal((await file.getProperties()).contentLength, 0);
  await file.flush(1000, { retainUncommittedData: true });
  same(await file.readToBuffer(), data.subarray(0, 1000));
  await file.flush(data.length, { close: true, pathHttpHeaders: { contentType: "text/z" } });
  same(await file.readToBuffer(), data);
  assert.equal((await file.getProperties()).contentType, "text/z");
  await refused("InvalidFlushPosition", () => file.flush(data.length + 10));
});
await check("reads", async () => {
  const file = filesystem.getFileClient("appended");
  const { readableStreamBody, contentRange } = await file.read(5, 100);
  assert.equal(contentRange, `bytes 5-104/${data.length}`);
  same(Buffer.concat(await all(readableStreamBody)), data.subarray(5, 105));
  const buffer = Buffer.alloc(10);
  await file.readToBuffer(buffer, 1, 10);
  same(buffer, data.subarray(1, 11));
  await refused("InvalidRange", () => file.read(data.length + 1));
});
await check("uploads", async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "lake-"));
  const up = path.join(directory, "up"), down = path.join(directory, "down");
  fs.writeFileSync(up, data);
  const file = filesystem.getFileClient("uploaded");
  const pieces = { chunkSize: 1 << 20, singleUploadThreshold: 1 << 20 };
  await file.uploadFile(up, { ...pieces, metadata: { a: "1" } });
  await file.readToFile(down);
  same(fs.readFileSync(down), data);
  assert.equal((await file.getProperties()).metadata.a, "1");
  await file.upload(data.subarray(1), pieces);
  same(await file.readToBuffer(), data.subarray(1));
  await file.uploadStream(Readable.from([data.subarray(0, 100), data.subarray(100, 300)]),
    { chunkSize: 128 });
  same(await file.readToBuffer(), data.subarray(0, 300));
  fs.rmSync(directory, { recursive: true });
  const { etag } = await file.getProperties();
  await file.setMetadata({ c: "3" });
  await refused("ConditionNotMet", () => file.upload(data, { conditions: { ifMatch: etag } }));
});
await check("moves", async () => {
  // The SDK does not escape the name to move to.
  const old = await put(filesystem, `${special}/${special}/file`, "moved");
  await filesystem.getDirectoryClient(special).move("äfter all");
  assert.ok(!await old.exists());
  const file = filesystem.getFileClient(`äfter all/${special}/file`);
  assert.equal(await content(file), "moved");
  await put(filesystem, "taken", "old");
  await file.move(name, "taken");
  assert.equal(await content(filesystem.getFileClient("taken")), "moved");
  await refused("SourcePathNotFound", () => file.move("other"));
  await refused("RenameDestinationParentPathNotFound", () =>
    filesystem.getFileClient("taken").move("no/where"));
  await put(filesystem, "full/file", "x");
  await refused("DirectoryNotEmpty", () =>
    filesystem.getDirectoryClient("äfter all").move("full"));
  await refused("PathAlreadyExists", () => filesystem.getFileClient("taken").move("full/file",
    { destinationConditions: { ifNoneMatch: "*" } }));
});
await check("moves to another filesystem", async () => {
  const other = service.getFileSystemClient(`${name}-other`);
  await other.create();
  const file = await put(filesystem, "leaves/file", "moved");
  await filesystem.getDirectoryClient("leaves").move(`${name}-other`, "arrives");
  assert.deepEqual(await listed(other), ["arrives/", "arrives/file"]);
  assert.ok(!await file.exists());
  await other.getFileClient("arrives/file").move(name, "back");
  assert.equal(await content(filesystem.getFileClient("back")), "moved");
  await other.delete();
});
await check("leases", async () => {
  const file = await put(filesystem, "leased/f", "x");
  const home = filesystem.getDirectoryClient("leased");
  for (const leased of [file, home]) {
    const lease = leased.getDataLakeLeaseClient();
    await lease.acquireLease(15);
    await lease.renewLease();
    const changed = crypto.randomUUID();
    await lease.changeLease(changed);
    await refused("LeaseIdMissing", () => leased.setMetadata({ a: "1" }));
    await leased.setMetadata({ a: "1" }, { conditions: { leaseId: changed } });
    await refused("LeaseIdMissing", () => leased.delete(true));
    await lease.releaseLease();
    await lease.acquireLease(-1);
    assert.equal((await lease.breakLease(0)).leaseTime, 0);
    await leased.delete(true);
  }
});
await check("expiry", async () => {
  const file = await put(filesystem, "expiring", "x");
  const expiresOn = new Date(Math.floor(Date.now() / 1000) * 1000 + 7200_000);
  await file.setExpiry("Absolute", { expiresOn });
  assert.equal((await file.getProperties()).expiresOn.getTime(), expiresOn.getTime());
  await file.setExpiry("RelativeToCreation", { timeToExpireInMs: 3600_000 });
  const { createdOn, expiresOn: next } = await file.getProperties();
  assert.ok(Math.abs(next - createdOn - 3600_000) <= 1000);
  await file.setExpiry("NeverExpire");
  assert.ok(!(await file.getProperties()).expiresOn);
});
await check("queries", async () => {
  const file = await put(filesystem, "table", "a,1\nb,2\nc,3\n");
  const answer = await file.query("SELECT _1 FROM BlobStorage WHERE CAST(_2 AS INT) > 1");
  const found = Buffer.concat((await all(answer.readableStreamBody)).map((p) => Buffer.from(p)));
  assert.deepEqual(found.toString().split(/\s+/).filter(Boolean), ["b", "c"]);
});
await filesystem.delete();
finish();
