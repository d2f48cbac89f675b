"""The forms in which a run leaves mcuprof: nothing is lost, and no name breaks out of its place."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report import rows
from harness.report.exporters import Subject, Target, all_exporters, latex
from harness.report.notes import notes as all_notes
from harness.store import document
from harness.types import Status
from tests.made_up_runs import case, failed, figure, mixed, run

TEXT = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["a|b", "*a*", "_a_", "`a`", "<b>", "[a](b)", "a\\", "\\|", "a\nb", "&amp;", "~~a~~", "1. a", "- a", "# a", "$a$"]
)


def test_every_module_is_an_exporter():
    found = all_exporters()
    assert {"csv", "html", "json", "latex", "markdown", "parquet"} <= set(found)
    for exporter in found.values():
        assert exporter.GOES_TO in Target
        assert exporter.SUFFIX.startswith(".")
        assert exporter.TITLE
    assert len({exporter.SUFFIX for exporter in found.values()}) == len(found)


def test_json_is_the_results_file():
    assert json.loads(all_exporters()["json"].export(Subject(run=mixed()))) == document(mixed())


def read_csv(found):
    return list(csv.DictReader(io.StringIO(all_exporters()["csv"].export(Subject(run=found)))))


def test_csv_is_one_row_a_measurement_with_every_digit():
    third = figure("inference", 1 / 3, board="desk", samples=[0.1, 1 / 3, 0.7])
    read = read_csv(run([third, *mixed().measurements]))
    assert len(read) == 1 + len(mixed().measurements)
    assert float(read[0]["value"]) == 1 / 3
    assert [float(s) for s in read[0]["samples"].split()] == [0.1, 1 / 3, 0.7]
    assert read[0]["clock"] == "hardware"
    (large,) = [row for row in read if row["oversize"] == "true"]
    assert (large["value"], large["status"], large["limit_bytes"]) == ("1013664", "does-not-fit", "983040")
    (missing, *_) = [row for row in read if row["status"] == "hung"]
    assert (missing["value"], missing["samples"], missing["mean"]) == ("", "", "")


@given(TEXT)
def test_csv_gives_names_back(name):
    found = run([replace(figure("flash", 5), model=name, reason=name)])
    read = list(csv.DictReader(io.StringIO(all_exporters()["csv"].export(Subject(run=found)), newline="")))
    assert read[0]["model"] == read[0]["reason"] == ("'" + name if name.startswith(("=", *"+-@\t\r")) else name)


def test_csv_has_no_formula_in_the_name_of_a_file():
    found = run([replace(figure("flash", 5), model="=cmd|' /C calc'!A0", implementation="@SUM(1)")])
    (row,) = read_csv(found)
    assert (row["model"], row["implementation"], row["value"]) == ("'=cmd|' /C calc'!A0", "'@SUM(1)", "5")


def test_parquet_holds_the_same_as_csv():
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = parquet.read_table(pyarrow.BufferReader(all_exporters()["parquet"].export(Subject(run=mixed()))))
    assert table.to_pylist() == list(rows.rows(mixed()))
    assert table.column_names == [column.name for column in rows.COLUMNS]


def test_columns_are_told_in_the_documentation():
    from harness import paths

    told = (paths.data_dir() / "docs" / "report.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [column.name for column in rows.COLUMNS]


def as_read(text):
    """Return the cells of the table, row by row, and the notes, as a reader of Markdown sees them."""
    table, notes = [], []
    for token in MarkdownIt().enable(["table", "strikethrough"]).parse(text):
        if token.type == "tr_open":
            table.append([])
        elif token.type == "list_item_open":
            notes.append("")
        elif token.type == "inline":
            assert {child.type for child in token.children} <= {"text", "text_special", "strong_open", "strong_close"}
            said = "".join(child.content for child in token.children)
            if notes:
                notes[-1] += said
            elif table:
                table[-1].append(said)
    return table, notes


@given(TEXT, TEXT)
def test_no_name_breaks_markdown(model, reason):
    found = run([
        replace(figure("flash", 5), model=model),
        replace(failed("ram", Status.HUNG, reason), model=model),
    ])  # fmt: skip
    subject = Subject(run=found)
    table, notes = as_read(all_exporters()["markdown"].export(subject))
    assert table == [
        ["model", "implementation", "flash", "unused RAM"],
        [" ".join(subject.shown()[0].model.split()), "tflm", "5 B", "hung"],
    ]
    assert notes == [" ".join(note.split()) for note in all_notes(subject.shown())]


@given(TEXT)
def test_no_name_breaks_a_latex_table(name):
    written = latex.escaped(name)
    taken_out = re.sub(r"\\(?:text\w+|symbol|dots)\{\w*\}|\\[{}$&#%_]|\{[\[*]\}|-\{\}", "", written)
    assert not set(taken_out) & set("\\{}$&#%_^~<>|\"'`\n")
    assert all(character <= "\xff" for character in written)
    assert not written.startswith(("[", "*"))


def test_a_long_latex_table_breaks_over_pages():
    few = all_exporters()["latex"].export(Subject(run=run(case())))
    many = all_exporters()["latex"].export(Subject(run=run(m for i in range(60) for m in case(model=f"net{i}"))))
    assert "\\begin{tabular}" in few
    assert "\\usepackage{booktabs, longtable}" in many
    assert "\\end{longtable}" in many
    assert "\\endhead" in many


def test_a_study_is_ordered_by_model_then_board():
    said = all_exporters()["latex"].export(Subject(run=run([*case(model="b"), *case(model="a"), *case(
        model="b", board="desk")])))  # fmt: skip
    assert re.findall(r"^(\w+) & tflm & ([\w-]+)", said, re.MULTILINE) == [("b", "sim"), ("b", "desk"), ("a", "sim")]
