// Notes which methods of the SDK's clients are called, by the script or by one another. write() adds
// one JSON line to the file that BLOB_CALLED names: the SDK, what it offers, what was called.
import fs from "node:fs";
import * as sdk from "@azure/storage-blob";

const classes = [
  sdk.BlobServiceClient, sdk.ContainerClient, sdk.BlobClient, sdk.BlockBlobClient,
  sdk.AppendBlobClient, sdk.PageBlobClient, sdk.BlobLeaseClient, sdk.BlobBatchClient, sdk.BlobBatch,
];
// Of browsers only.
const notHere = new Set(["BlockBlobClient.uploadBrowserData"]);
const offered = new Set(), called = new Set();

for (const owner of process.env.BLOB_CALLED ? classes : []) {
  for (const name of Object.getOwnPropertyNames(owner.prototype)) {
    const found = Object.getOwnPropertyDescriptor(owner.prototype, name);
    const full = `${owner.name}.${name}`;
    if (name === "constructor" || typeof found.value !== "function" || notHere.has(full)) continue;
    offered.add(full);
    Object.defineProperty(owner.prototype, name, { ...found, value(...values) {
      called.add(full);
      return found.value.apply(this, values);
    } });
  }
}

export function write() {
  if (!process.env.BLOB_CALLED) return;
  const home = new URL("node_modules/@azure/storage-blob/package.json", import.meta.url);
  const { version } = JSON.parse(fs.readFileSync(home));
  fs.appendFileSync(process.env.BLOB_CALLED, JSON.stringify({
    sdk: `@azure/storage-blob ${version}`, language: "JavaScript",
    offered: [...offered].sort(), called: [...called].sort(),
  }) + "\n");
}
