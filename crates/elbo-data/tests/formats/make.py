"""Writes the files of this folder with the programs that people use, and what Python holds of each to truth.json.

    python -m venv venv
    venv/bin/pip install pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 fastparquet==2026.9.0 openpyxl==3.1.5 \
        xlsxwriter==3.3.1 numpy==2.4.6 scipy==1.17.1 pillow==13.0.0
    venv/bin/python make.py
"""

import datetime as dt
import decimal
import json
import pathlib
import shutil

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import scipy.io
import scipy.sparse
from PIL import Image

HERE = pathlib.Path(__file__).parent
for old in HERE.iterdir():
    if old.is_dir():
        shutil.rmtree(old)
    elif old.suffix != ".py":
        old.unlink()
TRUTH = {}


def plain(value):
    """A cell as JSON has it: instants as ISO 8601 in UTC, what is missing as null."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    return value


def truth(file, columns, rows, labels=None, **options):
    rows = [[plain(cell) for cell in row] for row in rows]
    TRUTH[file] = {"columns": list(columns), "rows": rows, "labels": labels, **options}


DAYS = [dt.date(2024, 2, 28), dt.date(2024, 2, 29), None, dt.date(1969, 12, 31)]
ZONE = dt.timezone(dt.timedelta(hours=2))
INSTANTS = [dt.datetime(2024, 2, 29, 12, 30, 15, 250000, ZONE), None, dt.datetime(1970, 1, 1, 2, tzinfo=ZONE),
            dt.datetime(1900, 1, 1, tzinfo=ZONE)]

# Each type that Arrow has for a cell, by name.
TYPES = {
    "f64": pa.array([0.1, None, -2.5, 1e300], pa.float64()),
    "f32": pa.array([0.5, 1.5, None, -3.0], pa.float32()),
    "f16": pa.array([0.5, 1.5, None, -3.0], pa.float16()),
    "i8": pa.array([-128, 127, None, 0], pa.int8()),
    "i16": pa.array([-32768, 32767, None, 0], pa.int16()),
    "i32": pa.array([-2**31, 2**31 - 1, None, 0], pa.int32()),
    "i64": pa.array([-2**53, 2**53, None, 0], pa.int64()),
    "u8": pa.array([255, 0, None, 1], pa.uint8()),
    "u16": pa.array([65535, 0, None, 1], pa.uint16()),
    "u32": pa.array([2**32 - 1, 0, None, 1], pa.uint32()),
    "u64": pa.array([2**53, 0, None, 1], pa.uint64()),
    "bool": pa.array([True, False, None, True]),
    "dec": pa.array([decimal.Decimal("123.45"), None, decimal.Decimal("-0.10"), decimal.Decimal("99999.99")],
                    pa.decimal128(10, 2)),
    "text": pa.array(["a", "größe", None, "long enough to be no inline view"], pa.string()),
    "large": pa.array(["b", "", None, "c"], pa.large_string()),
    "kind": pa.array(["short", "long", "short", None]).dictionary_encode(),
    "day": pa.array(DAYS, pa.date32()),
    "at": pa.array(INSTANTS, pa.timestamp("us", "Europe/Berlin")),
    "none": pa.array([None, None, None, None], pa.null()),
}
TABLE = pa.table(TYPES)
# What a text column is taken for does not matter here: an empty text is missing.
ROWS = [["" if cell is None and name in ("text", "large") else cell for name, cell in zip(TYPES, row)]
        for row in zip(*(column.to_pylist() for column in TYPES.values()))]
ROWS = [[None if cell == "" else cell for cell in row] for row in ROWS]

for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
    file = f"pyarrow-{codec}.parquet"
    pq.write_table(TABLE, HERE / file, compression=codec, data_page_version="2.0" if codec == "zstd" else "1.0",
                   row_group_size=3, use_dictionary=codec != "gzip")
    truth(file, TYPES, ROWS)
for file, compression in [("pyarrow.arrow", None), ("pyarrow-zstd.arrow", "zstd"), ("pyarrow-lz4.arrow", "lz4")]:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(HERE / file, TABLE.schema, options=options) as writer:
        writer.write_table(TABLE, max_chunksize=3)
    truth(file, TYPES, ROWS)
with pa.ipc.new_stream(HERE / "pyarrow.arrows", TABLE.schema) as writer:
    writer.write_table(TABLE, max_chunksize=3)
truth("pyarrow.arrows", TYPES, ROWS)
pq.write_table(pa.table({"x": [1.0, 2.0], "words": [["a"], ["b", "c"]]}), HERE / "nested.parquet")

# pandas: an index of names, one of numbers without a name, an ordered category.
frame = pd.DataFrame({
    "x": [0.25, np.nan, 3.0, 4.0],
    "n": pd.array([1, 2, None, 4], dtype="Int64"),
    "yes": [True, False, True, True],
    "kind": pd.Categorical(["b", "a", "b", None]),
    "size": pd.Categorical(["mid", "small", "large", "mid"], categories=["small", "mid", "large"], ordered=True),
    "word": ["v", "w", None, "v"],
    "day": pd.to_datetime(["2024-02-28", "2024-02-29", None, "2024-03-02 06:00"], format="ISO8601"),
})
rows = frame.astype(object).values.tolist()
for file, index in [("pandas.parquet", None), ("pandas-index.parquet", [7, 3, 5, 1]),
                    ("pandas-named-index.parquet", pd.Index(["p", "q", "r", "s"], name="town"))]:
    (frame if index is None else frame.set_index(pd.Index(index))).to_parquet(HERE / file)
    truth(file, frame.columns, rows)
frame.to_feather(HERE / "pandas.feather")
truth("pandas.feather", frame.columns, rows)
series = pd.DataFrame({"y": [1.0, 2.0, 4.0]}, index=pd.date_range("2024-01-01", periods=3, freq="MS", name="month"))
series.to_parquet(HERE / "pandas-time-index.parquet")
truth("pandas-time-index.parquet", ["y", "month"], [[y, at.to_pydatetime()] for at, y in series.y.items()])
numbers = frame[["x", "yes"]].fillna(9.5)
numbers.to_parquet(HERE / "fastparquet.parquet", engine="fastparquet", compression="GZIP")
truth("fastparquet.parquet", numbers.columns, numbers.values.tolist())

# polars: categories and enumerations are dictionaries of string views.
table = pl.DataFrame({
    "x": [0.5, None, 2.5],
    "n": pl.Series([1, 2, None], dtype=pl.UInt8),
    "kind": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
    "level": pl.Series(["low", "high", "low"], dtype=pl.Enum(["low", "high"])),
    "word": ["short", "much longer than twelve bytes", None],
    "at": [dt.datetime(2024, 5, 1, 3), None, dt.datetime(2024, 5, 2, 4, 5, 6, 7)],
})
table.write_parquet(HERE / "polars.parquet")
table.write_ipc(HERE / "polars.arrow", compression="zstd")
table.write_ipc(HERE / "polars-plain.arrow", compression="uncompressed")
table.write_ipc_stream(HERE / "polars.arrows", compression="lz4")
for file in ["polars.parquet", "polars.arrow", "polars-plain.arrow", "polars.arrows"]:
    truth(file, table.columns, table.rows())

# Spark: parts in a folder, its marks beside them, instants of 96 bits; and folders that are values.
spark = HERE / "spark"
spark.mkdir()
rows = [[float(i), f"w{i % 2}", dt.datetime(2024, 1, 1, i)] for i in range(6)]
for part, some in enumerate([rows[:4], rows[4:]]):
    columns = [list(column) for column in zip(*some)]
    name = f"part-0000{part}-0c0ffee0-1234-4321-8888-00000000000{part}-c000.snappy.parquet"
    pq.write_table(pa.table(dict(zip(["x", "word", "at"], columns))), spark / name, use_deprecated_int96_timestamps=True)
    (spark / f".{name}.crc").write_bytes(b"crc\0")
(spark / "_SUCCESS").write_bytes(b"")
truth("spark", ["x", "word", "at"], rows)
years = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "year": [2023, 2024, 2023, 2024], "town": ["Bern", "St. Gallen/A"] * 2})
pq.write_to_dataset(years, HERE / "hive", partition_cols=["year", "town"], basename_template="part-{i}.parquet")
truth("hive", ["x", "year", "town"], [[1.0, 2023, "Bern"], [3.0, 2023, "Bern"], [2.0, 2024, "St. Gallen/A"],
                                      [4.0, 2024, "St. Gallen/A"]])

# NumPy.
grid = np.arange(24, dtype=np.float64).reshape(4, 3, 2) / 4
names = [f"value {i},{j}" for i in (1, 2, 3) for j in (1, 2)]
pixels = [name.replace("value", "pixel") for name in names]
for file, array in [("half.npy", grid.reshape(4, 6).astype(np.float16)), ("big.npy", grid.reshape(4, 6).astype(">f8")),
                    ("fortran.npy", np.asfortranarray(grid.reshape(4, 6)))]:
    np.save(HERE / file, array)
    truth(file, [f"column {d}" for d in range(1, 7)], array.astype(float).tolist())
np.save(HERE / "fortran-3d.npy", np.asfortranarray(grid))
truth("fortran-3d.npy", pixels, grid.reshape(4, 6).tolist())
four = np.arange(48, dtype=np.int16).reshape(3, 2, 2, 4)
np.save(HERE / "fortran-4d.npy", np.asfortranarray(four))
truth("fortran-4d.npy", [f"value {i},{j},{k}" for i in (1, 2) for j in (1, 2) for k in (1, 2, 3, 4)],
      four.reshape(3, 16).tolist())
np.save(HERE / "bools.npy", np.array([True, False, True]))
truth("bools.npy", ["column 1"], [[1], [0], [1]])
np.save(HERE / "structured.npy", np.array([(1.5, 2), (2.5, 3)], dtype=[("a", "f8"), ("b", "i4")]))
X, y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array(["cat", "dög", "cat"])
np.savez(HERE / "one.npz", X)
truth("one.npz", ["column 1", "column 2"], X.tolist())
np.savez_compressed(HERE / "labelled.npz", X=X, y=y)
truth("labelled.npz", ["column 1", "column 2"], X.tolist(), y.tolist())
np.savez_compressed(HERE / "split.npz", x_train=X, y_train=np.array([3, 1, 2], dtype=np.uint8), x_test=X + 1, y_test=[b"a", b"bc", b""])
truth("split.npz", ["column 1", "column 2"], X.tolist(), ["3", "1", "2"], part="x_train")
np.savez(HERE / "columns.npz", mass=X[:, 0] / 4, count=np.array([1, 0, 7], dtype=np.uint8))
truth("columns.npz", ["mass", "count"], [[0.25, 1], [0.75, 0], [1.25, 7]])
truth("structured.npy", ["a", "b"], [[1.5, 2], [2.5, 3]])
records = [(0.25, 7, "größe", True, b"x"), (-1e300, -3, "", False, b"yz"), (3.0, 0, "größe", True, b"x")]
for file, order, align in [("records.npy", "<", True), ("records-big.npy", ">", False)]:
    fields = [("mass", f"{order}f8"), ("n", f"{order}i2"), ("kind", f"{order}U5"), ("yes", "?"), ("code", "S2")]
    np.save(HERE / file, np.array(records, dtype=np.dtype(fields, align=align)))
    truth(file, [name for name, _ in fields], [[*row[:2], row[2] or None, row[3], row[4].decode()] for row in records])

# Sparse matrices of SciPy: counts stay counts.
few = scipy.sparse.random(7, 4, 0.3, random_state=1)
kinds = scipy.sparse.coo_matrix(([2, 1, 3, 1], ([0, 2, 2, 0], [3, 0, 1, 0])), shape=(3, 4))
for kind in ["csr", "csc", "coo"]:
    scipy.sparse.save_npz(HERE / f"sparse-{kind}.npz", few.asformat(kind), compressed=kind != "csc")
    truth(f"sparse-{kind}.npz", [f"column {d}" for d in range(1, 5)], few.toarray().tolist())
    scipy.sparse.save_npz(HERE / f"counts-{kind}.npz", kinds.asformat(kind))
    truth(f"counts-{kind}.npz", ["0", "1", "2", "3"], kinds.toarray().tolist())
scipy.sparse.save_npz(HERE / "sparse-dia.npz", few.asformat("dia"))

# What pandas writes of a table whose rows were drawn or chosen: their numbers stay with them.
whole = pd.DataFrame({"x": np.arange(12) / 8, "flag": np.arange(12) % 3 == 0})
for file, part in [("pandas-shuffled.csv", whole.sample(frac=1, random_state=0)), ("pandas-chosen.csv", whole[whole.x > 0.4])]:
    part.to_csv(HERE / file)
    truth(file, ["column 1", *whole.columns], part.reset_index().values.tolist())
lacking = whole.astype(object)
lacking.loc[3, "flag"] = None
lacking.to_csv(HERE / "pandas-booleans.csv", index=False)
truth("pandas-booleans.csv", whole.columns, lacking.values.tolist())
for folder, ending in [("csv-parts", "csv"), ("csv-parts-packed", "csv.gz")]:
    (HERE / folder).mkdir()
    for part in range(3):
        whole[4 * part:4 * part + 4].to_csv(HERE / folder / f"part-{part}.{ending}", index=False)
    truth(folder, whole.columns, whole.values.tolist())

# Workbooks.
titled = openpyxl.Workbook()
page = titled.active
page.append(["Masses of May"])
page.merge_cells("A1:C1")
page.append([])
for row in [["day", "mass", "count"], *([dt.date(2024, 5, day), day / 4, day] for day in range(1, 6))]:
    page.append(row)
titled.save(HERE / "title.xlsx")
truth("title.xlsx", ["day", "mass", "count"], [[dt.date(2024, 5, day), day / 4, day] for day in range(1, 6)])
# A table that begins in column C, with titles above it and notes below, a column without a cell and one with a name alone.
placed = openpyxl.Workbook()
page = placed.active
page["A1"], page["B2"], page["J2"] = "Masses of May", "as of 2024", " "
DATA = [[1.5, 3, -0.5], [2.25, 0, None], [4.0, 7, 1.25], [3.5, 2, 0.125]]
for row, cells in enumerate([["mass", "count", "shift"], *DATA]):
    for column, cell in zip([3, 5, 6], cells):
        page.cell(row + 5, column, cell)
page.cell(5, 7, "remark")
page["C11"], page["C12"], page["A13"] = "Source: the office, 2024", "* preliminary", "printed in June"
page["D14"], page["E14"] = "as of", 2024
placed.save(HERE / "placed.xlsx")
truth("placed.xlsx", ["column 1", "column 2", "mass", "column 4", "count", "shift", "remark", "column 8", "column 9", "column 10"],
      [[None, None, mass, None, count, shift, None, None, None, None] for mass, count, shift in DATA])
sheet = pd.DataFrame({
    "mass": [1.5, np.nan, 1e-7, 12345678.9], "count": [1, 2, 3, 4], "yes": [True, False, True, False],
    "note, \"quoted\"": ["a,b", "say \"x\"", "two\nlines", "ä"],
    "day": pd.to_datetime(["2024-02-28", "2024-02-29", "1999-12-31", "2024-03-01 06:30:00"], format="ISO8601"),
})
sheet.to_excel(HERE / "openpyxl.xlsx", index=False)
truth("openpyxl.xlsx", sheet.columns, [[cell.replace("\n", " ") if isinstance(cell, str) else cell for cell in row]
                                       for row in sheet.astype(object).values.tolist()])
with pd.ExcelWriter(HERE / "sheets.xlsx", engine="xlsxwriter") as writer:
    pd.DataFrame({"first": [1.0, 2.0]}).to_excel(writer, sheet_name="Notes", index=False)
    other = writer.book.add_worksheet("Data 2")
    for row, cells in enumerate([["a", "b"], [1, 2.5], [3, None], [5, 7]]):
        for column, cell in enumerate(cells):
            if cell is not None:
                other.write(row + 2, column + 1, cell)
    other.write_formula(4, 2, "=NA()", None, "#N/A")
truth("sheets.xlsx", ["a", "b"], [[1, 2.5], [3, None], [5, 7]], part="Data 2")

# Packed text tables.
small = pd.DataFrame({"x": [1.5, 2.5, 3.5], "y": [4, 5, 6]})
for file in ["packed.csv.zip", "packed.csv.gz", "packed.csv.bz2"]:
    small.to_csv(HERE / file, index=False)
    truth(file, small.columns, small.values.tolist())
with pa.CompressedOutputStream(str(HERE / "packed.csv.zst"), "zstd") as stream:
    stream.write(small.to_csv(index=False).encode())
truth("packed.csv.zst", small.columns, small.values.tolist())

# Pictures.
random = np.random.default_rng(1)
KINDS = {"grey": ("L", (3, 4), 256), "colour": ("RGB", (3, 4, 3), 256), "alpha": ("RGBA", (3, 4, 4), 256),
         "deep": ("I;16", (3, 4), 65536)}
for kind, (mode, shape, full) in KINDS.items():
    rows, labels = [], []
    for label in ["cats", "dogs"]:
        (HERE / kind / label).mkdir(parents=True)
        for number in (1, 2):
            values = random.integers(0, full, shape, dtype=np.uint16)
            image = Image.fromarray(values.astype(np.uint8 if full == 256 else np.uint16))
            assert image.mode == mode
            image.save(HERE / kind / label / f"{number}.png")
            rows.append(values.reshape(-1).tolist())
            labels.append(label)
    word = "pixel" if len(shape) == 2 else "value"
    columns = [f"{word} " + ",".join(str(i + 1) for i in place) for place in np.ndindex(shape)]
    truth(kind, columns, rows, labels)
(HERE / "palette").mkdir()
image = Image.fromarray(np.array([[0, 255, 0], [255, 0, 255]], dtype=np.uint8)).convert("1")
image.save(HERE / "palette/bits.png")
image.convert("L").save(HERE / "palette/bytes.png")
truth("palette", [f"pixel {i},{j}" for i in (1, 2) for j in (1, 2, 3)], [[0, 255, 0, 255, 0, 255]] * 2)
for kind, mode in [("jpeg-grey", "L"), ("jpeg-colour", "RGB")]:
    (HERE / kind).mkdir()
    rows = []
    for number in (1, 2):
        # Smooth ones: decoders round alike there.
        i, j = np.mgrid[0:16, 0:16]
        bands = [np.uint8(8 * i + 4 * j * number + 20 * band) for band in range(len(mode))]
        Image.fromarray(np.stack(bands, -1).squeeze()).save(HERE / kind / f"{number}.jpg", quality=95, subsampling=0)
        rows.append(np.asarray(Image.open(HERE / kind / f"{number}.jpg")).reshape(-1).tolist())
    shape = (16, 16) if mode == "L" else (16, 16, 3)
    word = "pixel" if mode == "L" else "value"
    columns = [f"{word} " + ",".join(str(i + 1) for i in place) for place in np.ndindex(shape)]
    truth(kind, columns, rows, within=3)

# Matrix Market, as SciPy writes it.
square = np.array([[2.5, -1.0, 0.0], [-1.0, 0.0, 4.0], [0.0, 4.0, 1.0]])
skew = np.array([[0.0, 2.0, -3.5], [-2.0, 0.0, 0.0], [3.5, 0.0, 0.0]])
counts = np.array([[0, 3, 1], [2, 0, 0]])
wide = ["column 1", "column 2", "column 3"]
numbered = ["0", "1", "2"]
for file, matrix, options, columns in [
    ("symmetric.mtx", scipy.sparse.coo_matrix(square), {"symmetry": "symmetric"}, wide),
    ("skew.mtx", scipy.sparse.coo_matrix(skew), {"symmetry": "skew-symmetric"}, wide),
    ("array.mtx", square[:2], {}, wide), ("array-symmetric.mtx", square, {"symmetry": "symmetric"}, wide),
    ("array-skew.mtx", skew, {"symmetry": "skew-symmetric"}, wide),
    ("integer.mtx", scipy.sparse.coo_matrix(counts), {"field": "integer"}, numbered),
    ("unsigned.mtx", scipy.sparse.coo_matrix(counts.astype(np.uint32)), {}, numbered),
    ("real.mtx", scipy.sparse.coo_matrix(counts / 4), {}, wide),
    ("array-integer.mtx", counts, {}, numbered),
]:
    scipy.io.mmwrite(HERE / file, matrix, **options)
    dense = matrix.toarray() if scipy.sparse.issparse(matrix) else matrix
    truth(file, columns, dense.tolist())
scipy.io.mmwrite(HERE / "pattern.mtx", scipy.sparse.coo_matrix(counts), field="pattern")
truth("pattern.mtx", numbered, (counts > 0).astype(int).tolist())
scipy.io.mmwrite(HERE / "complex.mtx", square[:2] * 1j)

(HERE / "truth.json").write_text(json.dumps(TRUTH, ensure_ascii=False, indent=0).replace(",\n", ", ").replace("[\n", "[")
                                 .replace("\n]", "]") + "\n")
