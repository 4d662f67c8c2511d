"""Imported before the clients are made: what is called of azure-storage-file-datalake is noted."""
import azure.storage.filedatalake as sdk

import recorder

recorder.watch(f"azure-storage-file-datalake {sdk.VERSION}",
               (sdk.DataLakeServiceClient, sdk.FileSystemClient, sdk.DataLakeDirectoryClient,
                sdk.DataLakeFileClient, sdk.DataLakeLeaseClient))
