// Imported where what is called of @azure/storage-blob is noted.
import * as sdk from "@azure/storage-blob";
import { watch } from "./recorder.mjs";

watch("@azure/storage-blob", [
  sdk.BlobServiceClient, sdk.ContainerClient, sdk.BlobClient, sdk.BlockBlobClient,
  sdk.AppendBlobClient, sdk.PageBlobClient, sdk.BlobLeaseClient, sdk.BlobBatchClient, sdk.BlobBatch,
], ["BlockBlobClient.uploadBrowserData"]);
