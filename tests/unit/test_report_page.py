"""The HTML report as text: nothing breaks out of its place, and everyone can read it."""

import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import page
from harness.report.exporters import Subject
from harness.types import Status
from tests.made_up_runs import case, failed, figure, mixed, run

NASTY = st.text(min_size=1, max_size=40) | st.sampled_from([
    "</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "\"'><b>", "{{ 7*7 }}",
    "{% raw %}", "</style>", "</title>", "&lt;b&gt;", "--series-1", "%{x}", "a\u2028b", "\x00", "' onclick='x",
])  # fmt: skip
_VOID = {"meta", "input", "br", "img", "link", "hr"}


class Reader(HTMLParser):
    """What a browser would make of the page: its elements, its text, its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.open = []
        self.text = ""
        self.scripts = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data


def rendered(found, *others):
    return page.render(Subject(run=found, history=lambda: others), plotly="plotly")


def shape(text):
    """Return the elements of a page with the names of their attributes."""
    return [(tag, sorted(attributes)) for tag, attributes in Reader(text).elements]


PLAIN = shape(rendered(run([*case(model="a"), replace(failed("flash", Status.HUNG, "b"), model="c")])))


@given(NASTY, NASTY)
def test_no_name_breaks_out(model, reason):
    found = run([*case(model=model), replace(failed("flash", Status.HUNG, f"b{reason}"), model=f"c{model}")])
    text = rendered(found)
    assert shape(text) == PLAIN
    read = Reader(text)
    figures = json.loads(read.scripts[0])
    assert read.scripts[1] == "plotly"
    assert all("data" in one and "layout" in one for one in figures.values())
    shown = Subject(run=found).shown()[0].model
    assert " ".join(shown.split()) in " ".join(read.text.split())
    drawn = json.dumps(figures, ensure_ascii=False)
    assert not re.search(r"<(?!/?b>|br>)", drawn)  # plotly reads some HTML: these two are ours


@given(NASTY)
def test_json_in_a_script_element(value):
    written = page.in_script({"a": value})
    assert json.loads(written) == {"a": value}
    assert not set("<>&\u2028\u2029") & set(written)


def test_only_the_scripts_of_the_page_may_run():
    text = rendered(mixed())
    policy = next(attributes["content"] for tag, attributes in Reader(text).elements if "http-equiv" in attributes)
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not re.search(r"(src|href)=\"(?!#)", text)


def test_plotly_is_there_once():
    plotly = pytest.importorskip("plotly.offline").get_plotlyjs()
    text = page.render(Subject(run=mixed()))
    assert text.count(plotly) == 1
    assert "</script" not in plotly


def test_headings_are_in_order():
    earlier = run(case(), name="a", started="2026-11-20T10:00:00+00:00")
    levels = [int(tag[1]) for tag, _ in Reader(rendered(mixed(), earlier)).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(now <= before + 1 for before, now in itertools.pairwise(levels))


def test_every_plot_is_named_and_has_a_table():
    read = Reader(rendered(mixed(), run(case(), name="a", started="2026-11-20T10:00:00+00:00")))
    plots = [attributes for _, attributes in read.elements if attributes.get("class") == "plot"]
    captions = sum(tag == "caption" for tag, _ in read.elements)
    assert len(plots) > 20
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert captions == len(plots) + 3  # the table of all cases, how it was built, the models
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(json.loads(read.scripts[0])) == {plot["id"] for plot in plots}
    referred = {
        attributes["href"][1:] for _, attributes in read.elements if attributes.get("href", "").startswith("#")
    }
    referred |= {attributes["aria-labelledby"] for _, attributes in read.elements if "aria-labelledby" in attributes}
    assert referred <= set(ids)


def test_the_reader_is_told_in_words():
    said = " ".join(Reader(rendered(mixed())).text.split())
    assert "1,013,664*" in said
    assert "the program is 30,624 bytes larger than the FLASH of desk" in said
    assert "hung the board began 'run' and did not finish it within 10 s" in said
    assert "17,975,018 instructions 280.9 ms at 64 MHz" in said
    assert "1,806,605 cycles 112.9 ms at 16 MHz" in said
    assert "None: no implementation is known to be right and to fit." in said
    assert "the run was cut off" not in said
    assert "the run was cut off" in Reader(rendered(run(case(), finished=False))).text


@pytest.mark.parametrize(
    "found",
    [
        run(case()),
        run([failed(m, Status.RIG_FAILED, "no answer") for m in ("flash", "output", "init", "inference", "ram")]),
        run([figure("flash", 5)]),
        run([figure("ram", 0)]),
        run([figure("inference", 0.0, board="desk", samples=(0.0,) * 30)]),
        run([figure("init", 0)]),
        run([figure("output", 0, board="desk", samples=(0, None)), figure("ram", 5, samples=(None,))]),
        run(m for i in range(70) for m in case(model=f"net{i}", implementation=f"way{i % 3}")),
        run(m for i in range(12) for m in case(implementation=f"way{i}")),
    ],
    ids=[
        "one",
        "failures",
        "flash",
        "no RAM left",
        "zeros",
        "start of nothing",
        "empty samples",
        "many",
        "many implementations",
    ],
)
def test_odd_runs(found):
    assert Reader(rendered(found)).text


def luminance(colour):
    def linear(part):
        share = int(part, 16) / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[i : i + 2]) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes():
    """Return the colours of the style's three blocks: light, dark by the system, dark by choice."""
    style = (Path(page.__file__).parent / "report.css").read_text(encoding="utf-8")
    return [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r"\{([^{}]*--page:[^{}]*)\}", style)
    ]


def test_contrast_is_enough_in_both_themes():
    light, dark, chosen = themes()
    assert dark == chosen
    for theme in (light, dark):
        for behind in ("page", "raised"):
            for text in ("text", "muted", "link", "failure", "answer"):
                assert contrast(theme[text], theme[behind]) >= 4.5, (text, behind)
        for number in range(1, 10):
            assert contrast(theme[f"series-{number}"], theme["page"]) >= 3
        assert contrast(theme["line"], theme["page"]) >= 3
        assert contrast(theme["limit"], theme["page"]) >= 3
