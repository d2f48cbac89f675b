from harness import sizes

# The form of GNU ld's map, with one piece of each kind.
MAP = """
Discarded input sections

 .text          0x00000000       0x99 /b/sketch/network.cpp.o

Linker script and memory map

.vectors        0x00000000      0x100
 *(.vectors)
 .vectors       0x00000000      0x100 /b/core/core.a(faults.cpp.o)

.text           0x00000100      0x300
 *(.text .text.*)
 .text.setup    0x00000100       0x10 /b/sketch/mcuprof_sketch.ino.cpp.o
 .text._ZN7mcuprof13firmware_loopEv
                0x00000110       0x20 /b/sketch/firmware.cpp.o
 .text.infer    0x00000130       0x30 /b/sketch/network.cpp.o
 *fill*         0x00000160        0x8
 .text.conv     0x00000168       0x40 /b/libraries/mcuprof_tflm/conv.cc.o
 .rodata.model  0x000001a8      0x100 /b/sketch/model_data.cpp.o
 .rodata.str1.4
                0x000002a8       0x20 /usr/lib/gcc/arm-none-eabi/12/libc_nano.a(lib_a-memcpy.o)
                                 0x28 (size before relaxing)
                0x000002c8                __data_load = LOADADDR (.data)

.bss            0x20000000       0x60
 .bss._ZN7mcuprof5arenaE
                0x20000000       0x50 /b/sketch/network.cpp.o
 COMMON         0x20000050       0x10 /b/core/core.a(main.cpp.o)
"""


def test_every_piece_goes_to_its_part():
    pieces = list(sizes._input_sections(MAP))
    assert (".vectors", 0x100, "core") in pieces
    assert (".text", 0x10, "harness") in pieces
    assert (".text", 0x20, "harness") in pieces
    assert (".text", 0x30, "runtime") in pieces
    assert (".text", 0x8, "alignment") in pieces
    assert (".text", 0x40, "library") in pieces
    assert (".text", 0x100, "model") in pieces
    assert (".text", 0x20, "C library") in pieces
    assert (".bss", 0x50, "runtime") in pieces
    assert (".bss", 0x10, "core") in pieces
    assert len(pieces) == 10
