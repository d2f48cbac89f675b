"""Runs compiled networks on a Cortex-M4 of QEMU and compares every tensor that they write with TFLM's."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.compiler import source
from harness.compiler.c_words import C_TYPES
from harness.compiler.program import Program
from tests.compiler import host

_FOLDER = Path(__file__).parent
_CORE = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_FLAGS = ("-std=gnu99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-ffreestanding", "-fno-builtin")
_WORDS = "qemu-system-arm -M mps2-an386 -display none -monitor none -serial none -semihosting"
_PRIME, _START = 16777619, 2166136261


def check(networks: Sequence[tuple[bytes, Program]], folder: Path, *flags: str) -> None:
    """Fail unless each program writes TFLM's tensors on the board; ``flags`` go to its compiler."""
    sources = [folder / "main.c", _FOLDER / "board_start.c"]
    checks = [_prepare(number, content, program, folder) for number, (content, program) in enumerate(networks)]
    sources += [folder / f"net{number}.c" for number in range(len(networks))]
    (folder / "main.c").write_text(_main(checks))
    words = ["arm-none-eabi-gcc", *_CORE, *_FLAGS, *(flags or ("-O2",)), "-nostdlib", "-T", _FOLDER / "board.ld"]
    made = folder / "networks.elf"
    command = [str(word) for word in (*words, *sources, "-lgcc", "-o", made)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    ran = subprocess.run(
        [*_WORDS.split(), "-kernel", str(made)], capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _prepare(number: int, content: bytes, program: Program, folder: Path) -> str:
    """Write a network and return the C that feeds it and knows what each step has to give."""
    name, inputs = f"net{number}", host.random_inputs(program, number)
    for file, text in source.files(program, name, name).items():
        (folder / file).write_text(_hooked(text, name) if file.endswith(".c") else text)
    interpreter = host.interpreted(content, inputs)
    base = program.buffers[program.inputs[0].buffer].offset
    steps = []
    for call in program.calls:
        buffers = [a.index for p, a in zip(program.functions[call.function].parameters, call.arguments, strict=True)
                   if p.written]  # fmt: skip
        expected = np.array(interpreter.GetTensor(call.tensors[0], 0)["tensor_data"])
        offset = program.buffers[buffers[0]].offset - base
        steps.append(f"{{{offset}, {expected.nbytes}, {_digest(expected.tobytes())}u}}")
    data = ", ".join(map(str, inputs[0].ravel().tolist()))
    return (
        f"static const {C_TYPES[str(inputs[0].dtype)]} data{number}[] = {{{data}}};\n"
        f"static const struct step steps{number}[] = {{{', '.join(steps)}}};\n"
        f"void {name}_invoke(void);\nvoid *{name}_input(size_t);\n"
        f"void {name}_after(int step) {{ check_step({number}, step, {name}_input(0), &steps{number}[step]); }}\n"
        f"static void run{number}(void) {{ memcpy({name}_input(0), data{number}, sizeof data{number}); "
        f"{name}_invoke(); }}\n"
    )


def _hooked(text: str, name: str) -> str:
    return f"void {name}_after(int step);\n#define MODEL_AFTER(step) {name}_after(step);\n{text}"


def _main(checks: Sequence[str]) -> str:
    calls = " ".join(f"run{number}();" for number in range(len(checks)))
    return _HEAD + "\n".join(checks) + f"int check_networks(void) {{ {calls} return differences; }}\n"


def _digest(content: bytes) -> int:
    """FNV-1a."""
    found = _START
    for byte in content:
        found = (found ^ byte) * _PRIME & 0xFFFFFFFF
    return found


_HEAD = f"""
#include <stddef.h>
#include <stdint.h>
#include <string.h>
void say(const char *text);
struct step {{ int32_t offset, bytes; uint32_t digest; }};
static int differences;
static void say_number(int number) {{
  char text[8] = {{' ', '0' + number / 100 % 10, '0' + number / 10 % 10, '0' + number % 10, 0}};
  say(text);
}}
static void check_step(int network, int step, const void *input, const struct step *wanted) {{
  uint32_t digest = {_START}u;
  for (int32_t i = 0; i < wanted->bytes; ++i) {{
    digest = (digest ^ ((const uint8_t *)input)[wanted->offset + i]) * {_PRIME}u;
  }}
  if (digest == wanted->digest) return;
  ++differences;
  say("differs: network and step");
  say_number(network);
  say_number(step);
  say("\\n");
}}
"""
