// A hierarchical account for the scripts that call @azure/storage-file-datalake.
import assert from "node:assert";
import crypto from "node:crypto";
import "./recorded_data_lake.mjs";
import {
  DataLakeServiceClient, StorageSharedKeyCredential, ToBlobEndpointHostMappings,
  ToDfsEndpointHostMappings,
} from "@azure/storage-file-datalake";

const { DFS_ENDPOINT, DFS_ACCOUNT, DFS_KEY } = process.env;
// The SDK knows the two hosts of an account by themselves for Azure only. (data_lake.mjs does not
// tell it, and so calls the one host for everything.)
const suffix = new URL(DFS_ENDPOINT).hostname.slice(DFS_ACCOUNT.length);
const blobSuffix = suffix.replace(".dfs.", ".blob.");
ToBlobEndpointHostMappings.push([suffix, blobSuffix]);
ToDfsEndpointHostMappings.push([blobSuffix, suffix]);

const once = { retryOptions: { maxTries: 1 } };

export const soon = () => new Date(Date.now() + 3600_000);
export const key = new StorageSharedKeyCredential(DFS_ACCOUNT, DFS_KEY);
export const service = new DataLakeServiceClient(DFS_ENDPOINT, key, once);
export const byToken = (token) => new DataLakeServiceClient(DFS_ENDPOINT,
  { getToken: async () => ({ token, expiresOnTimestamp: soon().getTime() }) }, once);
export const name = `lake-${crypto.randomBytes(6).toString("hex")}`;
export const special = "näme with space+%#&=";

export const refused = (code, run) => assert.rejects(run, (e) =>
  (e.code ?? e.details?.errorCode) === code || assert.fail(`${e.code} ${e.message}`));
export async function all(iterator) {
  const found = [];
  for await (const item of iterator) found.push(item);
  return found;
}
// Names of the paths, a directory's with a slash behind it.
export const listed = async (filesystem, options = { recursive: true }) =>
  (await all(filesystem.listPaths(options))).map((p) => p.name + (p.isDirectory ? "/" : ""));
export const put = async (parent, path, data) => {
  const file = parent.getFileClient(path);
  await file.upload(Buffer.from(data));
  return file;
};
export const content = async (file) => (await file.readToBuffer()).toString();
