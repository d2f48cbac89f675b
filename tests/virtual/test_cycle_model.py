"""The cycle model against the processor's manual: short programs whose cycles follow from its tables, a rule each.

The programs run on the bare machine. What is counted lies between `DBG #1` and `DBG #2`.
"""

import re
from pathlib import Path

import pytest

from harness import cmd
from harness.virtual.cycle_model import plugin

QEMU = "qemu-system-arm"
PROGRAM = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.section .vectors, "a"
.word 0x20010000, start + 1
.text
.thumb_func
start:
  ldr r0, =0xE000ED88        @ CPACR: the floating-point unit is on
  ldr r1, [r0]
  orr r1, r1, #(0xF << 20)
  str r1, [r0]
  dsb
  isb
  ldr r4, =0x20000100
  mov r5, r4
  movs r6, #4
  movs r7, #0
  movs r0, #0
  movs r1, #1
  movs r2, #2
  movs r3, #3
  b 1f
.align 3
1: dbg #1
{body}
  dbg #2
  ldr r1, =0x20026           @ semihosting: the program has ended
  movs r0, #0x18
  bkpt 0xAB
.ltorg
"""
LAYOUT = "SECTIONS { . = 0; .vectors : { *(.vectors) } .text : { *(.text*) } }"
ARCHITECTURE = ["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    """Count the cycles of a few instructions, separated by semicolons."""
    folder = tmp_path_factory.mktemp("cycles")
    counter = plugin(QEMU)
    layout = folder / "layout.ld"
    layout.write_text(LAYOUT)

    def run(body, **settings):
        source, program, out = folder / "a.s", folder / "a.elf", folder / "out"
        source.write_text(PROGRAM.replace("{body}", body.replace(";", "\n")))
        cmd.run(["arm-none-eabi-gcc", "-nostdlib", *ARCHITECTURE, "-T", layout, "-o", program, source], timeout=60)
        options = [f"{key}={value}" for key, value in {"out": out, **settings}.items()]
        cmd.run(
            [
                *(QEMU, "-M", "mps2-an386", "-kernel", program, "-icount", "shift=6"),
                *("-display", "none", "-monitor", "none", "-serial", "none"),
                *("-semihosting-config", "enable=on,target=native", "-plugin", ",".join([str(counter), *options])),
            ],
            timeout=60,
        )
        return Path(out).read_text()

    def cycles(body, **settings):
        return int(re.search(r"^region cycles=(\d+)", run(body, **settings), re.MULTILINE)[1])

    cycles.text = run
    return cycles


RULES = {
    "nothing": ("", 0),
    "data processing": ("movs r0, #1; add r1, r2, r3; lsl r0, r1, #3; cmp r0, r1; ubfx r0, r1, #3, #4", 5),
    "parallel and saturating arithmetic": ("sxtb16 r0, r1; uadd8 r0, r1, r2; ssat r0, #8, r1; sel r0, r1, r2", 4),
    "MUL": ("mul r0, r1, r2", 1),
    "MLA": ("mla r0, r1, r2, r3", 1),
    "SMULL": ("smull r0, r1, r2, r3", 1),
    "SMLAL": ("smlal r0, r1, r2, r3", 1),
    "SMLAD": ("smlad r0, r1, r2, r3", 1),
    "SMMLAR": ("smmlar r0, r1, r2, r3", 1),
    "LDR": ("ldr r0, [r4]", 2),
    "LDRB, LDRSH": ("ldrb r0, [r4]; nop; ldrsh r0, [r4, #2]", 5),
    "STR with an immediate offset": ("str r0, [r4]; str r1, [r4, #4]; nop", 3),
    "STR with a register offset": ("str r0, [r4, r6]", 2),
    "LDR after LDR": ("ldr r0, [r4]; ldr r1, [r5]", 3),
    "three LDR": ("ldr r0, [r4, r6]; ldr r1, [r4]; ldr r2, [r5, #4]", 4),
    "LDR, then STR with an immediate offset": ("ldr r0, [r4, r6]; str r0, [r5, #20]", 3),
    "LDR, then STR with a register offset": ("ldr r0, [r4, r6]; str r1, [r5, r6]", 3),
    "LDR whose address was loaded just before": ("str r5, [r4]; nop; ldr r0, [r4]; ldr r1, [r0]", 6),
    "LDR after STR is not pipelined": ("str r0, [r4]; ldr r1, [r4]", 3),
    "LDR from an address that was just computed": ("add r4, r4, #4; ldr r0, [r4]", 4),
    "LDR from an address that was computed before": ("add r4, r4, #4; nop; ldr r0, [r4]", 4),
    "LDM": ("ldmia r4, {r0, r1, r2}", 4),
    "STM": ("stmia r4, {r0, r1, r2}", 4),
    "LDRD, STRD": ("ldrd r0, r1, [r4]; strd r0, r1, [r5]", 6),
    "LDR before LDM is not pipelined": ("ldr r0, [r4]; ldmia r5, {r1, r2}", 5),
    "PUSH, POP": ("push {r0-r3}; pop {r0-r3}", 10),
    "LDREX, STREX": ("ldrex r0, [r4]; nop; strex r1, r0, [r4]", 5),
    "LDR, then STREXB": ("ldr r0, [r4]; strexb r1, r2, [r5]", 3),
    "IT, and what it lets through": ("cmp r0, r0; it eq; moveq r1, r2", 3),
    "IT, and what it holds back": ("cmp r0, r0; it ne; movne r1, r2", 3),
    "a load that is let through": ("cmp r0, r0; it eq; ldreq r1, [r4]", 4),
    "a load that is held back": ("cmp r0, r0; it ne; ldrne r1, [r4]", 3),
    "several loads that are held back": ("cmp r0, r0; it ne; ldmne r4, {r1, r2, r3}", 3),
    "several loads that are let through": ("cmp r0, r0; it eq; ldmeq r4, {r1, r2, r3}", 6),
    "a double that is loaded under a condition": ("cmp r0, r0; it eq; vldreq d0, [r4]", 5),
    "several doubles that are loaded under a condition": ("cmp r0, r0; it eq; vldmeq r4, {d0-d1}", 7),
    "B<cc> that is not taken": ("cmp r0, r0; bne 2f; 2:", 2),
    "CBZ that is not taken": ("cbz r1, 2f; nop; 2:", 2),
    "VADD": ("vadd.f32 s0, s1, s2", 1),
    "VMUL": ("vmul.f32 s0, s1, s2", 1),
    "VMLA": ("vmla.f32 s0, s1, s2", 3),
    "VFMA": ("vfma.f32 s0, s1, s2", 3),
    "VDIV": ("vdiv.f32 s0, s1, s2", 14),
    "VSQRT": ("vsqrt.f32 s0, s1", 14),
    "VABS, VNEG": ("vabs.f32 s0, s1; vneg.f32 s2, s3", 2),
    "VCVT, VCMP, VMRS": ("vcvt.s32.f32 s0, s1; vcmp.f32 s2, s3; vmrs APSR_nzcv, fpscr", 3),
    "VMOV to a core register": ("vmov r0, s1", 1),
    "VMOV of two registers": ("vmov r0, r1, s2, s3", 2),
    "a result that is used at once": ("vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s4", 3),
    "a result that is used later": ("vadd.f32 s0, s1, s2; nop; vadd.f32 s3, s0, s4", 3),
    "a result that is the addend of the next": ("vmul.f32 s0, s1, s2; vmla.f32 s0, s3, s4", 4),
    "a result that is stored at once with others": ("vadd.f32 s1, s1, s2; vstmia r4, {s0-s1}", 5),
    "a result that is not among those stored": ("vadd.f32 s2, s1, s2; vstmia r4, {s0-s1}", 4),
    "a result that is moved to core registers at once": ("vadd.f32 s3, s1, s2; vmov r0, r1, s2, s3", 4),
    "VLDR, VSTR": ("vldr s0, [r4]; vstr s0, [r5]", 4),
    "VLDR of a double": ("vldr d0, [r4]", 3),
    "VLDM": ("vldmia r4, {s0-s3}", 5),
    "VPUSH, VPOP": ("vpush {s0-s1}; vpop {s0-s1}", 6),
    "DBG is one cycle": ("dbg #5", 1),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_manual(count, rule):
    body, cycles = RULES[rule]
    assert count(body) == cycles


# The manual gives 1 to 3 cycles for the refill of the pipeline; 1 is taken where the target is known early.
BRANCHES = {
    "B": ("b 2f; nop; 2:", 1, 1, 3),
    "B<cc>": ("cmp r0, r0; beq 2f; nop; nop; 2:", 2, 1, 3),
    "CBZ": ("cbz r0, 2f; nop; 2:", 1, 1, 3),
    "BL and BX": ("bl 2f; b 3f; 2: bx lr; 3:", 3, 3, 9),
    "POP of the PC": ("adr r0, 2f; adds r0, #1; push {r0}; pop {pc}; nop; .align 2; 2:", 1 + 1 + 2 + 2, 3, 3),
    "LDR of the PC": ("adr r0, 2f; adds r0, #1; str r0, [r4]; nop; ldr pc, [r4]; .align 2; 2:", 4 + 2, 3, 3),
    "TBB": ("tbb [pc, r7]; .byte 1, 1; 2:", 3, 3, 3),
    "a loop": ("movs r0, #10; 3: subs r0, #1; bne 3b", 1 + 20, 9, 27),
}


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_costs_a_refill_of_the_pipeline(count, branch):
    body, others, least, most = BRANCHES[branch]
    assert others + least <= count(body) <= others + most


def test_a_target_across_two_words_costs_one_more(count):
    aligned = count("b 2f; nop; .align 2; 2: add.w r0, r1, r2")
    across = count("b 2f; nop; nop; .align 2; nop; 2: add.w r0, r1, r2")
    assert across == aligned + 1


def test_a_division_takes_a_mean(count):
    assert 2 <= count("udiv r0, r1, r2") <= 12
    assert count("udiv r0, r1, r2") == count("sdiv r0, r3, r3")


def test_cycles_do_not_depend_on_how_the_emulator_cuts_the_program(count):
    # 600 loads are more than the emulator translates at once.
    loads = "; ".join(["ldr r0, [r4]", "ldr r1, [r5]"] * 300)
    assert count(loads) == 601


def test_a_condition_holds_across_a_cut(count):
    body = "cmp r0, r0; " + "; ".join(["ittt ne", "ldrne r0, [r4]", "ldrne r1, [r4]", "ldrne r2, [r4]"] * 300)
    assert count(body) == 1 + 4 * 300


def test_loads_from_flash_wait(count):
    flash = {"flash_bytes": 0x100000, "load_waits": 2}
    assert count("ldr r0, [r7]; nop; ldr r0, [r4]", **flash) == 2 + 2 + 1 + 2
    assert count("str r0, [r4]; nop", **flash) == 2


def test_code_comes_through_the_cache(count):
    settings = {"flash_bytes": 0x100000, "fetch_waits": 3, "cache_bytes": 2048, "cache_ways": 2}
    body = "movs r0, #10; b 3f; .align 4; 3: subs r0, #1; bne 3b; b 4f; .align 4; 4: nop"
    # Three lines, each once: what is left of the marker's, the loop's, and the last one.
    assert count(body, **settings) == count(body) + 3 * 3


def test_two_loops_in_one_set_of_the_cache(count):
    # Three places a kilobyte apart share a set of two ways: each drives another one out.
    body = "movs r0, #10; 3: b 4f; .space 1022; 4: b 5f; .space 1022; 5: subs r0, #1; bne.w 3b"
    settings = {"flash_bytes": 0x100000, "fetch_waits": 3, "cache_bytes": 2048, "cache_ways": 2}
    whole = {**settings, "cache_bytes": 1 << 16}
    assert count(body, **settings) > count(body, **whole) + 20 * 3


def test_the_same_program_takes_the_same_cycles_in_every_run(count):
    settings = {"flash_bytes": 0x100000, "load_waits": 2, "fetch_waits": 3, "cache_bytes": 2048, "cache_ways": 2}
    body = "movs r0, #200; 3: ldr r1, [r4]; bl 4f; b 5f; 4: ldr r2, [r7]; bx lr; 5: subs r0, #1; bne.w 3b"
    assert len({count.text(body, profile="on", **settings) for _ in range(3)}) == 1


# QEMU executes an access to a device apart from the block that it lies in.
READS_A_DEVICE = (
    "movw r0, #0xE018; movt r0, #0xE000; movs r3, #5; 3: nop; ldr r1, [r0]; nop; nop; subs r3, #1; bne 3b"
)


@pytest.mark.parametrize("what", ["0xE000", "0x2000"])
def test_an_access_to_a_device_counts_once(count, what):
    text = count.text(READS_A_DEVICE.replace("0xE000", what), profile="on")
    cycles, instructions = re.search(r"^region cycles=(\d+) instructions=(\d+)", text, re.MULTILINE).groups()
    assert (int(cycles), int(instructions)) == (3 + 5 * (1 + 2 + 4) + 4, 3 + 5 * 6)
    costs = re.findall(r"^cost \d+ \w+ cycles=(\d+) instructions=(\d+)", text, re.MULTILINE)
    assert [sum(int(cost[place]) for cost in costs) for place in (0, 1)] == [int(cycles), int(instructions)]


def test_a_part_that_reads_a_device(count):
    body = READS_A_DEVICE.replace("3: nop", "3: dbg #3").replace("bne", "dbg #4; bne")
    parts = re.findall(r"^part \d cycles=(\d+) instructions=(\d+)", count.text(body, profile="on"), re.MULTILINE)
    assert parts == [("5", "4")] * 5


def test_a_call_that_is_held_back_is_none(count):
    text = count.text("cmp r0, r0; it ne; blne 2f; nop; b 3f; 2: bx lr; 3: nop", profile="on")
    assert not re.findall(r"^call .*", text, re.MULTILINE)
    assert re.findall(
        r"^call .*", count.text("cmp r0, r0; it eq; bleq 2f; b 3f; 2: bx lr; 3: nop", profile="on"), re.M
    )


def test_a_jump_past_a_call_of_the_function_by_itself_is_no_return(count):
    body = "movs r0, #3; bl 2f; b 3f; 2: push {lr}; subs r0, #1; beq 4f; bl 2b; 4: pop {pc}; 3: nop"
    text = count.text(body, profile="on")
    returns = dict.fromkeys("0123", 0)
    for node, instructions in re.findall(r"^cost (\d) 0x46 cycles=\d+ instructions=(\d+)", text, re.MULTILINE):
        returns[node] += int(instructions)
    assert returns == {"0": 0, "1": 1, "2": 1, "3": 1}, text


CALLS = """dbg #3; bl twice; dbg #4; bl once; dbg #3; nop; dbg #4; b over
    .thumb_func
    twice: push {lr}; bl once; bl once; pop {pc}
    .thumb_func
    once: ldr r0, [r7]; it eq; ldreq r0, [r4]; bx lr
    over: nop"""


def test_parts_and_calls_are_told(count):
    text = count.text(CALLS, profile="on")
    parts = re.findall(r"^part (\d) cycles=(\d+)", text, re.MULTILINE)
    assert [index for index, _ in parts] == ["0", "1"]
    assert parts[1] == ("1", "1")
    entered = {int(node): int(index) for node, index in re.findall(r"^enter (\d+) 0 (\d)$", text, re.MULTILINE)}
    first = next(node for node, index in entered.items() if index == 0)
    calls = dict(re.findall(r"^call (\d+) (\d+) ", text, re.MULTILINE))
    below = [node for node, parent in calls.items() if parent == str(first)]
    assert list(calls.values()).count(below[0]) == 1, "what is called twice by it is one node below it"
    assert sorted(calls.values()) == sorted(["0", str(first), below[0]])


@pytest.mark.parametrize("waits", [{}, {"flash_bytes": 1 << 20, "load_waits": 2, "fetch_waits": 3}])
def test_calls_and_parts_add_up(count, waits):
    text = count.text(CALLS, profile="on", **waits)
    assert re.findall(r"^region .*", text, re.MULTILINE) == count.text(CALLS, **waits).splitlines()
    costs = re.findall(r"^cost (\d+) \w+ cycles=(\d+) instructions=(\d+)", text, re.MULTILINE)
    for place, what in ((1, "cycles"), (2, "instructions")):
        region = re.search(rf"^region .*{what}=(\d+)", text, re.MULTILINE)
        assert sum(int(cost[place]) for cost in costs) == int(region[1])
    parents = dict(re.findall(r"^(?:call|enter) (\d+) (\d+) ", text, re.MULTILINE))
    for node, index in re.findall(r"^enter (\d+) \d+ (\d)", text, re.MULTILINE):
        [told] = re.findall(rf"^part {index} cycles=(\d+)", text, re.MULTILINE)

        def lies_within(place, node=node):
            return place == node or (place in parents and lies_within(parents[place], node))

        assert sum(int(cycles) for place, cycles, _ in costs if lies_within(place)) == int(told)


def test_of_parts_within_parts_the_outer_ones_count(count):
    text = count.text("dbg #3; nop; dbg #3; nop; dbg #4; nop; dbg #4; dbg #4; dbg #3; nop; dbg #4", profile="on")
    assert re.findall(r"^part (\d) cycles=(\d+)", text, re.MULTILINE) == [("0", "5"), ("1", "1")]
