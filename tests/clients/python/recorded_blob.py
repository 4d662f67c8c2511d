"""Imported before the clients are made: what is called of azure-storage-blob is noted."""
import azure.storage.blob as sdk

import recorder

recorder.watch(f"azure-storage-blob {sdk.__version__}",
               (sdk.BlobServiceClient, sdk.ContainerClient, sdk.BlobClient, sdk.BlobLeaseClient))
