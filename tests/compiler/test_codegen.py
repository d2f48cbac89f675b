"""``mcuprof codegen``: C that any C99 compiler takes, and that other processors run too."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from harness import paths
from tests.compiler import host
from tests.compiler.networks import Network

_STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2")


@pytest.fixture
def mcuprof(tmp_path):
    """Run the command in a process, with caches of the test's own."""

    def run(*words):
        env = os.environ | {"MCUPROF_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(paths.PACKAGE.parent)}
        argv = [sys.executable, "-m", "harness", *map(str, words)]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)

    return run


@pytest.mark.parametrize("name", ["digits", "keyword_spotting"])
def test_the_files_compile_as_strict_c99_and_run(mcuprof, tmp_path, name):
    done = mcuprof("codegen", name, "-o", "made")
    assert done.returncode == 0, done.stderr
    assert "wrote kernels.h, main.c, model.c, model.h" in done.stdout
    subprocess.run(["cc", *_STRICT, "main.c", "model.c", "-o", "run"], cwd=tmp_path / "made", check=True)
    said = subprocess.run(["./run"], cwd=tmp_path / "made", check=True, capture_output=True, text=True).stdout
    content = (paths.data_dir() / "models" / f"{name}.tflite").read_bytes()
    program = host.compile_network(content)
    zero = [np.full(i.shape, i.zero_point, i.dtype) for i in program.inputs]
    last = program.calls[-1].tensors[0]
    expected = host.reference_tensors(content, zero, [last])[last].ravel().tolist()
    assert [int(line.rsplit(" ", 1)[1]) for line in said.splitlines()] == expected


def test_another_name_and_json(mcuprof, tmp_path):
    done = mcuprof("codegen", "keyword_spotting", "-o", "made", "--name", "net2", "--json")
    facts = json.loads(done.stdout)["codegen"]
    assert facts["files"] == ["kernels.h", "main.c", "net2.c", "net2.h"]
    assert facts["arena_bytes"] == 6616
    subprocess.run(["cc", *_STRICT, "main.c", "net2.c", "-o", "run"], cwd=tmp_path / "made", check=True)
    alone = mcuprof("codegen", "keyword_spotting", "-o", "alone", "--no-fuse", "--json")
    assert json.loads(alone.stdout)["codegen"]["steps"] > facts["steps"]


def test_weights_of_the_file_of_settings(mcuprof, tmp_path):
    def constants(folder, *words):
        done = mcuprof("codegen", "keyword_spotting", "-o", folder, "--json", *words)
        return json.loads(done.stdout)["codegen"]["constant_bytes"]

    asked = constants("asked", "--weights", "int16")
    (tmp_path / "mcuprof.toml").write_text('weights = "int16"\n')
    assert constants("kept") == asked > constants("said", "--weights", "int8")


@pytest.mark.parametrize("name", ["main", "1st", "a-b", "a b", ""])
def test_a_name_that_c_does_not_take(mcuprof, name):
    done = mcuprof("codegen", "digits", "-o", "made", "--name", name)
    assert done.returncode == 2
    assert "--name" in done.stderr


def test_a_folder_that_is_not_empty_is_left_alone(mcuprof, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.c").write_text("mine")
    done = mcuprof("codegen", "digits", "-o", "made")
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert mcuprof("codegen", "digits", "-o", "made", "--force").returncode == 0
    assert (tmp_path / "made" / "mine.c").read_text() == "mine"


def test_what_cannot_be_compiled_is_one_line_and_exit_code_1(mcuprof, tmp_path):
    net = Network()
    x, y = net.tensor((1, 4), scale=0.1), net.tensor((1, 4), scale=0.1)
    net.operator("CUMSUM", [x], [y])
    (tmp_path / "odd.tflite").write_bytes(net.finish([x], [y]))
    for _ in range(2):  # the second time from the cache
        done = mcuprof("codegen", "odd.tflite", "-o", "made")
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1].startswith("mcuprof: error: CUMSUM version 1")
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "made").exists()


def test_a_model_whose_file_has_an_odd_name(mcuprof, tmp_path):
    content = (paths.data_dir() / "models" / "digits.tflite").read_bytes()
    for name in ("two\n#error lines.tflite", "back\\", "a" * 250, "trigraph??"):
        (tmp_path / name).write_bytes(content)
        done = mcuprof("codegen", name, "-o", "made", "--force")
        assert done.returncode == 0, done.stderr
        words = ["cc", *_STRICT, "-Wno-trigraphs", "main.c", "model.c", "-o", "run"]
        subprocess.run(words, cwd=tmp_path / "made", check=True)


def test_constants_beyond_16_bit_addresses_are_refused_on_avr(mcuprof, tmp_path):
    assert mcuprof("codegen", "person_detection", "-o", "made").returncode == 0
    words = ["cc", "-D__AVR__", "-I.", "-c", "model.c"]
    (tmp_path / "made" / "avr").mkdir()
    (tmp_path / "made" / "avr" / "pgmspace.h").write_text("")
    done = subprocess.run(words, cwd=tmp_path / "made", capture_output=True, text=True, check=False)
    assert "16-bit addresses" in done.stderr


@pytest.mark.skipif(
    not (shutil.which("avr-gcc") and shutil.which("simavr")), reason="avr-gcc and simavr are not on PATH"
)
def test_constants_stay_in_flash_on_avr(mcuprof, tmp_path):
    """Where int has 16 bits and flash is an address space of its own, on a simulated ATmega2560."""
    assert mcuprof("codegen", "digits", "-o", "made").returncode == 0
    made = tmp_path / "made"
    content = (paths.data_dir() / "models" / "digits.tflite").read_bytes()
    program = host.compile_network(content)
    inputs = host.random_inputs(program, 1)
    values = ", ".join(map(str, inputs[0].ravel().tolist()))
    (made / "main.c").write_text(_AVR_MAIN.replace("INPUT", values))
    flags = ["-mmcu=atmega2560", "-Os", "-std=gnu99", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["avr-gcc", *flags, "main.c", "model.c", "-o", "run.elf"], cwd=made, check=True)
    sizes = subprocess.run(["avr-size", "run.elf"], cwd=made, check=True, capture_output=True, text=True).stdout
    data, bss = (int(word) for word in sizes.splitlines()[1].split()[1:3])
    assert data + bss < program.arena_bytes + 200
    words = ["simavr", "-m", "atmega2560", "-f", "16000000", "run.elf"]
    said = subprocess.run(words, cwd=made, check=True, capture_output=True, text=True, timeout=60)
    expected = " ".join(map(str, host.HostNetwork(program).outputs(inputs)[0].ravel().tolist()))
    assert expected in said.stdout + said.stderr


_AVR_MAIN = """
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <stdio.h>
#include "model.h"
static const int8_t input[] PROGMEM = { INPUT };
static int put(char character, FILE *file) {
  (void)file;
  while (!(UCSR0A & (1 << UDRE0))) {}
  UDR0 = (uint8_t)character;
  return 0;
}
static FILE out = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);
int main(void) {
  UBRR0L = 8;
  UCSR0B = 1 << TXEN0;
  memcpy_P(model_input(0), input, sizeof input);
  model_invoke();
  const int8_t *output = model_output(0);
  for (size_t i = 0; i < MODEL_OUTPUT_0_BYTES; ++i) fprintf(&out, i ? " %d" : "%d", output[i]);
  fprintf(&out, "\\n");
  cli();
  sleep_enable();
  sleep_cpu();
  return 0;
}
"""
