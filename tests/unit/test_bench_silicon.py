"""Published times of real boards: how they are read, and what is made of them beside a prediction."""

import csv

import pytest

from bench import published, silicon
from bench.generated import NETWORKS
from bench.published import MLPERF, STUDY, Prediction, Published, error, orders
from harness import boards


def case(engine, ms, cycles, network="net", board="nano33ble"):
    of = Published(
        source=STUDY, network=network, engine=engine, board=board, what="inference", mhz=64, seconds=ms / 1000
    )
    return Prediction(published=of, cycles={silicon.FILE: cycles, silicon.NO_WAITS: cycles / 2}, instructions=1e6)


def test_times_and_rates_are_cycles_of_the_boards_clock():
    [first, *_] = published.read(STUDY)
    assert str(first) == "keyword_spotting, tvm-graph, nano33ble, inference"
    assert first.cycles == pytest.approx(101.976e-3 * 64e6)
    [native, *_] = published.read(MLPERF)
    assert (native.engine, native.mhz) == ("microTVM native", 120)
    assert native.cycles == pytest.approx(120e6 / 6.939)


def test_every_case_is_there_once_and_has_a_board_to_be_predicted_on():
    study = published.read(STUDY)
    assert len({str(each) for each in study}) == len(study) == 10
    for each in study:
        twin = boards.load(f"{each.board}-sim")
        assert twin.clock_hz == each.mhz * 1e6


def test_they_are_the_tables_that_the_study_printed(shared_reference):
    with (shared_reference / "seed_results.csv").open(encoding="utf-8") as stream:
        table = {(row["application"], row["implementation"], row["board"]): row for row in csv.DictReader(stream)}
    for each in published.read(STUDY):
        printed = table[each.network, each.engine, each.board][f"{each.what}_ms"]
        assert each.seconds * 1000 == pytest.approx(float(printed), abs=1e-9)


def test_they_are_the_published_entries_of_mlperf_tiny(shared_reference):
    files = {"kws_ref_model": "keyword_spotting", "ad01_int8": "anomaly_detection"}
    names = files | {name: name for name in NETWORKS}
    with (shared_reference / "mlperf_tiny_v1.1_cortex_m4.csv").open(encoding="utf-8") as stream:
        table = {(row["benchmark"], row["engine"]): row for row in csv.DictReader(stream)}
    for each in published.read(MLPERF):
        assert each.cycles == pytest.approx(
            float(table[names[each.network], each.engine]["cycles_per_inference"]), 1e-6
        )


@pytest.mark.parametrize(("predicted", "hardware", "off"), [(50, 100, -0.5), (100, 100, 0), (300, 200, 0.5)])
def test_the_error_is_a_share_of_the_published_figure(predicted, hardware, off):
    assert error(predicted, hardware) == pytest.approx(off)


def test_the_first_memory_is_the_boards_file():
    nano, spresense = (boards.load(f"{name}-sim") for name in ("nano33ble", "spresense"))
    assert next(iter(silicon.memories(nano).values())) == nano.cycles
    assert len(silicon.memories(nano)) == 3
    assert list(silicon.memories(spresense).values()) == [spresense.cycles]


def test_engines_rank_by_both():
    found = orders([case("slow", 3, 300e3), case("quick", 2, 400e3), case("alone", 1, 1e3, board="spresense")])
    assert [(order.case, list(order.hardware), list(order.model)) for order in found] == [
        ("net, nano33ble, inference", ["quick", "slow"], ["slow", "quick"])
    ]


def test_the_tables():
    lines = silicon.study_tables([case("slow", 3, 96e3), case("quick", 2, 192e3)]).splitlines()
    name, *figures = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert name == "net, slow, nano33ble, inference"
    assert figures == ["0.192", "1.000 (+420.8 %)", "0.048 (-75.0 %)", "0.096 (-50.0 %)", "not predicted"]
    assert "| 0.192 (+50.0 %) |" in lines[3]
    assert lines[-1] == "| net, nano33ble, inference | quick, slow | slow, quick | **not the same** |"


def test_ours_stand_among_the_entries_by_what_they_take():
    text = silicon.network_table({"ad01_int8": {"tflm": (1_100_000, "CMSIS-NN")}}).splitlines()
    engines = [line.split("|")[2].strip() for line in text[2:]]
    assert engines == [
        "microTVM native, hardware",
        "**tflm, kernels: CMSIS-NN, model**",
        "microTVM + CMSIS-NN, hardware",
        "X-CUBE-AI 8.0, hardware",
        "Plumerai, hardware",
    ]


def test_without_the_studys_programs_it_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv(silicon.FOLDER, raising=False)
    assert list(silicon.study()) == []
    assert "MCUPROF_STUDY names no folder" in capsys.readouterr().err
    monkeypatch.setenv(silicon.FOLDER, str(tmp_path))
    assert list(silicon.study()) == []
    assert capsys.readouterr().err.count("left out, there is no folder") == 10


def test_tflm_with_other_kernels_is_not_held_against_cmsis_nn(monkeypatch, capsys):
    monkeypatch.delenv(silicon.FOLDER, raising=False)
    found = {"kws_ref_model": {"tflm": (8e6, "CMSIS-NN, 2023")}, "ad01_int8": {"tflm": (3e6, "reference")}}
    monkeypatch.setattr(silicon, "networks", lambda: found)
    [row] = silicon.rows()
    assert row.what.startswith("kws_ref_model, tflm (CMSIS-NN, 2023) beside microTVM + CMSIS-NN: model 8,000,000, ")
    assert row.shown == "-33 %"
    assert "ad01_int8: left out, TFLM has reference kernels" in capsys.readouterr().err
