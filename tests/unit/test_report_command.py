"""``report`` and ``export``: which run, which form, and where it goes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import models
from harness.commands.report import export, report
from harness.errors import MissingError, UsageError
from harness.store import Store
from tests.made_up_runs import case, mixed, run


@pytest.fixture
def stored(tmp_path):
    """A results folder with a run."""
    store = Store(tmp_path / "results")
    store.save(mixed())
    return store.path(mixed())


def call(command, *arguments):
    """Run a command; its own errors are raised."""
    found = CliRunner().invoke(command, list(map(str, arguments)), standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found.output


def test_text_goes_to_standard_output(stored):
    for name in ("csv", "json", "latex", "markdown"):
        assert call(report, stored, f"--{name}") == call(export, stored, "--format", name)
    assert call(report, stored).startswith("desk")
    assert json.loads(call(report, stored, "--json"))["run"]["id"] == mixed().id


def test_the_page_goes_to_a_file_and_is_made_anew(stored, tmp_path):
    pytest.importorskip("plotly")
    file = tmp_path / "report.html"
    assert call(report, stored, "--html", file) == f"report: {file}\n"
    first = file.read_bytes()
    file.write_bytes(b"old")
    call(report, stored, "--html", file)
    assert file.read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["results", "report.html"] or len(
        list(tmp_path.iterdir())
    ) == 2


def test_a_results_file_is_not_taken_for_the_page(stored):
    kept = stored.read_bytes()
    with pytest.raises(UsageError, match=r"takes the file to write, whose name ends in \.html"):
        call(report, "--html", stored)
    assert stored.read_bytes() == kept


def test_one_form_at_a_time(stored):
    with pytest.raises(UsageError, match="choose one of --csv and --markdown"):
        call(report, stored, "--csv", "--markdown")


def test_history_comes_from_the_results_folder_or_the_one_named(stored, tmp_path):
    pytest.importorskip("plotly")
    elsewhere = Store(tmp_path / "elsewhere")
    elsewhere.save(run(case(), name="20261101-100000-aaaa", started="2026-11-01T10:00:00+00:00"))
    (elsewhere.folder / "broken.json").write_text("{")
    file = tmp_path / "report.html"
    call(report, stored, "--results", stored.parent, "--html", file)
    assert "No earlier run" in file.read_text(encoding="utf-8")
    call(report, stored, "--history", elsewhere.folder, "--html", file)
    assert "20261101-100000-aaaa" in file.read_text(encoding="utf-8")


def test_an_export_is_never_over_an_existing_file(stored, tmp_path):
    file = tmp_path / "table.csv"
    call(export, stored, "-o", file)
    first = file.read_text()
    file.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        call(export, stored, "-o", file)
    assert file.read_text() == "mine"
    call(export, stored, "-o", file, "--force")
    assert file.read_text() == first


@pytest.mark.parametrize(
    ("ending", "name"), [(".tex", "latex"), (".MD", "markdown"), (".csv", "csv"), (".json", "json")]
)
def test_the_ending_says_the_form(stored, tmp_path, ending, name):
    call(export, stored, "-o", tmp_path / f"a{ending}")
    assert (tmp_path / f"a{ending}").read_text(encoding="utf-8") == call(export, stored, "--format", name)


def test_what_is_to_be_written_has_to_be_known(stored, tmp_path):
    with pytest.raises(UsageError, match="Name it with --format"):
        call(export, stored, "-o", tmp_path / "a.txt")
    with pytest.raises(UsageError, match="Name it with --format"):
        call(export, stored)
    with pytest.raises(UsageError, match="goes into a file"):
        call(export, stored, "--format", "html")
    call(export, stored, "--format", "csv", "-o", tmp_path / "a.txt")


def test_a_folder_that_is_not_there(stored, tmp_path):
    with pytest.raises(UsageError, match=r"cannot be written: there is no folder"):
        call(export, stored, "-o", tmp_path / "nowhere" / "a.csv")


def test_a_device_is_written_to_and_stays_one(stored, tmp_path):
    call(export, stored, "--format", "csv", "-o", "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_a_link(stored, tmp_path):
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    target.write_text("old")
    link.symlink_to(target)
    call(export, stored, "-o", link, "--force")
    assert link.is_symlink()
    assert target.read_text().startswith("run,")


def test_nothing_is_left_of_a_file_that_could_not_be_written(stored, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.whole_file.os.fsync", full)
    file = tmp_path / "table.csv"
    file.write_text("old")
    with pytest.raises(UsageError, match="No space left"):
        call(export, stored, "-o", file, "--force")
    assert file.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "table.csv"]


def test_without_pyarrow_it_is_said_what_to_install(stored, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingError, match=r"pip install 'mcuprof\[parquet\]'"):
        call(export, stored, "-o", tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_plotly_is_imported_for_the_page_alone(stored, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    for name in ("csv", "json", "latex", "markdown"):
        assert call(report, stored, f"--{name}")


def with_model(tmp_path, model, sha256):
    store = Store(tmp_path / "results")
    run = store.begin({"models": [str(model.path)]}, {})
    found = case(model=model.name)
    run.measurements = [replace(m, provenance=m.provenance | {"model_sha256": sha256}) for m in found]
    store.save(run)
    return store.path(run)


def test_the_page_shows_the_networks_that_were_measured(tmp_path):
    pytest.importorskip("plotly")
    model = models.load("digits")
    for sha256, pictures in ((model.sha256, 1), ("another file of that name", 0)):
        page = tmp_path / "page.html"
        call(report, with_model(tmp_path, model, sha256), "--html", page)
        assert page.read_text().count("<title>The graph of digits: 5 operators</title>") == pictures
