"""A Delta table: several processes commit at once, and every commit is in the log."""
import multiprocessing
import os

# user's lines
import pyarrow
from deltalake import DeltaTable, write_deltalake

options = {"azure_storage_account_name": "acct1",
           "azure_storage_account_key": os.environ["AZURE_STORAGE_KEY"],
           "azure_storage_endpoint": "http://127.0.0.1:10000/acct1",
           "allow_http": "true"}
url = "az://delta/table"
# end of the user's lines
WRITERS, COMMITS = 4, 10


def leave() -> None:
    """At once: the interpreter's own end now and then aborts in a thread of pyarrow 26's ("terminate
    called without an active exception"), when everything was done and checked."""
    os._exit(0)


def rows(writer: int, numbers) -> pyarrow.Table:
    numbers = list(numbers)
    return pyarrow.table({"writer": [writer] * len(numbers), "number": numbers})


def write(writer: int) -> None:
    for index in range(COMMITS):
        write_deltalake(url, rows(writer, [index]), mode="append", storage_options=options)
    leave()


def main() -> None:
    write_deltalake(url, rows(-1, range(1000)), storage_options=options)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(index,)) for index in range(WRITERS)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert all(process.exitcode == 0 for process in writers), writers
    table = DeltaTable(url, storage_options=options)
    assert table.version() == WRITERS * COMMITS, table.version()
    found = table.to_pyarrow_table().to_pylist()
    wanted = ({(-1, number) for number in range(1000)}
              | {(writer, index) for writer in range(WRITERS) for index in range(COMMITS)})
    assert len(found) == len(wanted), len(found)
    assert {(row["writer"], row["number"]) for row in found} == wanted
    first = DeltaTable(url, version=0, storage_options=options)
    assert first.to_pyarrow_table().num_rows == 1000
    table.delete("writer = 0")
    table.merge(rows(-1, range(990, 1010)), "t.number = s.number and t.writer = s.writer",
                source_alias="s", target_alias="t").when_not_matched_insert_all().execute()
    table.optimize.compact()
    table.create_checkpoint()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    again = DeltaTable(url, storage_options=options).to_pyarrow_table()
    assert again.num_rows == 1010 + (WRITERS - 1) * COMMITS, again.num_rows


if __name__ == "__main__":
    main()
    leave()
