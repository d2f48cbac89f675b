"""The samples on boards in memory: order, journals, faults, and what is saved."""

import json
from dataclasses import replace

import numpy as np
import pytest

from harness import models, pipeline
from harness.accuracy import host
from harness.accuracy import pipeline as accuracy
from harness.accuracy.examples import Choice, choose_examples
from harness.accuracy.journal import Journal
from harness.accuracy.prediction import Prediction
from harness.accuracy.task import Task
from harness.case import Settings
from harness.errors import McuprofError, UnsupportedError, UsageError
from harness.report import details
from harness.report.formats import cell
from harness.store import Kind, load
from harness.types import Status
from harness.workbench import Workbench
from tests.compiler.networks import Network
from tests.unit.fake_lab import FakeImplementation, Lab, at, plug

COUNT = 12


@pytest.fixture
def model(tmp_path):
    """Four bytes in, four out, with labels beside it that say which of the four is the largest."""
    net = Network()
    x, y = net.tensor((1, 4), scale=0.5), net.tensor((1, 4), scale=0.5)
    net.operator("RELU", [x], [y], version=2)
    path = tmp_path / "four.tflite"
    path.write_bytes(net.finish([x], [y]))
    rows = np.random.default_rng(3).permuted(np.tile(np.array([1, 2, 3, 4], np.int8), (COUNT, 1)), axis=1)
    np.savez(path.with_suffix(".npz"), x_data=rows, y_data=rows.argmax(axis=1))
    return models.load(str(path))


def as_it_is(model, inputs):
    return inputs


class AccuracyLab(Lab):
    """A lab that scores; ``samples`` counts how often a network was run."""

    def score(self, model, *implementations, record=None, run=as_it_is, float_model=None, **choice):
        examples = choose_examples(model, None, Choice(**choice))
        of_floats = host.predict_float(examples, float_model, run) if float_model else None
        trial = accuracy.Trial(
            examples=examples, host=host.predict(examples, run), of_floats=of_floats, data=examples.digest()
        )
        plan = pipeline.Plan(
            models=[model], implementations=[FakeImplementation(name) for name in implementations or ("tvm-aot",)],
            boards=self.boards, metrics=("accuracy",),
        )  # fmt: skip
        self.record = record or self.store.begin({"accuracy": {}}, {})
        workplace = type("Workplace", (), {"digest": "none"})()
        bench = Workbench(workplace, Settings(), lambda text: None, ports=self.paths, timer=self.bus.timer)
        job = accuracy.Work(
            plan=plan, trials={model.sha256: trial}, workbench=bench,
            journal=accuracy.journals(self.store, self.record),
        )  # fmt: skip
        watcher = pipeline.Watcher(case_begins=lambda case: None, measured=lambda measurement: None)
        try:
            accuracy.run(job, self.store, self.record, watcher)
        finally:
            bench.close()
        return {(m.board, m.implementation): m for m in load(self.store.path(self.record)).measurements}


def runs(board):
    return sum(request == "run" for request in board.requests)


def test_all_samples_are_right(tmp_path, monkeypatch, model):
    one = plug()
    found = AccuracyLab(tmp_path, monkeypatch, one).score(model)["mine", "tvm-aot"]
    assert (found.status, found.value, found.unit) == (Status.OK, 1.0, "share")
    assert found.scores["f1_macro"] == 1.0
    assert found.details["samples"] == found.details["same_outputs_as_host"] == COUNT == runs(one.board)
    assert found.details["losses"] == {"quantization": None, "implementation": 0.0, "board": 0.0, "note": ""}
    assert found.details["time"]["median"] == pytest.approx(1234e-6)
    assert cell(found) == "100.00 %"


def swap(data):
    """A network that takes the largest for the smallest."""
    return bytes(5 - byte for byte in data)


def test_a_board_that_is_wrong_and_one_that_is_right(tmp_path, monkeypatch, model):
    good, bad = plug(), plug("two", "S2", "/dev/ttyACM1")
    bad.board.network = swap
    found = AccuracyLab(tmp_path, monkeypatch, good, bad, names=("mine", "two")).score(model)
    assert [found[name, "tvm-aot"].value for name in ("mine", "two")] == [1.0, 0.0]
    assert found["two", "tvm-aot"].details["losses"]["board"] == 1.0
    assert found["two", "tvm-aot"].details["losses"]["implementation"] == 0.0
    assert found["two", "tvm-aot"].details["same_outputs_as_host"] == 0
    titles = [title for title, _ in details.tables(list(found.values()))]
    assert len(titles) == 6
    assert titles[0].startswith("four: classifier, all 12 samples")


def test_what_was_measured_is_not_measured_again(tmp_path, monkeypatch, model):
    one = plug(on_request=at("run", 5, lambda plug: (_ for _ in ()).throw(KeyboardInterrupt)))
    lab = AccuracyLab(tmp_path, monkeypatch, one)
    with pytest.raises(KeyboardInterrupt):
        lab.score(model)
    [journal] = lab.store.samples_folder(lab.record).iterdir()
    assert len(journal.read_text().splitlines()) == 1 + 4
    lab.store.drop_if_empty(lab.record)
    record = lab.store.latest_unfinished(Kind.ACCURACY)
    with pytest.raises(UsageError, match="there is no run to go on with"):
        lab.store.latest_unfinished()
    before = runs(one.board)
    found = lab.score(model, record=record)["mine", "tvm-aot"]
    assert found.details["samples"] == COUNT
    assert runs(one.board) - before == COUNT - 4


def test_a_run_does_not_go_on_with_another_data_set(tmp_path, monkeypatch, model):
    lab = AccuracyLab(tmp_path, monkeypatch, plug("uno"))
    lab.score(model)
    path = model.path.with_suffix(".npz")
    with np.load(path) as stored:
        rows, labels = stored["x_data"], stored["y_data"]
    np.savez(path, x_data=rows, y_data=(labels + 1) % 4)
    with pytest.raises(UsageError, match="the data set of four has changed since run"):
        lab.score(model, "tvm-aot", "tvm-graph", record=lab.record)
    np.savez(path, x_data=rows, y_data=labels)
    assert len(lab.score(model, "tvm-aot", "tvm-graph", record=lab.record)) == 2


def test_a_port_that_goes_and_comes_back(tmp_path, monkeypatch, model):
    one = plug()
    one.on_request = at("run", 5, lambda plug: plug.pull(lab.bus.timer, 2.0))
    lab = AccuracyLab(tmp_path, monkeypatch, one)
    found = lab.score(model)["mine", "tvm-aot"]
    assert (found.value, found.details["same_outputs_as_host"]) == (1.0, COUNT)
    assert found.provenance["retries"]["reconnects"] == 1
    assert runs(one.board) <= COUNT + 1


def test_a_board_that_hangs_costs_its_other_cases(tmp_path, monkeypatch, model):
    one = plug(on_request=at("run", 3, lambda plug: plug.pull(lab.bus.timer, 1e6)))
    lab = AccuracyLab(tmp_path, monkeypatch, one)
    found = lab.score(model, "tvm-aot", "tvm-graph")
    assert found["mine", "tvm-aot"].status is Status.RIG_FAILED
    assert found["mine", "tvm-graph"].status is Status.SKIPPED


def test_some_samples_by_a_seed(tmp_path, monkeypatch, model):
    one = plug()
    found = AccuracyLab(tmp_path, monkeypatch, one).score(model, samples=5, seed=2)["mine", "tvm-aot"]
    assert runs(one.board) == found.details["samples"] == 5
    assert found.details["samples_are"] == "5 of 12 samples by seed 2, each class with its share"


def test_a_model_that_the_host_cannot_run(tmp_path, monkeypatch, model):
    def refuse(model, inputs):
        raise UnsupportedError("not this one")

    found = AccuracyLab(tmp_path, monkeypatch, plug()).score(model, run=refuse)["mine", "tvm-aot"]
    assert found.value == 1.0
    assert found.details["host"] == {"by": "not this one", "scores": {}, "outputs": ""}
    assert "same_outputs_as_host" not in found.details


def test_floats_that_are_summed_in_another_order_are_the_same(tmp_path, monkeypatch, model):
    def nearly(model, inputs):
        return [[array + array.dtype.type(1e-7)] for [array] in inputs]

    real = replace(
        model, inputs=(replace(model.inputs[0], dtype="float32", shape=(1, 1), scale=None),),
        outputs=(replace(model.outputs[0], dtype="float32", shape=(1, 1), scale=None),),
    )  # fmt: skip
    x = np.array([[1.0], [2.0], [3.0]], np.float32)
    np.savez(real.path.with_suffix(".npz"), x_data=x, y_data=x[:, 0] + 0.5)
    found = AccuracyLab(tmp_path, monkeypatch, plug()).score(real, run=nearly)["mine", "tvm-aot"]
    assert found.details["task"] == "regressor"
    assert found.details["same_outputs_as_host"] == 3
    assert found.details["losses"]["board"] == 0.0


def test_an_output_that_is_no_number(tmp_path, monkeypatch, model):
    real = replace(
        model, inputs=(replace(model.inputs[0], dtype="float32", shape=(1, 1), scale=None),),
        outputs=(replace(model.outputs[0], dtype="float32", shape=(1, 1), scale=None),),
    )  # fmt: skip
    x = np.array([[1.0], [2.0]], np.float32)
    np.savez(real.path.with_suffix(".npz"), x_data=x, y_data=x[:, 0] + 0.5)
    one = plug()
    one.board.network = lambda data: np.float32(np.nan).tobytes() if data == x[1].tobytes() else data
    found = AccuracyLab(tmp_path, monkeypatch, one).score(real)["mine", "tvm-aot"]
    assert found.status is Status.WRONG_OUTPUT
    assert found.reason == "1 samples come out as NaN or infinity, the first of them sample 1"
    again = AccuracyLab(tmp_path, monkeypatch, plug())
    off = again.score(real, run=lambda model, inputs: [[array * np.inf] for [array] in inputs])["mine", "tvm-aot"]
    assert "NaN or infinity" in off.details["host"]["by"]


def floats(model, inputs=4):
    tensors = tuple(replace(t, dtype="float32", shape=(1, inputs), scale=None) for t in model.inputs)
    return replace(model, name="floats", inputs=tensors, outputs=tensors)


def test_the_float_model_sees_what_the_inputs_stand_for(tmp_path, monkeypatch, model):
    seen = []

    def run(model, inputs):
        seen.extend(inputs)
        return inputs

    lab = AccuracyLab(tmp_path, monkeypatch, plug())
    found = lab.score(model, run=run, float_model=floats(model))["mine", "tvm-aot"]
    assert {float(x) for [array] in seen[:1] for x in array.ravel()} == {0.5, 1.0, 1.5, 2.0}
    assert found.details["float_model"]["scores"]["accuracy"] == 1.0
    assert found.details["losses"]["quantization"] == 0.0


@pytest.mark.parametrize("change", [lambda m: m, lambda m: floats(m, inputs=5)])
def test_a_float_model_that_is_none(model, change):
    with pytest.raises(UsageError, match="is no float model of"):
        host.require_float(choose_examples(model, None, Choice()), change(model))


def test_data_that_say_nothing_of_accuracy(tmp_path, model):
    np.savez(tmp_path / "bare.npz", x_data=np.zeros((2, 4), np.int8))
    with pytest.raises(UsageError, match="has no labels"):
        choose_examples(model, tmp_path / "bare.npz", Choice())
    np.savez(tmp_path / "far.npz", x_data=np.zeros((2, 4), np.int8), y_data=np.array([0, 9]))
    with pytest.raises(UsageError, match=r"far\.npz: the label of sample 1 is 9, and the classes are 0 to 3"):
        choose_examples(model, tmp_path / "far.npz", Choice(task=Task.CLASSIFIER))
    model.path.with_suffix(".npz").unlink()
    with pytest.raises(UsageError, match="name one with --data"):
        choose_examples(model, None, Choice())


@pytest.mark.parametrize("names", [["cat", "dog", "eel"], ["a", "b", "c", "d", "e"]])
def test_names_of_classes_that_are_not_those_of_the_outputs(tmp_path, model, names):
    path = tmp_path / "named.csv"
    path.write_text("".join(f"1,2,3,4,{name}\n" for name in names))
    with pytest.raises(UsageError, match=f"names {len(names)} classes .* gives 4 numbers without names"):
        choose_examples(model, path, Choice())
    named = replace(model, metadata={"labels": ["eel", "dog", "cat", "cow"]})
    if len(names) == 3:
        other = replace(model, metadata={"labels": ["one", "two", "three", "cat"]})
        with pytest.raises(UsageError, match="has the class 'dog', and the labels of four are one, two"):
            choose_examples(other, path, Choice())
        assert choose_examples(named, path, Choice()).targets.tolist() == [2, 1, 0]


def test_data_that_lie_outside_the_range_of_the_input(tmp_path, model):
    for scale, told in ((1.0, ""), (1000.0, ", 100 % of whose values lie outside the range")):
        x = np.arange(1, 9, dtype=np.float32).reshape(2, 4) * scale
        np.savez(tmp_path / "real.npz", x_data=x, y_data=np.array([0, 1]))
        how = choose_examples(model, tmp_path / "real.npz", Choice()).how
        assert told in how
        assert bool(told) == ("clipped" in how)


# The journal


def kept(path, header=None):
    with Journal(path, header or {"model": "m"}) as journal:
        return [i for i in range(20) if journal.get(i, f"in{i}")]


def filled(path, count=3):
    with Journal(path, {"model": "m"}) as journal:
        for i in range(count):
            journal.add(f"in{i}", Prediction(index=i, digest="d", values=(0.1 + i,), times=(1.0,)))
    return path


def test_a_journal_keeps_what_it_was_told(tmp_path):
    path = filled(tmp_path / "j")
    assert kept(path) == [0, 1, 2]
    with Journal(path, {"model": "m"}) as journal:
        assert journal.get(1, "in1").values == (1.1,)
        assert journal.get(1, "another input") is None


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_dropped(tmp_path, cut):
    path = filled(tmp_path / "j")
    path.write_bytes(path.read_bytes()[:-cut])
    assert kept(path) == [0, 1]
    with Journal(path, {"model": "m"}) as journal:
        journal.add("in2", Prediction(index=2, digest="d", values=(2.0,)))
    assert kept(path) == [0, 1, 2]


def test_what_depends_on_another_build_begins_anew(tmp_path):
    path = filled(tmp_path / "j")
    assert kept(path, {"model": "another"}) == []
    assert len(path.read_text().splitlines()) == 1


def test_damage_in_the_middle_costs_what_follows(tmp_path):
    path = filled(tmp_path / "j")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"1.1", b"7.1")
    path.write_bytes(b"".join(lines))
    assert kept(path) == [0]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(McuprofError, match="cannot be written"):
        Journal(tmp_path / "file" / "j", {})


def test_scores_stand_in_the_document(tmp_path, monkeypatch, model):
    lab = AccuracyLab(tmp_path, monkeypatch, plug())
    lab.score(model)
    [found] = json.loads(lab.store.path(lab.record).read_text())["measurements"]
    assert found["metric"] == "accuracy"
    assert found["scores"] == {
        "accuracy": 1.0, "precision_macro": 1.0, "recall_macro": 1.0, "f1_macro": 1.0, "top_2": 1.0, "top_3": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "anomalies"),
    [(("normal", "squeak"), [0, 1, 0]), (("normal", "anomaly"), [0, 1, 0]), (("0", "1"), [0, 1, 0])],
)
def test_which_class_is_the_anomaly(model, tmp_path, names, anomalies):
    path = tmp_path / "machine.csv"
    usual, unusual = names
    path.write_text(f"a,b,c,d,label\n1,2,3,4,{usual}\n2,1,3,4,{unusual}\n3,2,1,4,{usual}\n")
    assert choose_examples(model, path, Choice(task=Task.ANOMALY)).targets.tolist() == anomalies


def test_an_anomaly_that_no_name_tells(model, tmp_path):
    path = tmp_path / "machine.csv"
    path.write_text("a,b,c,d,label\n1,2,3,4,good\n2,1,3,4,bad\n")
    with pytest.raises(UsageError, match="which class is the anomaly\\? The classes are 'bad' and 'good'"):
        choose_examples(model, path, Choice(task=Task.ANOMALY))
