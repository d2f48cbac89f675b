from harness import sizes

# The form of GNU ld's map, with one piece of each kind.
MAP = """
Discarded input sections

 .text          0x00000000       0x99 <build>/sketch/network.cpp.o

Linker script and memory map

.vectors        0x00000000      0x100
 *(.vectors)
 .vectors       0x00000000      0x100 <build>/core/core.a(faults.cpp.o)

.text           0x00000100      0x300
 *(.text .text.*)
 .text.setup    0x00000100       0x10 <build>/sketch/mcuprof_sketch.ino.cpp.o
 .text._ZN7mcuprof13firmware_loopEv
                0x00000110       0x20 <build>/sketch/firmware.cpp.o
 .text.infer    0x00000130       0x30 <build>/sketch/network.cpp.o
 *fill*         0x00000160        0x8
 .text.conv     0x00000168       0x40 <build>/libraries/mcuprof_tflm/conv.cc.o
 .rodata.model  0x000001a8      0x100 <build>/sketch/model_data.cpp.o
 .rodata.str1.4
                0x000002a8       0x20 /usr/lib/gcc/arm-none-eabi/12/libc_nano.a(lib_a-memcpy.o)
                                 0x28 (size before relaxing)
 .rodata.str1.1
                0x000002b8       0x30 <build>/sketch/network.cpp.o
                0x000002c8                __data_load = LOADADDR (.data)

.bss            0x20000000       0x60
 .bss._ZN7mcuprof5arenaE
                0x20000000       0x50 <build>/sketch/network.cpp.o
 COMMON         0x20000050       0x10 <build>/core/core.a(main.cpp.o)
"""


def test_every_piece_goes_to_its_part():
    pieces = [(piece.section, piece.size, piece.part) for piece in sizes._pieces(MAP)]
    assert pieces == [
        (".vectors", 0x100, "core"),
        (".text", 0x10, "harness"),
        (".text", 0x20, "harness"),
        (".text", 0x30, "runtime"),
        (".text", 0x8, "alignment"),
        (".text", 0x40, "library"),
        (".text", 0x100, "model"),
        (".text", 0x10, "C library"),
        (".text", 0x30, "runtime"),
        (".bss", 0x50, "runtime"),
        (".bss", 0x10, "core"),
    ]


def test_parts_add_up_to_the_sections():
    pieces = list(sizes._pieces(MAP))
    parts = sizes._by_part(pieces, {".vectors": 0x100, ".text": 0x300})
    assert sum(parts.values()) == 0x400
    assert parts["alignment"] == 0x8 + 0x300 - 0x1E8, "what the linker filled, and what no piece accounts for"
    assert sizes._by_part(pieces, {".bss": 0x60}) == {"runtime": 0x50, "core": 0x10, "alignment": 0}


# What scripts without a place for .text.* and .rodata.* make of them: a section each, named as in its object.
ORPHANS = """
Linker script and memory map

.text           0x10000000       0x20
 .text          0x10000000       0x20 /book/hardware/arduino/mbed_nano/variants/X/libs/libmbed.a(rtos.o)

.text.setup     0x10000020        0xc
 .text.setup    0x10000020        0xc <build>/sketch/mcuprof_sketch.ino.cpp.o

.rodata._ZN5TimerD2Ev.str1.1
                0x1000002c        0x8
 .rodata._ZN5TimerD2Ev.str1.1
                0x1000002c        0xe /book/hardware/arduino/mbed_nano/variants/X/libs/libmbed.a(timer.o)

.bss            0x20000000       0x10
 .bss           0x20000000       0x10 /usr/lib/gcc/arm-none-eabi/libc.a(lib_a-impure.o)
"""


def test_sections_that_a_script_leaves_in_pieces():
    pieces = list(sizes._pieces(ORPHANS))
    sections = {".text": 0x20, ".text.setup": 0xC, ".rodata._ZN5TimerD2Ev.str1.1": 8}
    parts = sizes._by_part(pieces, sections)
    assert parts == {"core": 0x28, "harness": 0xC, "alignment": 0}, "strings that others have too count once"
    assert sizes._by_part(pieces, {".bss": 0x10}) == {"C library": 0x10, "alignment": 0}
    assert sizes._folded(sections) == {".text": 0x2C, ".rodata": 8}
    assert sizes._folded({".ARM.exidx": 8, ".text_like": 1}) == {".ARM.exidx": 8, ".text_like": 1}


def test_a_compiled_network_is_told_apart_from_its_code():
    assert sizes._part("<build>/sketch/model.c.o", ".rodata.op_weights_0") == "model"
    assert sizes._part("<build>/sketch/operators.c.o", ".progmem.data") == "model"
    assert sizes._part("<build>/sketch/model.c.o", ".text.op_conv_2d") == "runtime"
    assert sizes._part("<build>/sketch/graph_executor.c.o", ".rodata.x") == "runtime"
