// Imported where what is called of @azure/storage-file-datalake is noted.
import * as sdk from "@azure/storage-file-datalake";
import { watch } from "./recorder.mjs";

watch("@azure/storage-file-datalake", [
  sdk.DataLakeServiceClient, sdk.DataLakeFileSystemClient, sdk.DataLakePathClient,
  sdk.DataLakeDirectoryClient, sdk.DataLakeFileClient, sdk.DataLakeLeaseClient,
]);
