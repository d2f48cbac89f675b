"""Budgets: what mcuprof.toml may say, and which measurements are over them."""

import pytest
from made_runs import case, failed, measurement, noisy

from harness import budget, config
from harness.budget import Budget
from harness.errors import UsageError
from harness.types import Status


def over(limits, measurements):
    found = budget.balance([Budget(**limits)], measurements)
    return [(o.limit.key, o.by) for o in found.over], list(found.unchecked)


def test_budgets_are_read(write):
    settings = config.load(
        write(
            '[[budget]]\nmodel = "person_*"\nboard = "nano33ble-sim"\nflash_max = "350KiB"\nram_used_max = 100_000\n'
            'inference_max = "60_000_000 instructions"\n[[budget]]\nimplementation = "tvm-*"\ninit_max = "25ms"\n'
        )
    )
    first, second = settings.budgets
    assert [str(limit) for limit in first.limits()] == [
        "flash_max = 350KiB", "ram_used_max = 100000", "inference_max = 60_000_000 instructions",
    ]  # fmt: skip
    assert (second.model, second.implementation, second.board) == ("*", "tvm-*", "*")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[budget]\nflash_max = 1", r"the key 'budget': expected one or more tables, each headed \[\[budget\]\]"),
        ("budget = 1", "the key 'budget': expected one or more tables"),
        ("[[budget]]\nmodel = 'x'", r"\[\[budget\]\] number 1: it limits nothing: give one or more of flash_max"),
        ("[[budget]]\nflash_max = 1\n[[budget]]\nflsh_max = 1", "number 2: unknown key 'flsh_max'; did you mean"),
        ("[[budget]]\nflash_max = 1.5", "number 1: the key 'flash_max': expected `int | str | null`, got `float`"),
        ("[[budget]]\nflash_max = '5%'", "the key 'flash_max': expected 256000 or '250KiB', got '5%'"),
        ("[[budget]]\nflash_max = '25ms'", "the key 'flash_max': expected 256000"),
        ("[[budget]]\nflash_max = -5", "the key 'flash_max': '-5' is not a number"),
        ("[[budget]]\nflash_max = '0.3B'", "the key 'flash_max': '0.3B' is not a whole number"),
        ("[[budget]]\nflash_max = 'lots'", "the key 'flash_max': 'lots' is not a number with a unit"),
        ("[[budget]]\ninference_max = 5", "the key 'inference_max': expected `str | null`, got `int`"),
        ("[[budget]]\ninference_max = '5'", "the key 'inference_max': expected '25ms', '6_100_000 instructions'"),
        ("[[budget]]\ninit_max = '250KiB'", "the key 'init_max': expected '25ms'"),
        ("[[budget]]\nboard = 'nano'\nflash_max = 1", "the key 'board': no board is called 'nano'; there are"),
        ("[[budget]]\nimplementation = 'tvm'\nflash_max = 1", "no implementation is called 'tvm'; there are tflm"),
        ("[compare]\nfail_on = 'infrence>5%'", "the key 'compare.fail_on': 'infrence>5%': there is no metric"),
        ("[compare]\nfailon = ''", r"unknown key 'failon' in \[compare\]; did you mean 'fail_on'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_table_and_key(write, text, complaint):
    with pytest.raises(UsageError, match=complaint):
        config.load(write(text))


@pytest.mark.parametrize(
    ("limits", "by"),
    [
        ({"flash_max": 95_188}, []),
        ({"flash_max": 95_187}, [("flash_max", 1)]),
        ({"flash_max": "92KiB"}, [("flash_max", 95_188 - 92 * 1024)]),
        ({"ram_used_max": 54_768}, []),
        ({"ram_used_max": 54_767}, [("ram_used_max", 1)]),
        ({"ram_unused_min": 207_376}, []),
        ({"ram_unused_min": 207_377}, [("ram_unused_min", 1)]),
        ({"inference_max": "162_226 instructions"}, [("inference_max", 1)]),
        ({"init_max": "39 instructions", "flash_max": 1}, [("flash_max", 95_187), ("init_max", 1)]),
        ({"flash_max": 1, "model": "kws"}, []),
        ({"flash_max": 1, "model": "dig*", "implementation": "tvm-*", "board": "*-sim"}, [("flash_max", 95_187)]),
        ({"flash_max": 1, "board": "nano33ble"}, []),
    ],
)
def test_over_and_within(limits, by):
    assert over(limits, case()) == (by, [])


def test_times_in_seconds_are_for_hardware_clocks():
    [(key, by)], unchecked = over({"inference_max": "9ms"}, [noisy(0.01)])
    assert key == "inference_max"
    assert by == pytest.approx(0.001, abs=1e-4)
    assert not unchecked


def test_a_limit_in_another_clock_is_said_not_to_have_been_checked():
    text = "inference_max = 1us was not checked on nano33ble-sim, whose clock counts instructions"
    assert over({"inference_max": "1us"}, [*case(), *case(implementation="tflm")]) == ([], [text])
    assert "whose clock tells seconds" in over({"inference_max": "1 instructions"}, [noisy(0.01)])[1][0]
    assert "counts instructions" in over({"inference_max": "1 cycles"}, case())[1][0]


def test_a_case_that_does_not_fit_is_over_the_budget_of_what_is_too_small():
    large = failed("flash", Status.DOES_NOT_FIT, details={"region": "FLASH", "over_by_bytes": 100})
    assert over({"flash_max": 1}, [large]) == ([("flash_max", None)], [])
    assert over({"ram_used_max": 1}, [failed("ram", Status.DOES_NOT_FIT, details={"region": "RAM"})])[0]
    other = failed("ram", Status.DOES_NOT_FIT, details={"region": "FLASH"})
    assert over({"ram_used_max": 1}, [other])[1] == [
        "ram_used_max = 1 was not checked for digits · tvm-aot · nano33ble-sim: does-not-fit"
    ]
    sized = measurement("flash", 2_000_000, status=Status.DOES_NOT_FIT, details={"region": "FLASH"})
    assert over({"flash_max": 1_999_000}, [sized])[0] == [("flash_max", 1000)]
    no_ram = measurement("flash", 90_000, status=Status.DOES_NOT_FIT, details={"region": "RAM"})
    assert over({"flash_max": 90_000}, [no_ram]) == ([], [])


def test_a_failed_case_is_said_not_to_have_been_checked():
    found, unchecked = over({"inference_max": "1 cycles"}, [failed("inference", Status.HUNG)])
    assert not found
    assert unchecked == ["inference_max = 1 cycles was not checked for digits · tvm-aot · nano33ble-sim: hung"]


def test_ram_used_is_not_known_where_the_result_does_not_say_how_much_there_is():
    found, unchecked = over({"ram_used_max": 1, "ram_unused_min": 1000}, [measurement("ram", 10, details={})])
    assert found == [("ram_unused_min", 990)]
    assert "the result does not say enough" in unchecked[0]


def test_every_budget_that_is_for_a_case_holds():
    budgets = [Budget(flash_max=100), Budget(model="digits", flash_max=200), Budget(model="x", flash_max=1)]
    assert [o.by for o in budget.balance(budgets, case()).over] == [95_088, 94_988]
