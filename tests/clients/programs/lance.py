"""A LanceDB table of vectors; several processes add to it at once."""
import multiprocessing
import os
import random

# user's lines
import lancedb

database = lancedb.connect("az://lance/db", storage_options={
    "azure_storage_account_name": "acct1",
    "azure_storage_account_key": os.environ["AZURE_STORAGE_KEY"],
    "azure_storage_endpoint": "http://127.0.0.1:10000/acct1",
    "allow_http": "true"})
# end of the user's lines
WRITERS, ADDS, LENGTH = 4, 5, 64


def rows(first: int, count: int) -> list[dict]:
    noise = random.Random(first)
    return [{"id": first + index, "vector": [noise.random() for _ in range(LENGTH)]}
            for index in range(count)]


def add(writer: int) -> None:
    table = database.open_table("vectors")
    for index in range(ADDS):
        table.add(rows(100_000 + writer * 1000 + index * 10, 10))


def main() -> None:
    given = rows(0, 2000)
    table = database.create_table("vectors", given)
    table.add(rows(2000, 500))
    for wanted in (3, 777, 1999):
        nearest = table.search(given[wanted]["vector"]).limit(3).to_list()
        assert nearest[0]["id"] == wanted, nearest
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add, args=(index,)) for index in range(WRITERS)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert all(process.exitcode == 0 for process in writers), writers
    table = database.open_table("vectors")
    assert table.count_rows() == 2500 + WRITERS * ADDS * 10, table.count_rows()
    table.delete("id < 100")
    table.update(where="id = 777", values={"id": 7})
    assert table.count_rows("id = 7") == 1 and table.count_rows("id = 777") == 0
    table.create_index(metric="l2", vector_column_name="vector", num_partitions=2,
                       num_sub_vectors=8)
    assert table.search(given[1999]["vector"]).nprobes(2).refine_factor(10).limit(
        1).to_list()[0]["id"] == 1999
    table.optimize()
    table.checkout(1)
    assert table.count_rows() == 2000
    assert database.table_names() == ["vectors"]


if __name__ == "__main__":
    main()
