"""High-water marks of stack and heap, held against a network whose use of them is known."""

import pytest

from harness import boards, sketch
from harness.build_properties import Options
from harness.firmware import Firmware
from harness.virtual.qemu import QemuRig

AT_START, AT_INFERENCE, HEAP = 3_000, 7_000, 5_000
HEADER = 16
"""What malloc may take beside the block."""
FRAMES = 160
"""What frames between the firmware and the array may take."""

SIZES = f"""
#define AT_START {AT_START}
#define AT_INFERENCE {AT_INFERENCE}
#define HEAP {HEAP}
"""
NETWORK = """
#include "network.h"

#include <alloca.h>
#include <stdlib.h>

namespace mcuprof {
namespace {

__attribute__((noinline)) uint8_t use(size_t bytes) {
  volatile uint8_t *block = static_cast<volatile uint8_t *>(alloca(bytes));
  for (size_t i = 0; i < bytes; ++i) block[i] = static_cast<uint8_t>(i);
  return block[bytes / 2];
}

uint8_t *kept = nullptr;
uint8_t tensor[4];

}  // namespace

bool network_start() {
  kept = static_cast<uint8_t *>(malloc(HEAP));
  return kept != nullptr && use(AT_START) == static_cast<uint8_t>(AT_START / 2);
}
bool network_infer() { return use(AT_INFERENCE) == static_cast<uint8_t>(AT_INFERENCE / 2); }
const char *network_error() { return ""; }
size_t network_input_count() { return 1; }
Span network_input(size_t) { return {tensor, sizeof tensor}; }
size_t network_output_count() { return 1; }
Span network_output(size_t) { return {tensor, sizeof tensor}; }
size_t network_arena_bytes() { return 0; }
bool network_set_arena_bytes(size_t) { return false; }

}  // namespace mcuprof
"""


@pytest.fixture(params=["nano33ble-sim", "spresense-sim"])
def rooms(request, arduino):
    """What is free before start-up, after it, and after an inference."""
    board = boards.load(request.param)
    whole = sketch.compose(
        board=board, implementation="known", title="Known use of memory", model_digest="none",
        files={"network.cpp": SIZES + NETWORK},
    )  # fmt: skip
    build = arduino.compile(whole, board, Options())
    rig = QemuRig(board)
    try:
        arduino.upload(build, board, rig.port)
        session = rig.open()
        try:
            firmware = Firmware(session)
            idle = firmware.room(board.ram_bytes)
            firmware.start(30)
            started = firmware.room(board.ram_bytes)
            firmware.run(30)
            yield idle, started, firmware.room(board.ram_bytes)
        finally:
            session.close()
    finally:
        rig.close()


def test_marks_are_those_of_what_is_taken(rooms):
    idle, started, inferred = rooms
    assert idle.stack < AT_START
    assert AT_START <= started.stack <= AT_START + FRAMES
    assert AT_INFERENCE <= inferred.stack <= AT_INFERENCE + FRAMES
    assert abs(inferred.stack - started.stack - (AT_INFERENCE - AT_START)) <= 16
    assert HEAP <= idle.free_heap - started.free_heap <= HEAP + HEADER
    assert inferred.free_heap == started.free_heap
