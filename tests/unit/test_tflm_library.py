"""TFLM libraries: what is read from their headers, the closure of includes, the sketches for them."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from fake_tflm import NEW, OLD, arduino_library, use, write

from harness.errors import MissingError, UnsupportedError, UsageError
from harness.implementations import tflm
from harness.tflm import headers, includes, strings
from harness.tflm.library import content_digest, describe, find_library
from harness.tflm.trim import trim


@pytest.fixture
def old(tmp_path):
    return arduino_library(tmp_path / "libraries" / "old", OLD)


@pytest.fixture
def new(tmp_path):
    return arduino_library(tmp_path / "libraries" / "new", NEW)


def test_a_library_of_2020(old):
    library = describe(old)
    assert (library.name, library.version, library.kernels) == ("Some_TFLM", "1.2.3", "reference kernels, 2020")
    assert library.include == "Some_TFLM.h"
    assert library.error_reporter
    assert library.micro_string
    assert library.debug_log is headers.DebugLog.TEXT
    assert not library.weak_debug_log
    assert library.operators.resolver is headers.Resolver.REGISTRATIONS
    assert set(library.operators.builtin) == {"ADD", "CONV_2D"}
    assert library.registration(use("CONV_2D", 3)) == (
        "AddBuiltin(tflite::BuiltinOperator_CONV_2D, tflite::ops::micro::Register_CONV_2D(), 3, 3)"
    )
    assert library.registration(use("CUSTOM", 1, "CIRCULAR_BUFFER")) == (
        'AddCustom("CIRCULAR_BUFFER", tflite::ops::micro::Register_CIRCULAR_BUFFER(), 1, 1)'
    )


def test_a_library_with_a_method_for_each_operator(new):
    library = describe(new)
    assert library.kernels == "CMSIS-NN, 2023"
    assert not library.error_reporter
    assert not library.micro_string
    assert library.debug_log is headers.DebugLog.FORMAT
    assert library.operators.builtin == {"ADD": "AddAdd", "CONV_2D": "AddConv2D"}
    assert library.registration(use("CONV_2D", 5)) == "AddConv2D()"
    assert library.registration(use("CUSTOM", 1, "CIRCULAR_BUFFER")) == "AddCircularBuffer()"


@pytest.mark.parametrize("style", ["old", "new"])
def test_an_operator_without_a_kernel_is_named_with_its_version(style, request):
    library = describe(request.getfixturevalue(style))
    with pytest.raises(UnsupportedError, match=r"TFLM 1\.2\.3 .*has no kernel for LEAKY_RELU \(version 2\)"):
        library.registration(use("LEAKY_RELU", 2))
    with pytest.raises(UnsupportedError, match="the custom operator Mine"):
        library.registration(use("CUSTOM", 1, "Mine"))


def test_a_weak_debug_log_is_seen(old):
    source = '// weak\nextern "C" __attribute__((weak)) void DebugLog(const char *text) { Serial.print(text); }\n'
    write(old, {"src/log.cpp": source})
    assert describe(old).weak_debug_log
    write(old, {"src/log.cpp": 'int weak;\nextern "C" void DebugLog(const char *text) { Serial.print(text); }\n'})
    assert not describe(old).weak_debug_log


def test_a_library_among_others_is_found(old, new, tmp_path):
    write(tmp_path / "libraries" / "another", {"src/another.h": ""})
    assert find_library([tmp_path / "no such folder", tmp_path / "libraries"]) == new
    assert find_library([tmp_path / "no such folder"]) is None


def test_a_library_without_src(tmp_path):
    folder = tmp_path / "flat"
    write(folder, {**OLD, "flat.h": "", "examples/demo/demo.h": ""})
    library = describe(folder)
    assert (library.name, library.version, library.include) == ("flat", "of unknown version", "flat.h")
    write(folder, {"examples/demo/demo.h": "changed"})
    assert describe(folder).digest == library.digest


def test_what_is_no_library_is_refused_with_what_was_looked_for(tmp_path):
    with pytest.raises(MissingError, match="no such folder"):
        describe(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"src/tensorflow/lite/micro/micro_interpreter\.h"):
        describe(tmp_path)
    folder = arduino_library(tmp_path / "half", {"tensorflow/lite/micro/micro_interpreter.h": ""})
    with pytest.raises(UsageError, match=r"AddConv2D\(\).*micro_ops\.h"):
        describe(folder)
    write(folder, {f"src/{name}": text for name, text in OLD.items()})
    (folder / "src/Some_TFLM.h").unlink()
    with pytest.raises(UsageError, match="no header"):
        describe(folder)


def test_the_digest_follows_names_and_bytes_and_nothing_else(old, tmp_path):
    first = content_digest(old)
    assert content_digest(arduino_library(tmp_path / "copy", OLD)) == first
    write(old, {"examples/x.ino": "", "README.md": ""})
    assert content_digest(old) == first
    write(old, {"src/a.cpp": ""})
    second = content_digest(old)
    (old / "src/a.cpp").rename(old / "src/b.cpp")
    assert len({first, second, content_digest(old)}) == 3


def test_closure_follows_includes_through_roots_and_relative_paths(tmp_path):
    write(
        tmp_path,
        {
            "a/main.cc": '#include <vector>\n  #  include "b/one.h"\n// #include "b/never.h"\n#include "near.h"\n',
            "a/near.h": '#include "../b/two.h"\n',
            "a/b/one.h": '#if 0\n#include "b/two.h"\n#endif\n#include "root2.h"\n',
            "a/b/two.h": '#include "b/one.h"\n',
            "b/two.h": "",
            "other/root2.h": '#include "hidden.h"\n',
            "other/hidden.h": "",
            "b/never.h": "",
        },
    )
    roots = [tmp_path / "a", tmp_path / "other"]
    found = includes.closure([tmp_path / "a/main.cc"], roots)
    names = {path.relative_to(tmp_path).as_posix() for path in found.files}
    assert names == {"a/main.cc", "a/near.h", "a/b/one.h", "a/b/two.h", "b/two.h", "other/root2.h", "other/hidden.h"}
    short = includes.closure([tmp_path / "a/main.cc"], roots, leaves=[tmp_path / "other/root2.h"])
    assert tmp_path / "other/hidden.h" not in short.files
    assert found.missing() == {"vector"}
    assert found.included(tmp_path / "a/near.h") == {tmp_path / name for name in ("b/two.h",)}


def test_each_string_of_a_kernel_is_pinned_once():
    macros = """
#define TF_LITE_ENSURE_EQ(context, a, b) Log("%s:%d " \\
  "%s", __FILE__ " " #a)
#include "never.h"
"""
    kernel = r"""
  TF_LITE_ENSURE_EQ(context, NumInputs(node),
                    F(1, 2));  // "never"
  TF_LITE_ENSURE_MSG(context, ok, "So, no.");
  Log("a \"quoted\" one"); Log("a \"quoted\" one");
"""
    text = strings.pins([macros, kernel], "unit")
    returned = [line.split("return ")[1].removesuffix("; }") for line in text.splitlines()[1:]]
    assert returned == [
        '"%s:%d %s"',
        '" "',
        '"So, no."',
        r'"a \"quoted\" one"',
        "MCUPROF_TEXT(NumInputs(node))",
        "MCUPROF_TEXT(F(1, 2))",
        "MCUPROF_TEXT(ok)",
    ]
    assert all("no_reorder" in line and "unit_string_" in line for line in text.splitlines()[1:])


def test_a_library_that_is_tflm_alone_is_used_as_it_is(new, tmp_path):
    write(new, {"src/unit.cpp": '#include "tensorflow/lite/micro/kernels/cmsis_nn/conv.cpp"\n'})
    library = describe(new)
    assert trim(library, tmp_path / "cut") is library


def test_sources_that_are_not_tflms_are_cut_off(new, tmp_path):
    write(new, {"src/lamps/lamp.cpp": "#include <NoSuchBoard.h>\n"})
    library = describe(new)
    cut = trim(library, tmp_path / "cut")
    assert not (cut.path / "src/lamps/lamp.cpp").exists()
    assert (cut.path / "src/lamps/lamp.h").exists()
    assert (cut.path / "src/third_party/nn/nn.c").exists()
    assert replace(cut, path=library.path, digest=library.digest) == library
    assert trim(library, tmp_path / "cut") == cut


def test_a_model_is_written_as_little_endian_words():
    assert tflm.model_words(bytes(range(1, 10))) == (0x0807060504030201, 9)


@pytest.fixture
def render(monkeypatch):
    tensors = SimpleNamespace(inputs=(1,), outputs=(1, 2))
    monkeypatch.setattr(tflm.models, "parse", lambda data, path: tensors)

    def files(library, arena_bytes, *operators):
        uses = operators or (use("ADD", 2), use("CONV_2D", 3), use("CONV_2D", 3))
        return tflm.files(model_bytes=b"12345678", operators=uses, library=library, arena_bytes=arena_bytes)

    return files


def test_a_sketch_for_a_library_of_2020(old, render):
    files = render(describe(old), 4096)
    text = files["network.cpp"]
    assert "tflite::MicroMutableOpResolver<2>" in text
    assert text.count("resolver->AddBuiltin(") == 2
    assert "arena_bytes = 4096;" in text
    assert "constexpr size_t kOutputs = 2;" in text
    assert "class LogReporter : public tflite::ErrorReporter" in text
    assert "malloc" not in text
    assert "0x3837363534333231," in files["model_data.cpp"]
    assert "model_words[1]" in files["model_data.h"]


def test_a_sketch_for_a_library_with_methods(new, render):
    text = render(describe(new), None)["network.cpp"]
    assert "resolver->AddConv2D() != kTfLiteOk" in text
    assert "LogReporter" not in text
    assert "malloc(" in text
    assert 'extern "C" __attribute__((weak)) void DebugLog(const char *format, va_list arguments)' in text


def test_a_sketch_with_an_operator_that_the_library_lacks_is_refused(old, render):
    with pytest.raises(UnsupportedError, match="LEAKY_RELU"):
        render(describe(old), 4096, use("LEAKY_RELU"))
