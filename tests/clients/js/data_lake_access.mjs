// Calls what @azure/storage-file-datalake offers for access control, checked for what it does.
// Called by tests/clients/run.py.
import assert from "node:assert";
import { check, finish } from "./checks.mjs";
import { byToken, content, listed, name, put, refused, service, soon } from "./lake.mjs";
import {
  DataLakeDirectoryClient, DataLakeFileClient, DataLakeSASPermissions, DirectorySASPermissions,
} from "@azure/storage-file-datalake";

const { BLOB_TOKEN, GUEST_OID, GUEST_TOKEN } = process.env;
const filesystem = service.getFileSystemClient(name);
await filesystem.create();
const ann = "11111111-1111-1111-1111-111111111111";
const mismatch = "AuthorizationPermissionMismatch";
// Two directories and two files.
async function tree(top) {
  await put(filesystem, `${top}/f`, "f");
  await put(filesystem, `${top}/sub/g`, "g");
  return filesystem.getDirectoryClient(top);
}
const rights = (text) =>
  ({ read: text[0] === "r", write: text[1] === "w", execute: text[2] === "x" });
const entry = (accessControlType, entityId, text, defaultScope = false) =>
  ({ accessControlType, entityId, defaultScope, permissions: rights(text) });
const usual = [entry("user", "", "rwx"), entry("group", "", "r-x"), entry("other", "", "---")];
const rightsOf = async (path, id) => (await path.getAccessControl()).acl
  .find((e) => e.entityId === id && !e.defaultScope)?.permissions;
const counted = ({ counters }, directories, files) => assert.deepEqual(counters,
  { failedChangesCount: 0, changedDirectoriesCount: directories, changedFilesCount: files });

await check("permissions, owner and ACL", async () => {
  const top = await tree("rights");
  for (const path of [top, top.getFileClient("f")]) {
    assert.equal((await path.getAccessControl()).owner, "$superuser");
    await path.setPermissions({ owner: rights("rwx"), group: rights("r--"), other: rights("--x"),
      stickyBit: true, extendedAcls: false }, { owner: ann, group: GUEST_OID });
    const found = await path.getAccessControl({ userPrincipalName: true });
    assert.deepEqual([found.owner, found.group], [ann, GUEST_OID]);
    const { group, other, stickyBit } = found.permissions;
    assert.deepEqual([group, other, stickyBit], [rights("r--"), rights("--x"), true]);
    await path.setAccessControl([...usual, entry("user", ann, "r--")]);
    assert.deepEqual(await rightsOf(path, ann), rights("r--"));
    assert.ok((await path.getAccessControl()).permissions.extendedAcls);
  }
});
await check("a default ACL", async () => {
  const top = await tree("defaults");
  await top.setAccessControl([...usual, ...usual.map((e) => ({ ...e, defaultScope: true })),
    entry("user", ann, "r-x", true)]);
  const below = top.getSubdirectoryClient("below");
  await below.create();
  assert.deepEqual(await rightsOf(below, ann), rights("r-x"));
  assert.ok((await below.getAccessControl()).acl.some((e) => e.defaultScope && e.entityId === ann));
});
await check("ACLs of a whole directory", async () => {
  const top = await tree("recursive"), file = top.getFileClient("sub/g");
  counted(await top.setAccessControlRecursive(usual), 2, 2);
  const batches = [];
  counted(await top.updateAccessControlRecursive([entry("user", ann, "rwx")],
    { batchSize: 1, onProgress: (p) => batches.push(p.batchCounters) }), 2, 2);
  assert.ok(batches.length >= 4);
  assert.deepEqual(await rightsOf(file, ann), rights("rwx"));
  const { continuationToken } = await top.removeAccessControlRecursive(
    [{ accessControlType: "user", entityId: ann, defaultScope: false }],
    { batchSize: 2, maxBatches: 1 });
  assert.ok(continuationToken);
  await top.removeAccessControlRecursive(
    [{ accessControlType: "user", entityId: ann, defaultScope: false }], { continuationToken });
  for (const path of [top, file]) assert.equal(await rightsOf(path, ann), undefined);
});
const permissions = { directory: DirectorySASPermissions.parse("rlw"),
  file: DataLakeSASPermissions.parse("r") };
async function checkSas(urlOfDirectory, urlOfFile, stringOfDirectory, stringOfFile) {
  assert.ok(stringOfDirectory.includes("signed\n") && stringOfFile.includes("signed/f\n"));
  const directory = new DataLakeDirectoryClient(urlOfDirectory);
  await directory.getFileClient("sub/g").upload(Buffer.from("by SAS"));
  assert.equal(await content(filesystem.getFileClient("signed/sub/g")), "by SAS");
  await refused(mismatch, () => directory.delete(true));
  const outside = urlOfDirectory.replace("/signed?", "/rights?");
  await refused("AuthenticationFailed", () =>
    new DataLakeDirectoryClient(outside).getFileClient("new").create());
  const file = new DataLakeFileClient(urlOfFile);
  assert.equal(await content(file), "f");
  await refused(mismatch, () => file.delete());
}
await check("SAS of a directory and of a file", async () => {
  const directory = await tree("signed"), file = directory.getFileClient("f");
  const ofDirectory = { permissions: permissions.directory, expiresOn: soon(),
    isDirectory: true, directoryDepth: 1 };
  const ofFile = { permissions: permissions.file, expiresOn: soon() };
  await checkSas(await directory.generateSasUrl(ofDirectory), await file.generateSasUrl(ofFile),
    directory.generateSasStringToSign(ofDirectory), file.generateSasStringToSign(ofFile));
});
if (BLOB_TOKEN) await check("SAS by a user's key", async () => {
  const delegated = await byToken(BLOB_TOKEN).getUserDelegationKey(new Date(), soon());
  const directory = await tree("signed"), file = directory.getFileClient("f");
  const ofDirectory = { permissions: permissions.directory, expiresOn: soon(),
    isDirectory: true, directoryDepth: 1 };
  const ofFile = { permissions: permissions.file, expiresOn: soon() };
  await checkSas(await directory.generateUserDelegationSasUrl(ofDirectory, delegated),
    await file.generateUserDelegationSasUrl(ofFile, delegated),
    directory.generateUserDelegationSasStringToSign(ofDirectory, delegated),
    file.generateUserDelegationSasStringToSign(ofFile, delegated));
});
if (BLOB_TOKEN) await check("an owner by token", async () => {
  const inside = byToken(BLOB_TOKEN).getFileSystemClient(name);
  await put(inside, "owned/f", "x");
  const top = inside.getDirectoryClient("owned");
  assert.equal((await top.getAccessControl()).owner, "00000000-0000-0000-0000-000000000001");
  await top.setAccessControl(usual, { owner: ann });
  assert.equal((await top.getAccessControl()).owner, ann);
  counted(await top.updateAccessControlRecursive([entry("user", GUEST_OID, "rwx")]), 1, 1);
  await top.move("owned again");
  await inside.getDirectoryClient("owned again").delete(true);
  assert.ok(!await top.exists());
});
if (GUEST_TOKEN) await check("a guest by what the ACL allows", async () => {
  const shared = await tree("shared");
  const inside = byToken(GUEST_TOKEN).getFileSystemClient(name);
  const top = inside.getDirectoryClient("shared"), file = top.getFileClient("f");
  await refused(mismatch, () => content(file));
  await filesystem.getDirectoryClient("").setAccessControl(
    [...usual.slice(0, 2), entry("other", "", "--x")]);
  await shared.updateAccessControlRecursive([entry("user", GUEST_OID, "r-x")]);
  assert.equal(await content(file), "f");
  assert.deepEqual(await listed(inside, { path: "shared" }), ["shared/f", "shared/sub/"]);
  await refused(mismatch, () => top.getFileClient("new").create());
  await refused(mismatch, () => file.delete());
  await shared.updateAccessControlRecursive([entry("user", GUEST_OID, "rwx")]);
  const mine = await put(top, "new", "mine");
  assert.equal((await mine.getAccessControl()).owner, GUEST_OID);
  await refused(mismatch, () => mine.setAccessControl(usual, { owner: ann }));
  await mine.move("shared/newer");
  await top.getSubdirectoryClient("sub").delete(true);
  assert.deepEqual(await listed(filesystem, { path: "shared" }), ["shared/f", "shared/newer"]);
  await refused(mismatch, () => top.delete(true));
});
await filesystem.delete();
finish();
