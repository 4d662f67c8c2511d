// Calls what @azure/storage-file-datalake offers for accounts and filesystems, checked for what it
// does. Called by tests/clients/run.py.
import assert from "node:assert";
import crypto from "node:crypto";
import { check, finish } from "./checks.mjs";
import { all, byToken, content, key, listed, name, put, refused, service, soon } from "./lake.mjs";
import {
  AccountSASPermissions, DataLakeFileClient, DataLakeFileSystemClient, DataLakeServiceClient,
  FileSystemSASPermissions,
} from "@azure/storage-file-datalake";

const { BLOB_TOKEN, DFS_ACCOUNT, DFS_ENDPOINT, DFS_KEY } = process.env;
const filesystem = service.getFileSystemClient(name);
await filesystem.create({ metadata: { kind: "test" } });

await check("clients by connection string", async () => {
  const text = `DefaultEndpointsProtocol=https;AccountName=${DFS_ACCOUNT};AccountKey=${DFS_KEY};`
    + `BlobEndpoint=${DFS_ENDPOINT}`;
  const inside = DataLakeServiceClient.fromConnectionString(text).getFileSystemClient(name);
  await put(inside, "in/file", "there");
  assert.deepEqual(await listed(inside), ["in/", "in/file"]);
});
await check("a filesystem", async () => {
  const other = service.getFileSystemClient(`${name}-other`);
  assert.ok(!await other.exists());
  assert.ok((await other.createIfNotExists({ access: "file", metadata: { a: "1" } })).succeeded);
  assert.ok(!(await other.createIfNotExists()).succeeded);
  await refused("ContainerAlreadyExists", () => other.create());
  const found = await other.getProperties();
  assert.deepEqual([found.metadata, found.publicAccess], [{ a: "1" }, "file"]);
  await other.setMetadata({ b: "2" });
  assert.deepEqual((await other.getProperties()).metadata, { b: "2" });
  const both = await all(service.listFileSystems({ prefix: name, includeMetadata: true }));
  assert.deepEqual(both.map((f) => [f.name, { ...f.metadata }, f.properties.publicAccess]),
    [[name, { kind: "test" }, undefined], [`${name}-other`, { b: "2" }, "file"]]);
  const pages = await all(service.listFileSystems({ prefix: name }).byPage({ maxPageSize: 1 }));
  assert.deepEqual(pages.map((p) => p.fileSystemItems.length), [1, 1]);
  assert.ok((await other.deleteIfExists()).succeeded);
  assert.ok(!(await other.deleteIfExists()).succeeded);
  assert.ok(!await other.exists());
});
await check("who may read a filesystem", async () => {
  await filesystem.setAccessPolicy("filesystem", [{ id: "reader", accessPolicy: {
    startsOn: new Date(), expiresOn: soon(), permissions: "r" } }]);
  const found = await filesystem.getAccessPolicy();
  assert.equal(found.publicAccess, "filesystem");
  assert.deepEqual(found.signedIdentifiers.map((i) => [i.id, i.accessPolicy.permissions]),
    [["reader", "r"]]);
  const { url } = filesystem.getFileClient("in/file");
  assert.equal(await content(new DataLakeFileClient(url)), "there");
  const sas = (await filesystem.generateSasUrl({ identifier: "reader" })).split("?")[1];
  await filesystem.setAccessPolicy(undefined, found.signedIdentifiers);
  assert.equal(await content(new DataLakeFileClient(`${url}?${sas}`)), "there");
  await filesystem.setAccessPolicy();
  assert.deepEqual((await filesystem.getAccessPolicy()).signedIdentifiers, []);
  await refused("AuthenticationFailed", () => content(new DataLakeFileClient(`${url}?${sas}`)));
});
await check("a lease of a filesystem", async () => {
  const lease = filesystem.getDataLakeLeaseClient();
  await lease.acquireLease(15);
  await refused("LeaseIdMissing", () => filesystem.delete());
  await lease.renewLease();
  const changed = crypto.randomUUID();
  await lease.changeLease(changed);
  assert.equal(lease.leaseId, changed);
  assert.equal((await filesystem.getProperties()).leaseState, "leased");
  await lease.releaseLease();
  await lease.acquireLease(-1);
  assert.equal((await lease.breakLease(0)).leaseTime, 0);
  assert.equal((await filesystem.getProperties()).leaseState, "broken");
});
await check("a filesystem undeleted", async () => {
  const kept = service.getFileSystemClient(`${name}-kept`);
  await kept.create();
  await put(kept, "dir/f", "kept");
  await kept.delete();
  const found = (await all(service.listFileSystems({ includeDeleted: true, prefix: name })))
    .find((f) => f.name === kept.name);
  assert.ok(found.deleted && found.versionId);
  const { fileSystemClient } = await service.undeleteFileSystem(kept.name, found.versionId);
  assert.equal(await content(fileSystemClient.getFileClient("dir/f")), "kept");
  await fileSystemClient.delete();
});
await check("service properties", async () => {
  const cors = { allowedOrigins: "https://a.example", allowedMethods: "GET",
    allowedHeaders: "x-ms-*", exposedHeaders: "x-ms-meta-*", maxAgeInSeconds: 60 };
  await service.setProperties({ cors: [cors], defaultServiceVersion: "2023-11-03",
    staticWebsite: { enabled: true, indexDocument: "index.html" },
    deleteRetentionPolicy: { enabled: true, days: 3 } });
  const found = await service.getProperties();
  assert.equal(found.cors[0].allowedOrigins, "https://a.example");
  assert.equal(found.staticWebsite.indexDocument, "index.html");
  assert.equal(found.defaultServiceVersion, "2023-11-03");
  assert.equal(found.deleteRetentionPolicy.days, 3);
});
await check("deleted paths", async () => {
  const file = await put(filesystem, "gone/ä file", "back");
  await file.delete();
  await put(filesystem, "gone/other", "with it");
  await filesystem.getDirectoryClient("gone").delete(true);
  const deleted = await all(filesystem.listDeletedPaths());
  assert.deepEqual(deleted.map((p) => p.name).sort(), ["gone", "gone/ä file"]);
  assert.ok(deleted.every((p) => p.deletedOn && p.remainingRetentionDays <= 3));
  const pages = await all(filesystem.listDeletedPaths().byPage({ maxPageSize: 1 }));
  assert.deepEqual(pages.map((p) => p.pathItems.length), [1, 1]);
  assert.deepEqual((await all(filesystem.listDeletedPaths({ prefix: "gone/" })))
    .map((p) => p.name), ["gone/ä file"]);
  const idOf = (path) => deleted.find((p) => p.name === path).deletionId;
  const { pathClient } = await filesystem.undeletePath("gone", idOf("gone"));
  assert.equal(await content(pathClient.getFileClient("other")), "with it");
  const back = await filesystem.undeletePath("gone/ä file", idOf("gone/ä file"),
    { undeleteSource: `gone/%C3%A4%20file?deletionid=${idOf("gone/ä file")}` });  // in full, too
  assert.equal(await content(back.pathClient), "back");
  assert.deepEqual(await all(filesystem.listDeletedPaths()), []);
  await service.setProperties({ cors: [], staticWebsite: { enabled: false },
    deleteRetentionPolicy: { enabled: false } });
  assert.equal((await service.getProperties()).deleteRetentionPolicy.enabled, false);
});
await check("SAS of the account and of a filesystem", async () => {
  assert.ok(service.generateSasStringToSign(soon()).startsWith(DFS_ACCOUNT));
  const url = service.generateAccountSasUrl(soon(), AccountSASPermissions.parse("rl"), "sco");
  const names = (await all(new DataLakeServiceClient(url).listFileSystems())).map((f) => f.name);
  assert.ok(names.includes(name));
  const options = { permissions: FileSystemSASPermissions.parse("rl"), expiresOn: soon() };
  assert.ok(filesystem.generateSasStringToSign(options).includes(`/${DFS_ACCOUNT}/${name}`));
  const inside = new DataLakeFileSystemClient(await filesystem.generateSasUrl(options));
  assert.ok((await listed(inside)).includes("in/file"));
  await refused("AuthorizationPermissionMismatch", () => inside.getFileClient("new").create());
});
if (BLOB_TOKEN) await check("a user delegation key", async () => {
  const delegated = await byToken(BLOB_TOKEN).getUserDelegationKey(new Date(), soon());
  const options = { permissions: FileSystemSASPermissions.parse("rl"), expiresOn: soon() };
  assert.ok(filesystem.generateUserDelegationSasStringToSign(options, delegated)
    .includes(`/${DFS_ACCOUNT}/${name}`));
  const url = await filesystem.generateUserDelegationSasUrl(options, delegated);
  const inside = new DataLakeFileSystemClient(url);
  assert.ok((await listed(inside)).includes("in/file"));
  assert.equal(await content(inside.getFileClient("in/file")), "there");
  await refused("AuthorizationPermissionMismatch", () => inside.getFileClient("new").create());
});
await filesystem.delete();
finish();
