"""Rules, and what a gate finds of a comparison."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import case, failed, measurement, noisy, run, with_provenance, with_value

from harness import gate
from harness.compare import compare
from harness.errors import UsageError
from harness.gate import Gate
from harness.types import Clock, Status


def judge(base, new, rules, **options):
    found = gate.judge(compare(run(base), run(new)), Gate(rules=gate.parse(rules, "--fail-on"), **options))
    return [finding.text for finding in found.failures], [finding.text for finding in found.warnings]


def fails(base, new, rules, **options):
    return bool(judge(base, new, rules, **options)[0])


def test_rules_are_read():
    rules = gate.parse(" inference>5%, flash > 0,ram>1KiB ,init>100us,output>0,", "--fail-on")
    assert [str(rule) for rule in rules] == ["inference>5%", "flash>0", "ram>1KiB", "init>100us", "output>0"]


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("", "--fail-on: there is no rule in ''"),
        (" , ", "--fail-on: there is no rule"),
        ("inference", "--fail-on: 'inference' is no rule; a rule is METRIC>LIMIT, such as inference>5%"),
        ("flash>0,inference>=5%", "'inference>=5%' is no rule"),
        ("inference<5%", "'inference<5%' is no rule"),
        ("flash>0,latency>5%", "'latency>5%': there is no metric 'latency'; there are flash, output, init"),
        ("infrence>5%", "there is no metric 'infrence'; did you mean 'inference'"),
        ("inference>five%", "'inference>five%': 'five%' is not a number with a unit"),
        ("inference>", "'inference>' is no rule"),
        ("flash>5KB", "'flash>5KB': 'KB' in '5KB' is not a unit"),
        ("output>5%", "'output>5%': an output is right or wrong: the one rule for it is output>0"),
    ],
)
def test_a_bad_rule_is_named(rules, complaint):
    with pytest.raises(UsageError) as caught:
        gate.parse(rules, "--fail-on")
    assert complaint in caught.value.message


@pytest.mark.parametrize(
    ("rules"),
    ["inference>1KiB", "inference>5B", "accuracy>5ms", "accuracy>5B", "flash>5ms", "ram>10 cycles", "flash>0ms"],
)
def test_a_unit_that_the_metric_cannot_have(rules):
    with pytest.raises(UsageError, match="is measured in"):
        judge([*case(), *scored(98)], [*case(), *scored(98)], rules)


@pytest.mark.parametrize(
    ("metric", "value", "rule", "over"),
    [
        ("inference", 170_338, "inference>5%", False),  # 4.9998 %
        ("inference", 170_339, "inference>5%", True),
        ("inference", 162_227, "inference>0", False),
        ("inference", 162_228, "inference>0", True),
        ("inference", 162_228, "inference>0%", True),
        ("inference", 163_227, "inference>1000", False),
        ("inference", 163_228, "inference>1_000 instructions", True),
        ("flash", 95_188 + 1024, "flash>1KiB", False),
        ("flash", 95_188 + 1025, "flash>1KiB", True),
        ("flash", 90_000, "flash>0", False),
        ("ram", 207_375, "ram>0", True),
        ("ram", 208_000, "ram>0", False),
        ("ram", 207_376 - 2738, "ram>5%", False),  # 5 % of the 54,768 bytes used are 2738.4
        ("ram", 207_376 - 2739, "ram>5%", True),
        ("init", 80, "inference>0,flash>0", False),
    ],
)
def test_figures_without_noise(metric, value, rule, over):
    assert fails(case(), with_value(case(), metric, value), rule) is over


def scored(right, of=360, unit="share"):
    return [measurement("accuracy", right / of, unit=unit, clock=None, samples=())]


@pytest.mark.parametrize(
    ("right", "rule", "over"),
    [
        (98, "accuracy>0", False),
        (99, "accuracy>0", False),
        (97, "accuracy>0", True),
        (97, "accuracy>1%", False),  # 1 - 0.97 is more than 0.03 as a float
        (96, "accuracy>1%", True),
        (96, "accuracy>0.02", False),
    ],
)
def test_points_of_accuracy(right, rule, over):
    assert fails(scored(98, of=100), scored(right, of=100), rule) is over
    assert fails(scored(98, of=100, unit="AUC"), scored(right, of=100, unit="AUC"), rule) is over


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_a_loss_of_samples_up_to_the_limit_passes(base, new, thousandths):
    lost = fails(scored(base, of=1000), scored(new, of=1000), f"accuracy>{thousandths / 10}%")
    assert lost is (base - new > thousandths)


def test_more_of_an_error_is_worse():
    base = scored(2, of=1, unit="MSE")
    assert fails(base, scored(3, of=1, unit="MSE"), "accuracy>49%")
    assert not fails(base, scored(3, of=1, unit="MSE"), "accuracy>50%")
    assert not fails(base, scored(1, of=1, unit="MSE"), "accuracy>0")


@given(st.integers(1, 10**9), st.integers(0, 1000))
def test_growth_of_just_the_limit_passes(base, thousandths):
    grown = base * 1000 + base * thousandths
    old, new = [measurement("flash", base * 1000)], [measurement("flash", grown)]
    assert not fails(old, new, f"flash>{thousandths / 10}%")
    assert fails(old, with_value(new, "flash", grown + 1), f"flash>{thousandths / 10}%")


def test_growth_from_nothing_is_more_than_any_share():
    assert fails([measurement("init", 0)], [measurement("init", 1)], "init>500%")
    assert not fails([measurement("init", 0)], [measurement("init", 0)], "init>0")


def test_a_share_of_ram_cannot_be_told_where_the_result_does_not_say_how_much_there_is():
    base = [measurement("ram", 1000, details={})]
    failures, warnings = judge(base, with_value(base, "ram", 900), "ram>5%")
    assert not failures
    assert "does not say how much RAM" in warnings[0]
    assert judge(base, with_value(base, "ram", 1100), "ram>5%") == ([], [])
    assert fails(base, with_value(base, "ram", 900), "ram>0")
    assert fails(base, with_value(base, "ram", 900), "ram>99")
    assert not fails(base, with_value(base, "ram", 900), "ram>100")


@pytest.mark.parametrize(
    ("seconds", "rule", "over"),
    [
        (0.0103, "inference>5%", False),
        (0.0107, "inference>5%", True),
        (0.0103, "inference>200us", True),
        (0.0103, "inference>400us", False),
        (0.0090, "inference>0", False),
        (0.0103, "inference>0", True),
    ],
)
def test_times_with_noise(seconds, rule, over):
    assert judge([noisy(0.01)], [noisy(seconds, seed=2)], rule)[0] == (
        [f"digits · tvm-aot · nano33ble: {rule}"] if over else []
    )


def test_what_cannot_be_told_passes_unless_strict():
    pair = [noisy(0.01, spread=0.3)], [noisy(0.0105, spread=0.3, seed=4)]
    failures, warnings = judge(*pair, "inference>5%")
    assert not failures
    assert "cannot tell: the samples scatter more than they differ" in warnings[0]
    assert fails(*pair, "inference>5%", strict=True)


def hardware(value, count=20):
    start = measurement("init", value, samples=(value,) * count, clock=Clock.HARDWARE, board="nano33ble")
    return [replace(start, unit="s")]


@pytest.mark.parametrize(
    ("rule", "over"), [("init>5%", True), ("init>0", True), ("init>100us", True), ("init>10ms", False)]
)
def test_a_time_that_was_0_can_regress(rule, over):
    failures, warnings = judge(hardware(0.0), hardware(0.005), rule)
    assert (bool(failures), warnings) == (over, [])
    assert judge(hardware(0.0), hardware(0.0), rule, strict=True) == ([], [])


def test_one_step_of_the_clock_is_no_regression():
    failures, warnings = judge(hardware(40e-6), hardware(41e-6), "init>1%")
    assert not failures
    assert "one step of the clock is more than the change" in warnings[0]
    assert judge(hardware(40e-6), hardware(41e-6), "init>5us", strict=True) == ([], [])


def test_it_is_said_that_samples_are_too_few():
    _, (warning,) = judge(hardware(0.01, count=3), hardware(0.01, count=3), "init>5%")
    assert "cannot tell: the samples are too few" in warning


def test_what_is_surely_not_worse_passes_a_strict_gate():
    pair = [noisy(0.01)], [noisy(0.0097, spread=0.02, seed=2)]  # better or equal, by how much is not sure
    assert judge(*pair, "inference>5%", strict=True) == ([], [])


def test_a_limit_in_another_clock_is_said_not_to_have_been_checked():
    new = with_value(case(), "inference", 999_999_999)
    failures, warnings = judge(case(), new, "inference>25ms")
    assert not failures
    assert warnings == ["the rule inference>25ms was not checked on nano33ble-sim, whose times are in instructions"]
    assert fails(case(), case(), "inference>25ms", strict=True)
    assert judge([noisy(0.01)], [noisy(0.01)], "inference>1000")[1] == [
        "the rule inference>1000 was not checked on nano33ble, whose times are in s"
    ]


def test_rules_for_several_clocks_stand_beside_each_other():
    base = [*case(), noisy(0.01)]
    assert judge(base, base, "inference>1000 instructions,inference>1ms") == ([], [])


def test_a_rule_that_checks_nothing_is_said():
    assert judge([measurement()], [measurement()], "flash>0") == (
        [],
        ["the rule flash>0 checked nothing: no flash could be compared"],
    )


def test_an_output_that_was_right_and_is_wrong_always_fails():
    wrong = [failed(m.metric, Status.WRONG_OUTPUT, "3 of 40 are wrong") if m.metric != "flash" else m for m in case()]
    failures, _ = judge(case(), wrong, "flash>0")
    assert failures == [
        "digits · tvm-aot · nano33ble-sim: output, init, inference, ram: regressed: "
        "wrong-output: 3 of 40 are wrong (it was ok)"
    ]


def test_a_case_that_is_missing_fails_unless_that_is_allowed():
    base = [*case(), *case(implementation="tflm")]
    failures, _ = judge(base, case(), "flash>0")
    assert failures == [
        "digits · tflm · nano33ble-sim: flash, output, init, inference, ram: missing: "
        "the new run has no such measurement"
    ]
    failures, warnings = judge(base, case(), "flash>0", allow_missing=True)
    assert not failures
    assert "digits · tflm" in warnings[0]


def test_of_a_case_that_is_there_only_metrics_with_rules_may_not_be_missing():
    new = [m for m in case() if m.metric != "ram"]
    assert not fails(case(), new, "flash>0")
    assert fails(case(), new, "flash>0,ram>0")


def test_a_case_whose_board_failed_is_missing():
    new = [failed(m.metric, Status.RIG_FAILED, "the port is gone") for m in case()]
    failures, _ = judge(case(), new, "flash>0")
    assert failures == [
        "digits · tvm-aot · nano33ble-sim: flash, output, init, inference, ram: missing: rig-failed: the port is gone"
    ]


def test_what_is_not_comparable_fails_a_strict_gate_alone():
    new = with_provenance(case(), board_digest="other") + [replace(m, model="kws") for m in case()]
    base = case() + [replace(m, model="kws") for m in case()]
    assert not fails(base, new, "flash>0")
    failures, _ = judge(base, new, "flash>0", strict=True)
    assert (
        "digits · tvm-aot · nano33ble-sim: flash, output, init, inference, ram: not comparable: another"
        in failures[0]
    )


def test_new_cases_and_improvements_pass():
    new = [*with_value(case(), "inference", 1), *case(implementation="tflm")]
    assert judge(case(), new, "inference>0,flash>0,ram>0,init>0", strict=True) == ([], [])


@given(st.sampled_from([Clock.INSTRUCTION_COUNT, Clock.CYCLE_MODEL]), st.integers(0, 10**6))
def test_a_run_compared_with_itself_passes_every_gate(clock, value):
    base = [measurement("inference", value, clock=clock), measurement("ram", value), noisy(0.01, 20, 0.001)]
    assert not fails(base, base, "inference>0%,ram>0,inference>0", allow_missing=True)
