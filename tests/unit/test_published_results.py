"""The README's tables are those of the published result, and nothing in them is blank."""

import io

from rich.console import Console

from bench import publish
from harness import store
from harness.report import terminal
from harness.types import Status


def test_the_readme_shows_the_published_result():
    readme = (publish.ROOT / "README.md").read_text(encoding="utf-8")
    assert publish.with_tables(readme, publish.tables()) == readme
    assert "mcuprof " + " ".join(publish.COMMAND) in readme


def test_every_case_has_an_answer():
    found = store.load(publish.RESULT).measurements
    cases = {(m.model, m.implementation, m.board, m.metric) for m in found}
    assert len(cases) == len(found) == 3 * 3 * 2 * 5
    assert all(m.status.is_answer for m in found)
    assert all(m.value is not None or m.reason for m in found)
    assert all(m.value == 0 for m in found if m.metric == "output" and m.status is Status.OK)


def test_the_tables_fit_a_terminal_of_80_columns():
    output = io.StringIO()
    console = Console(file=output, width=80)
    terminal.show(store.load(publish.RESULT).measurements, console)
    assert max(map(len, output.getvalue().splitlines())) <= 80
    assert "tvm-graph" in output.getvalue()
