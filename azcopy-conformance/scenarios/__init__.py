"""Importing this package fills harness.TABLE, in the order of the report."""

from scenarios import (upload, sizes, names, download, sync, remove, listing, properties,
                       service_copy, local_files, bench, access, jobs, bulk, data_lake)  # noqa: F401
