"""Profiles in results files: what is written is read again, and what is damaged is told."""

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from harness.commands.profile import write_files
from harness.errors import UsageError
from harness.profile import saved
from harness.profile.changes import pairs
from harness.report import page, profile_changes
from harness.report import profile as tables
from harness.report.exporters import Subject
from harness.report.page import profiles
from harness.store import Run, Store, load
from harness.types import Status
from tests.golden.test_profiles import COUNTED, FAILED, GROUPED, ONE_BY_ONE, REAL
from tests.made_up_runs import case, run

REFUSED = replace(FAILED, network=())
LACKING = replace(REFUSED, advice=("a larger board has room",))
ALL = (ONE_BY_ONE, GROUPED, REAL, COUNTED, REFUSED, LACKING)


@pytest.mark.parametrize("profile", ALL, ids=str)
def test_what_is_written_is_read_again(profile):
    assert saved.from_json(json.loads(json.dumps(saved.to_json(profile)))) == profile


def profiled(*found, name="20261121-110000-abcd"):
    return Run(id=name, started="2026-11-21T11:00:00+00:00", plan={}, host={}, profiles=list(found))


def test_a_run_of_profiles_is_kept(tmp_path):
    store = Store(tmp_path)
    made = profiled(*ALL)
    store.drop_if_empty(made)
    store.save(made)
    assert load(store.path(made)).profiles == list(ALL)
    assert [found.id for found in store.runs()] == [made.id]
    assert store.find(None, profiled=True).id == made.id
    with pytest.raises(UsageError, match="no run with a measurement"):
        store.find(None)
    store.drop_if_empty(made)
    assert store.path(made).is_file()


def test_a_run_without_profiles_does_not_mention_them(tmp_path):
    store = Store(tmp_path)
    store.save(run(case()))
    assert '"profiles"' not in next(tmp_path.glob("*.json")).read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.pop("network"),
        lambda p: p.update(status="fine"),
        lambda p: p["operators"][0].update(operators=[99]),
        lambda p: p["operators"][0].update(cycles="many"),
        lambda p: p["functions"][0].update(kind="?"),
        lambda p: p.update(stacks=[{"frames": 3, "ticks": 1}]),
        lambda p: p.update(memory=None),
    ],
)
def test_a_damaged_profile_is_told(tmp_path, damage):
    store = Store(tmp_path)
    made = profiled(ONE_BY_ONE)
    store.save(made)
    content = json.loads(store.path(made).read_text())
    damage(content["profiles"][0])
    store.path(made).write_text(json.dumps(content))
    with pytest.raises(UsageError, match="is not a results file"):
        load(store.path(made))


def test_what_cannot_be_shown_is_escaped():
    odd = replace(ONE_BY_ONE, model="net\x1b[2J", functions=(replace(ONE_BY_ONE.functions[0], name="f\x07"),))
    [shown] = tables.printable([odd])
    assert (shown.model, shown.functions[0].name) == ("net\\x1b[2J", "f\\x07")


def html(made, *history):
    return page.render(Subject(run=made, history=lambda: list(history)), plotly="")


def test_the_page_of_profiles_alone():
    text = html(profiled(*ALL))
    for said in ("Profile of net on some-sim", "6 profiles", "Cycles by operator", "<svg",
                 "Flame graph of tflm", "Working memory of tvm-aot", "a larger board has room", "a MAC"):  # fmt: skip
        assert said in text, said
    assert "Which one should I ship" not in text
    assert 'id="history"' not in text


def test_names_in_a_profile_are_no_html():
    odd = replace(ONE_BY_ONE, model="<script>alert(1)</script>", symbols=(("</svg><b>", 3),))
    text = html(profiled(odd))
    assert "<script>alert" not in text
    assert "</svg><b>" not in text


def test_a_run_shows_profiles_of_its_own_builds():
    same = replace(ONE_BY_ONE, board="sim", clock=COUNTED.clock, provenance={"build": "b1"})
    measured = run(replace(m, provenance={**m.provenance, "build": "b1"}) for m in case())
    [section] = profiles.of(measured, [profiled(same)])
    assert (section.model, section.board) == ("net", "sim")
    assert profiles.of(measured, [profiled(replace(same, provenance={"build": "b2"}))]) == ()
    assert profiles.of(measured, [profiled(replace(same, clock=ONE_BY_ONE.clock))]) == ()
    assert "Profile of net on sim" in html(measured, profiled(same))


def test_what_is_different_between_two_profiles():
    later = replace(
        ONE_BY_ONE, inference=91_000,
        operators=(*ONE_BY_ONE.operators[:-1], replace(ONE_BY_ONE.operators[-1], ticks=29_000)),
        symbols=(("model_words", 6_464), ("memcpy", 320), ("new", 8)),
    )  # fmt: skip
    [pair] = pairs([ONE_BY_ONE, FAILED], [later])
    assert [(c.name, c.base, c.new) for c in pair.operators()] == [("#4 FULLY_CONNECTED", 30_000, 29_000)]
    assert [(c.name, c.difference) for c in pair.symbols()] == [
        ("tflite::Conv<signed char>", -1_200), ("memcpy", 12), ("new", 8),
    ]  # fmt: skip
    assert pair.functions() == []
    [unlike] = pairs([replace(ONE_BY_ONE, clock=COUNTED.clock)], [later])
    assert unlike.operators() == []
    assert pairs([FAILED], [replace(FAILED, status=Status.OK)]) == []


def test_files_are_well_formed_whatever_names_a_model_has(tmp_path):
    name = "<script>\x01\x1b]'\"&\ud800\n"
    blocks = tuple(replace(block, name=name) for block in GROUPED.layout)
    chains = tuple(replace(stack, frames=(*stack.frames, name)) for stack in ONE_BY_ONE.stacks)
    made = profiled(replace(ONE_BY_ONE, stacks=chains), replace(GROUPED, layout=blocks))
    files = {form: tmp_path / f"{form}.svg" for form in ("flame", "memory")} | {"speedscope": tmp_path / "s.json"}
    write_files(made, None, files)
    for form in ("flame", "memory"):
        said = "".join(ElementTree.parse(files[form]).getroot().itertext())
        assert r"<script>\x01\x1b]" in said
    assert json.loads(files["speedscope"].read_text())["profiles"]


def test_no_file_is_written_of_nothing(tmp_path, capsys):
    files = {form: tmp_path / form for form in ("flame", "memory", "speedscope")}
    write_files(profiled(FAILED, LACKING), None, files)
    assert not list(tmp_path.iterdir())
    said = capsys.readouterr().err
    assert said.count("is not written: nothing was profiled that it could show") == len(files)


def shown(base, new):
    console = Console(file=io.StringIO(), width=200)
    profile_changes.show(pairs([base], [new]), console)
    return console.file.getvalue()


def test_what_is_not_compared_is_no_difference():
    assert "nothing is different" in shown(ONE_BY_ONE, ONE_BY_ONE)
    other_network = replace(ONE_BY_ONE, network=ONE_BY_ONE.network[:-1], operators=ONE_BY_ONE.operators[:-1])
    other_clock = replace(ONE_BY_ONE, clock=COUNTED.clock)
    assert "the networks are not the same, so operators are not compared" in shown(ONE_BY_ONE, other_network)
    assert "times by cycle-model and by instruction-count are not compared" in shown(ONE_BY_ONE, other_clock)
    for other in (other_network, other_clock):
        assert "nothing is different" not in shown(ONE_BY_ONE, other)
