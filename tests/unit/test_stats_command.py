"""``mcuprof stats``: any text of one time a line."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from harness import sample_file
from harness.commands.stats import stats
from harness.errors import UsageError


def run(*words, text=None):
    return CliRunner().invoke(stats, [str(word) for word in words], input=text, standalone_mode=False)


@pytest.fixture
def times(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def wave(middle, count=40):
    """Return lines of whole numbers around ``middle``."""
    return "".join(f"{middle + 7 * index % 11}\n" for index in range(count))


def test_blank_lines_comments_and_a_byte_order_mark(times):
    path = times("a.txt", b"\xef\xbb\xbf# micros()\r\n\r\n100\r\n101 # second\r\n  99.5\r\n")
    said = run(path, "--json")
    [file] = json.loads(said.output)["files"]
    assert file["statistics"]["count"] == 3
    assert file["statistics"]["median"] == 100
    assert file["statistics"]["resolution"] == pytest.approx(0.1)


def test_standard_input():
    said = run("-", "--json", text="1\n2\n3\n")
    [file] = json.loads(said.output)["files"]
    assert (file["file"], file["unit"], file["statistics"]["mean"]) == ("standard input", None, 2)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("1\n2\nmicros\n", "line 3: 'micros' is no number"),
        ("1\n\n1,5\n", "line 3: '1,5' is no number"),
        ("1 2\n", "line 1: '1 2' is no number"),
        ("nan\n", "line 1: 'nan' is no number"),
        ("1\n-3\n", "line 2: -3 is below 0"),
        ("1e300\n", "1e300 is too large"),
        ("1e-300\n", "1e-300 is too small"),
        ("x" * 500, "line 1: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' is no number"),
        ("# nothing\n", "holds no time"),
        ("", "holds no time"),
        (b"\xff\xfe1\x00\n", "is no number"),
    ],
)
def test_what_is_no_time_is_named_with_file_and_line(times, content, complaint):
    said = run(times("bad.txt", content))
    assert isinstance(said.exception, UsageError)
    assert "bad.txt" in said.exception.message
    assert complaint in said.exception.message


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        said = run(path)
        assert isinstance(said.exception, UsageError)
        assert "cannot be read" in said.exception.message


def test_warm_up_runs_are_left_out(times):
    path = times("a.txt", "900\n" + wave(100))
    [file] = json.loads(run(path, "--warmup", 1, "--json").output)["files"]
    assert file["warmup"] == 1
    assert file["statistics"]["maximum"] == 110
    said = run(path, "--warmup", 41)
    assert "leaves none" in said.exception.message


def test_one_file_as_a_list(times):
    said = run(times("a.txt", wave(1000)), "--unit", "us")
    assert said.exception is None
    for word in ("median", "1.005 ms", "95 %, order statistics", "BCa", "severe outliers", "1 µs"):
        assert word in said.output


def test_several_files_as_a_table(times):
    said = run(times("a.txt", wave(1000)), times("b.txt", wave(2000)), "--unit", "cycles", "--confidence", "0.9")
    assert said.exception is None
    for word in ("a.txt", "b.txt", "1,005 cycles", "2,005 cycles"):
        assert word in said.output


def test_an_exact_clock_has_no_intervals(times):
    said = run(times("a.txt", "1000\n1000\n1001\n"), "--exact", "--unit", "instructions", "--json")
    found = json.loads(said.output)["files"][0]["statistics"]
    assert found["exact"]
    assert found["median_interval"] is None
    assert [warning["kind"] for warning in found["warnings"]] == ["spread"]


@pytest.mark.parametrize(
    ("new", "verdict", "code"), [(1000, "no change", 0), (1200, "regressed", 4), (800, "improved", 0)]
)
def test_compare(times, new, verdict, code):
    said = run(times("a.txt", wave(1000)), times("b.txt", wave(new)), "--compare")
    assert said.return_value == code
    assert f"a.txt → b.txt: {verdict}" in said.output
    said = run(times("a.txt", wave(1000)), times("b.txt", wave(new)), "--compare", "--json")
    assert json.loads(said.output)["change"]["verdict"] == verdict


def test_compare_wants_two_files(times):
    said = run(times("a.txt", "1\n"), "--compare")
    assert "there are 1" in said.exception.message


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        said = ""
        samples = sample_file.parse(text, "some.txt").samples
    except UsageError as error:
        said, samples = error.message, ()
    assert all(sample >= 0 for sample in samples)
    assert samples or ("some.txt" in said and "\n" not in said)


@given(st.lists(st.integers(0, 10**9), min_size=1), st.integers(0, 4))
def test_what_was_written_is_read(values, places):
    written = [f"{value / 10**places:.{places}f}" for value in values]
    found = sample_file.parse("\n".join(written), "some.txt")
    assert found.samples == tuple(map(float, written))
    assert found.step == pytest.approx(10.0**-places)


BATCHES = [(1, 105), (2, 205), (4, 405), (8, 806), (1, 104), (2, 206), (4, 404)]


def test_the_time_of_one_run_from_batches(times):
    line = scipy_stats.linregress(*zip(*BATCHES, strict=True))
    path = times("b.txt", "# runs, µs\n" + "".join(f"{runs}\t{time}\n" for runs, time in BATCHES))
    [file] = json.loads(run(path, "--batches", "--unit", "us", "--json").output)["files"]
    assert (file["batches"], file["unit"]) == (7, "us")
    assert file["slope"]["time_per_run"] == pytest.approx(line.slope)
    assert file["slope"]["intercept"] == pytest.approx(line.intercept)
    assert file["slope"]["r_squared"] == pytest.approx(line.rvalue**2)
    assert file["slope"]["interval"]["low"] < line.slope < file["slope"]["interval"]["high"]
    said = " ".join(run(path, "--batches", "--unit", "us").output.split())
    assert "7 batches: one run takes 100.1357 µs (95 % interval" in said
    assert "too few batches for an interval" in run("-", "--batches", text="1 3\n2 4\n").output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no batch"),
        ("1 3\n5\n", "line 2: '5' is no batch"),
        ("0 5\n", "is no batch"),
        ("1.5 5\n", "is no batch"),
        ("1 2 3\n", "is no batch"),
        ("2 nan\n", "'nan' is no number"),
        ("2 -1\n", "below 0"),
        ("3 1\n3 2\n", "batches of two sizes at least"),
    ],
)
def test_what_is_no_batch_is_told(text, why):
    assert why in run("-", "--batches", text=text).exception.message


@pytest.mark.parametrize("option", [("--exact",), ("--compare",), ("--warmup", 1), ("--resolution", 4)])
def test_options_that_batches_have_no_use_for(option):
    assert "--batches goes with" in run("-", "--batches", *option, text="1 2\n2 3\n").exception.message
