"""Print every row as a table and leave it as JSON: ``python -m bench [-o FILE] [SUITE...]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.table import Table

from bench.command_line import rows as command_line_rows
from bench.compiled_networks import rows as compiled_rows
from bench.emulation import rows as emulation_rows
from bench.mlperf_tiny import rows as mlperf_tiny_rows
from bench.row import Row
from bench.silicon import rows as silicon_rows
from harness.report.terminal import console

_SUITES = {
    "command-line": command_line_rows,
    "compiled-networks": compiled_rows,
    "emulation": emulation_rows,
    "mlperf-tiny": mlperf_tiny_rows,
    "silicon": silicon_rows,
}


def main(arguments: Sequence[str]) -> int:
    """Run the rows of all suites, or of those that are named; the exit code is 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("results") / "bench.json")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(_SUITES)} (default: all)")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.suites) - set(_SUITES)
    if unknown:
        parser.error(f"there is no suite {unknown.pop()}: it is one of {', '.join(_SUITES)}")
    rows: list[Row] = []
    for name in chosen.suites or _SUITES:
        for row in _SUITES[name]():
            print(f"{row.what}: {row.shown}", file=sys.stderr, flush=True)
            rows.append(row)
    table = Table("what", "figure", "aim", "met", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(row.what, row.shown, row.aim, "yes" if row.met else "NO")
    console().print(table)
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    content = {"schema": 1, "rows": [asdict(row) for row in rows]}
    chosen.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"as JSON: {chosen.output}")
    return 0 if all(row.met for row in rows) else 1


sys.exit(main(sys.argv[1:]))
