"""Small Parquet files by pyarrow and datasets, and the rows in them as JSON lines.

python3 Tests/Goldens/parquet/make_goldens.py   (pyarrow, datasets)
"""

import itertools
import json
import os
import random
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import manifest  # noqa: E402

SCHEMA = pa.schema([
    ("text", pa.string()), pa.field("id", pa.int64(), nullable=False), ("small", pa.int32()),
    ("score", pa.float64()), ("half", pa.float32()), ("flag", pa.bool_()), ("nothing", pa.string()),
    ("endings", pa.list_(pa.string())),
    ("choices", pa.struct([("text", pa.list_(pa.string())), ("label", pa.list_(pa.string()))])),
    ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
    ("nested", pa.list_(pa.list_(pa.int32()))),
    ("deep", pa.struct([("inner", pa.struct([("name", pa.large_string())]))])),
])


def row(i, rng):
    words = ["naïve", "🤹‍♂️ juggler", "a \"quoted\" line\nbreak", "", "plain text", "日本語", "x" * 70]
    maybe = lambda value: None if rng.random() < 0.2 else value
    texts = lambda most: [maybe(rng.choice(words)) for _ in range(rng.randrange(most))]
    return {
        "text": maybe(f"row {i % 5} " + rng.choice(words)), "id": i * 10**12 - 3, "small": maybe(-i),
        "score": maybe(i / 8), "half": maybe(i / 4), "flag": maybe(i % 3 == 0), "nothing": None,
        "endings": maybe(texts(4)), "choices": maybe({"text": maybe(texts(4)), "label": list("ABCDE")[: i % 6]}),
        "messages": maybe([maybe({"role": "user", "content": maybe(rng.choice(words))}) for _ in range(i % 4)]),
        "nested": maybe([maybe(list(range(rng.randrange(3)))) for _ in range(i % 3)]),
        "deep": maybe({"inner": maybe({"name": maybe(rng.choice(words))})}),
    }


def main():
    rng = random.Random(7)
    rows = [row(i, rng) for i in range(23)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    assert table.to_pylist() == rows
    with open(os.path.join(HERE, "rows.jsonl"), "w") as file:
        for r in rows:
            file.write(json.dumps(r, ensure_ascii=False) + "\n")
    for codec, version in itertools.product(["none", "snappy", "gzip", "zstd"], ["1.0", "2.0"]):
        name = f"pyarrow_{codec}_v{version[0]}.parquet"
        pq.write_table(
            table, os.path.join(HERE, name), compression=codec, data_page_version=version,
            use_dictionary=codec in ("snappy", "zstd") and version == "1.0" or codec == "none",
            row_group_size=8 if codec in ("snappy", "none") else 100, data_page_size=256)
    pq.write_table(table, os.path.join(HERE, "lists_of_two_levels.parquet"), use_compliant_nested_type=False)
    datasets.Dataset.from_list(rows, features=datasets.Features.from_arrow_schema(SCHEMA)).to_parquet(
        os.path.join(HERE, "datasets.parquet"))
    pq.write_table(
        table.select(["id", "small"]), os.path.join(HERE, "delta.parquet"), use_dictionary=False,
        column_encoding={"id": "DELTA_BINARY_PACKED", "small": "PLAIN"})
    pq.write_table(table.select(["text"]), os.path.join(HERE, "brotli.parquet"), compression="brotli")
    conversation = [{"role": "user", "content": "Hello", "name": None}, {"role": "assistant", "content": "Hi", "name": None}]
    system = [{"role": "system", "content": "Be brief", "name": None}]
    datasets.Dataset.from_list([
        {"messages": conversation, "tools": None}, {"messages": system + conversation, "tools": None},
    ]).to_parquet(os.path.join(HERE, "conversations.parquet"))
    manifest.write(HERE, [pa, datasets])


main()
