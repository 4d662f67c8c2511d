// What a user of @azure/storage-file-datalake does on a hierarchical account. Called by
// tests/clients/run.py.
import assert from "node:assert";
import crypto from "node:crypto";
import { Readable } from "node:stream";
import "./recorded_data_lake.mjs";
import { check, finish, same } from "./checks.mjs";
import {
  DataLakeServiceClient, StorageSharedKeyCredential, DataLakeFileClient,
  generateDataLakeSASQueryParameters, DirectorySASPermissions,
} from "@azure/storage-file-datalake";

const { DFS_ENDPOINT, DFS_ACCOUNT, DFS_KEY } = process.env;
const refused = (status, run) =>
  assert.rejects(run, (e) => e.statusCode === status || assert.fail(`${e.statusCode} ${e.code}`));

const key = new StorageSharedKeyCredential(DFS_ACCOUNT, DFS_KEY);
const service = new DataLakeServiceClient(DFS_ENDPOINT, key, { retryOptions: { maxTries: 1 } });
const filesystem = service.getFileSystemClient(`js-${crypto.randomBytes(6).toString("hex")}`);
const data = crypto.randomBytes(300_000);
const directory = filesystem.getDirectoryClient("dir/näme with space+%#?");
const file = directory.getFileClient("file.bin");
const names = async (options) => {
  const found = [];
  for await (const path of filesystem.listPaths(options)) found.push(path.name);
  return found;
};

await check("create filesystem", () => filesystem.create({ metadata: { kind: "test" } }));
await check("filesystem properties", async () =>
  assert.equal((await filesystem.getProperties()).metadata.kind, "test"));
await check("list filesystems", async () => {
  const found = [];
  for await (const item of service.listFileSystems()) found.push(item.name);
  assert.ok(found.includes(filesystem.name));
});
await check("create directory", () => directory.create({ permissions: "rwxrwx---", umask: "0000" }));
await check("create file", () => file.create({ metadata: { a: "1" },
                                               pathHttpHeaders: { contentType: "text/x" } }));
await check("append and flush", async () => {
  await file.append(data.subarray(100_000), 100_000, 200_000);
  await file.append(data.subarray(0, 100_000), 0, 100_000);
  await file.flush(data.length, { close: true });
  same(await file.readToBuffer(), data);
});
await check("append with flush", async () => {
  await file.append(Buffer.from("end"), data.length, 3, { flush: true });
  assert.equal((await file.getProperties()).contentLength, data.length + 3);
});
await check("range", async () => same(await file.readToBuffer(5, 100), data.subarray(5, 105)));
await check("upload", async () => {
  const other = directory.getFileClient("stream");
  await other.uploadStream(Readable.from([data]));
  same(await other.readToBuffer(), data);
});
await check("properties", async () => {
  await file.setMetadata({ b: "2" });
  await file.setHttpHeaders({ contentType: "text/y" });
  const p = await file.getProperties();
  assert.deepEqual([p.metadata.b, p.contentType], ["2", "text/y"]);
});
await check("list paths", async () => {
  assert.equal((await names({ recursive: true })).length, 4);
  assert.deepEqual(await names({ path: "dir", recursive: false }), [directory.name && "dir/näme with space+%#?"]);
});
await check("a page at a time", async () => {
  const sizes = [];
  for await (const page of filesystem.listPaths({ recursive: true }).byPage({ maxPageSize: 3 }))
    sizes.push(page.pathItems.length);
  assert.deepEqual(sizes, [3, 1]);
});
await check("access control", async () => {
  await file.setPermissions({ owner: { read: true, write: true, execute: true },
                              group: { read: true, write: false, execute: false },
                              other: { read: false, write: false, execute: true },
                              stickyBit: false, extendedAcls: false });
  const found = await file.getAccessControl();
  assert.ok(found.permissions.owner.execute && found.permissions.other.execute);
  assert.equal(found.owner, "$superuser");
});
await check("access control recursively", async () => {
  const acl = [{ accessControlType: "user", entityId: "someone", defaultScope: false,
                 permissions: { read: true, write: false, execute: true } }];
  const result = await filesystem.getDirectoryClient("dir").updateAccessControlRecursive(acl);
  assert.deepEqual([result.counters.changedDirectoriesCount, result.counters.changedFilesCount],
                   [2, 2]);
});
await check("lease", async () => {
  const lease = file.getDataLakeLeaseClient();
  await lease.acquireLease(-1);
  await refused(412, () => file.delete());
  await lease.releaseLease();
});
await check("expiry", async () => {
  await file.setExpiry("RelativeToNow", { timeToExpireInMs: 3_600_000 });
  assert.ok((await file.getProperties()).expiresOn);
});
await check("rename", async () => {
  await filesystem.getDirectoryClient("dir").move("moved");
  same((await filesystem.getFileClient("moved/näme with space+%#?/stream").readToBuffer()), data);
});
await check("create if not exists", async () => {
  const again = filesystem.getDirectoryClient("moved");
  assert.equal((await again.createIfNotExists()).succeeded, false);
  assert.equal((await filesystem.getDirectoryClient("fresh").createIfNotExists()).succeeded, true);
});
await check("directory SAS", async () => {
  const sas = generateDataLakeSASQueryParameters({
    fileSystemName: filesystem.name, pathName: "moved", isDirectory: true, directoryDepth: 1,
    permissions: DirectorySASPermissions.parse("r"),
    expiresOn: new Date(Date.now() + 3_600_000) }, key);
  const url = filesystem.getFileClient("moved/näme with space+%#?/stream").url;
  same(await new DataLakeFileClient(`${url}?${sas}`).readToBuffer(), data);
  await refused(403, () => new DataLakeFileClient(
    `${filesystem.getFileClient("fresh/f").url}?${sas}`).readToBuffer());
});
await check("delete", async () => {
  await refused(409, () => filesystem.getDirectoryClient("moved").delete(false));
  await filesystem.getDirectoryClient("moved").delete(true);
  assert.deepEqual(await names({ recursive: true }), ["fresh"]);
});
await check("delete filesystem", () => filesystem.delete());

finish();
