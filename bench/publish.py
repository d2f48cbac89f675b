"""Remake ``results/published`` and the tables in the README: ``./dev publish``."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import store
from harness.report.exporters import markdown

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "results" / "published" / "virtual_boards.json"
BEGIN, END = "<!-- tables: made by ./dev publish -->\n", "<!-- end of tables -->\n"
COMMAND = (
    *("run", "keyword_spotting", "person_detection", "digits"),
    *("--board", "nano33ble-sim", "--board", "spresense-sim"),
)


def tables() -> str:
    """Return the published result as Markdown."""
    return markdown.document(store.load(RESULT).measurements)


def with_tables(readme: str, made: str) -> str:
    """Return the README with what stands between its marks replaced."""
    before, rest = readme.split(BEGIN)
    return before + BEGIN + "\n" + made + "\n" + END + rest.split(END)[1]


def main() -> int:
    """Measure, and write both files; nothing is written where a case failed."""
    with tempfile.TemporaryDirectory(prefix="mcuprof-publish-", dir=ROOT / "results") as name:
        env = os.environ | {"COLUMNS": "120", "MCUPROF_RESULTS": name}
        if subprocess.run([sys.executable, "-m", "harness", *COMMAND], env=env, check=False).returncode != 0:
            return 1
        made = store.load(next(Path(name).glob("*.json")))
    made.host = {key: value for key, value in made.host.items() if key != "system"}
    made.id = RESULT.stem
    store.Store(RESULT.parent).save(made)
    readme = ROOT / "README.md"
    readme.write_text(with_tables(readme.read_text(encoding="utf-8"), tables()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
