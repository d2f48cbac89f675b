"""The HTML report in a browser without a network: nothing is complained of, plots are drawn, and it fits a phone."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from harness.report import page
from harness.report.exporters import Subject
from harness.types import Status
from tests.golden.test_profiles import GROUPED, ONE_BY_ONE, REAL
from tests.made_up_runs import case, failed, mixed, run
from tests.readers.chromium import Chromium, find

pytestmark = [
    pytest.mark.skipif(find() is None, reason="no Chromium is installed"),
    pytest.mark.timeout(300),
]
EARLIER = [
    run(case(inference=1_000_000 + i), name=f"2026110{i}-100000-aaaa", started=f"2026-11-0{i}T10:00:00+00:00")
    for i in (1, 2)
]
LONG = "a_very_long_name_that_a_tool_has_made_for_a_model_which_nobody_will_ever_read_to_its_end_v12_int8_final"
ODD = [
    "</script><script>document.title='broken'</script>",
    '"><img src=x onerror="document.title=1">',
    LONG,
    "日本 🙂",
]
RUNS = {
    "mixed": lambda: run([*mixed().measurements, *case(model=ODD[0])]),
    "odd": lambda: run(m for name in ODD for m in case(model=name)),
    "failures": lambda: run([failed("flash", Status.RIG_FAILED, "no answer"), failed("ram", Status.SKIPPED, LONG)]),
    "one": lambda: run(case()),
    "profiled": lambda: replace(mixed(), profiles=[ONE_BY_ONE, GROUPED, REAL, replace(ONE_BY_ONE, model=ODD[0])]),
    "profiles": lambda: replace(run([]), profiles=[ONE_BY_ONE, GROUPED, replace(ONE_BY_ONE, model=LONG)]),
    "many": lambda: run(
        m for i in range(67) for way in ("tflm", "tvm-aot", "tvm-graph")
        for m in case(model=f"net{i}", implementation=way, board=("sim", "desk", "desk2")[i % 3])
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    started = Chromium(find(), tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    pytest.importorskip("plotly")
    folder = tmp_path_factory.mktemp("pages")
    for name, made in RUNS.items():
        text = page.render(Subject(run=made(), history=lambda: EARLIER))
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


def read_to_the_end(browser):
    """Bring every plot that can be seen into view, and wait until it is drawn."""
    browser.run("document.querySelectorAll('.plot').forEach((plot) => plot.scrollIntoView())")
    seen = "[...document.querySelectorAll('.plot')].filter((plot) => plot.offsetParent)"
    for index in range(browser.run(f"{seen}.length")):
        browser.run(f"{seen}[{index}].scrollIntoView()")
        browser.wait(f"{seen}[{index}].querySelector('.main-svg')")


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_complained_of_and_nothing_is_fetched(browser, files, name):
    browser.problems.clear()
    browser.requests.clear()
    file = files / f"{name}.html"
    browser.open(file)
    if name == "many":
        assert browser.run("document.querySelectorAll('.main-svg').length") < 10  # drawn when they are seen
    else:
        read_to_the_end(browser)
    assert browser.problems == []
    assert [address for address in browser.requests if not address.startswith(("data:", "blob:"))] == [file.as_uri()]
    assert browser.run("document.title").startswith("Run ")


@pytest.mark.parametrize("name", ["mixed", "odd", "failures", "many", "profiled", "profiles"])
def test_it_fits_a_phone(browser, files, name):
    browser.open(files / f"{name}.html", width=360, height=740, touch=True)
    if name != "many":
        read_to_the_end(browser)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.run("document.documentElement.scrollWidth") == 360
    wider = browser.run(
        "[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, svg, .hidden, .skip, thead')"
        " && one.getBoundingClientRect().right > 361).map((one) => one.outerHTML.slice(0, 200))"
    )
    assert wider == []


@pytest.mark.parametrize("name", ["mixed", "odd", "failures"])
def test_what_is_written_in_plots_is_not_cut_on_a_phone(browser, files, name):
    browser.open(files / f"{name}.html", width=360, height=740, touch=True)
    read_to_the_end(browser)
    cut = browser.run(
        "[...document.querySelectorAll('.plot text')].filter((one) => {"
        " const own = one.getBoundingClientRect(), all = one.closest('.plot').getBoundingClientRect();"
        " return own.width && (own.right > all.right + 1 || own.left < all.left - 1 || own.top < all.top - 1"
        " || own.bottom > all.bottom + 1); }).map((one) => one.textContent)"
    )
    assert cut == []


def colour(browser, element, what):
    return browser.run(f"getComputedStyle(document.querySelector('{element}')).{what}")


def test_dark_and_light_follow_the_system_and_the_switch(browser, files):
    browser.open(files / "one.html", dark=True)
    assert colour(browser, "body", "backgroundColor") == "rgb(20, 23, 28)"
    read_to_the_end(browser)
    dark = colour(browser, ".plot text", "fill")
    browser.run("document.getElementById('theme').click()")
    assert colour(browser, "body", "backgroundColor") == "rgb(255, 255, 255)"
    assert colour(browser, ".plot text", "fill") != dark
    assert browser.run("document.getElementById('theme').textContent") == "Dark"
    browser.open(files / "one.html", dark=True)
    assert colour(browser, "body", "backgroundColor") == "rgb(255, 255, 255)"  # it was chosen
    browser.run("localStorage.clear()")


def test_the_slider_and_the_filters(browser, files):
    browser.open(files / "mixed.html")
    weighed = "document.querySelector('[data-model=net][data-board=sim] .weighted').textContent"
    turn = "{{ const w = document.getElementById('weight'); w.value = {}; w.dispatchEvent(new Event('input')) }}"
    browser.run(turn.format(0))
    assert browser.run(weighed) == "tflm"
    browser.run(turn.format(100))
    assert browser.run(weighed) == "tvm-aot"
    assert "100 % speed" in browser.run("document.getElementById('weight').getAttribute('aria-valuetext')")

    rows = "[...document.querySelectorAll('.study tbody tr')].filter((row) => row.offsetParent).length"
    assert browser.run(rows) == 10
    choose = (
        "{{ const s = document.getElementById('filter-{}'); s.value = '{}'; s.dispatchEvent(new Event('change')) }}"
    )
    browser.run(choose.format("board", "sim"))
    assert browser.run(rows) == 3
    browser.run(choose.format("model", "net"))
    assert browser.run(rows) == 2


def test_it_can_be_used_by_keys_alone(browser, files):
    browser.open(files / "mixed.html")
    reached = set()
    for _ in range(120):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(browser.run("document.activeElement.id || document.activeElement.tagName"))
    assert {"filter-model", "filter-board", "theme", "weight", "SUMMARY", "A", "DIV"} <= reached


def test_paper_has_the_plots_and_the_tables(browser, files, tmp_path):
    browser.open(files / "mixed.html", dark=True)
    browser.print(tmp_path / "page.pdf")
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext is installed to read the PDF with")
    said = subprocess.run(["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, check=True)
    text = " ".join(said.stdout.decode().split())
    assert "1,013,664*" in text
    assert "95 % of the median" in text  # a table that is closed on the screen
    assert re.search(r"tvm-aot: 6,096,977 instructions \(95\.27 ms\)", text)  # inside a plot
