"""The LaTeX export in LaTeX."""

import shutil
import subprocess
from dataclasses import replace

import pytest

from harness.report.exporters import Subject, all_exporters
from tests.made_up_runs import case, figure, mixed, run

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex is installed")
LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x100)]))
ODD = [r"\end{document}", "100%", "a_b^c~d", "{", "}", "[x]", "*", "日本🙂", "a\nb\x1b", "``''--,,<<>>", LATIN]
RUNS = {
    "mixed": mixed,
    "long": lambda: run(m for i in range(60) for m in case(model=f"net{i}")),
    "odd": lambda: run(replace(figure("flash", 5), model=name, reason=name) for name in ODD),
}


@pytest.mark.parametrize("encoding", ["", r"\usepackage[T1]{fontenc}"], ids=["OT1", "T1"])
@pytest.mark.parametrize("name", RUNS)
def test_it_compiles(tmp_path, name, encoding):
    table = all_exporters()["latex"].export(Subject(run=RUNS[name]()))
    (tmp_path / "table.tex").write_text(table, encoding="utf-8")
    packages = rf"\usepackage{{booktabs,longtable}}{encoding}"
    text = rf"\documentclass{{article}}{packages}\begin{{document}}\input{{table}}\end{{document}}"
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-draftmode", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert made.returncode == 0, made.stdout.decode(errors="replace")[-1500:]
