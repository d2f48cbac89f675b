"""One row a measurement, as a Parquet file: for data frames."""

from __future__ import annotations

from harness.errors import MissingError
from harness.report.exporters import Subject, Target

TITLE = "one row a measurement, as Parquet"
SUFFIX = ".parquet"
GOES_TO = Target.FILE


def export(subject: Subject) -> bytes:
    """Return the rows with typed columns; raises ``MissingError`` where pyarrow is not installed."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        msg = f"Parquet files are written by pyarrow, which is not there ({error}): pip install 'mcuprof[parquet]'"
        raise MissingError(msg) from error
    from harness.report import rows
    from harness.report.rows import Kind

    types = {
        Kind.TEXT: arrow.string(),
        Kind.NUMBER: arrow.float64(),
        Kind.WHOLE: arrow.int64(),
        Kind.FLAG: arrow.bool_(),
        Kind.NUMBERS: arrow.list_(arrow.float64()),
    }
    schema = arrow.schema([(column.name, types[column.kind]) for column in rows.COLUMNS])
    table = arrow.Table.from_pylist(list(rows.rows(subject.run)), schema=schema)
    stream = arrow.BufferOutputStream()
    parquet.write_table(table, stream)
    return bytes(stream.getvalue().to_pybytes())
