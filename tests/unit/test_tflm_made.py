"""Arduino libraries made of TFLM's sources: those of the crate, and trees of any age."""

import pytest
from fake_tflm import CMSIS_NN, KERNEL, MICRO, OLD, OTHERS, TREE, arduino_library, tree, write

from harness import cores, paths
from harness.errors import MissingError, UnsupportedError
from harness.models import OperatorUse
from harness.setup import tflm_sources
from harness.tflm import crate, selection, sources
from harness.tflm import tree as trees
from harness.tflm.library import content_digest, describe


@pytest.fixture
def unpacked(tmp_path):
    """A crate as it is unpacked."""
    folder = tmp_path / "tfmicro-0.1.0"
    base = "submodules/tensorflow/tensorflow"
    micro = f"{base}/lite/micro"
    write(
        folder,
        {
            "Cargo.toml": '[package]\nname = "tfmicro"\nversion = "0.1.0"\n',
            "LICENSE-APACHE": "Apache License\n",
            f"{base}/core/public/version.h": "".join(
                f"#define TF_{part}_VERSION {number}\n" for part, number in (("MAJOR", 2), ("MINOR", 2), ("PATCH", 0))
            ),
            f"{base}/lite/version.h": '#include "tensorflow/core/public/version.h"\n',
            f"{base}/lite/c/common.c": '#include "tensorflow/lite/c/common.h"\n',
            f"{base}/lite/c/common.h": "#define TF_LITE_ENSURE(context, a)\n",
            f"{base}/lite/kernels/kernel_util.cc": "",
            f"{micro}/micro_interpreter.cc": (
                '#include "flatbuffers/flatbuffers.h"\n#include "tensorflow/lite/c/common.h"\n'
            ),
            f"{micro}/micro_interpreter_test.cc": "",
            f"{micro}/micro_error_reporter.h": "",
            f"{micro}/debug_log.cc": "",
            f"{micro}/kernels/add.cc": "namespace add {\n}\n",
            f"{micro}/kernels/all_ops_resolver.cc": "",
            f"{micro}/kernels/unused.h": "",
        }
        | {f"{micro}/tools/make/downloads/{name}": text for name, text in OTHERS.items()},
    )
    write(folder / "submodules/tensorflow", OLD)
    return folder


def built(library):
    """Return the names of what the Arduino tools compile of a library."""
    files = (path.relative_to(library).as_posix() for path in library.rglob("*") if path.is_file())
    return {name for name in files if name.endswith((".c", ".cc", ".cpp", ".S"))}


def parts(library):
    """Return the names of the sources that are compiled as part of units."""
    src = library / "src"
    return {path.relative_to(src).as_posix().removesuffix(".inc") for path in src.rglob("*.inc")}


def test_a_library_is_made_from_the_crate(unpacked, tmp_path):
    made = crate.make_library(unpacked, tmp_path / "out")
    assert built(made) == {
        f"src/mcuprof_tflm_{unit}" for unit in ("runtime.cpp", "kernels_0.cpp", "c.c", "debug_log.cpp")
    }
    assert parts(made) == {
        f"{MICRO}/kernels/add.cc", f"{MICRO}/micro_interpreter.cc", "tensorflow/lite/c/common.c"
    }  # fmt: skip
    assert (made / "LICENSE").read_text() == "Apache License\n"
    assert "version=2.2.0\n" in (made / "library.properties").read_text()
    assert "crate tfmicro 0.1.0" in (made / "library.properties").read_text()
    base = (made / "src/flatbuffers/base.h").read_text()
    assert '#include "mcuprof_tflm_config.h"\n#line 1 "flatbuffers/base.h"\n' in base
    assert base.endswith("#include <utility>\n")
    library = describe(made)
    assert (library.name, library.include) == ("mcuprof_tflm", "mcuprof_tflm.h")
    assert library.weak_debug_log
    assert library.error_reporter


def test_a_made_library_is_left_alone_or_replaced_whole(unpacked, tmp_path):
    made = crate.make_library(unpacked, tmp_path / "out")
    header = made / "src/mcuprof_tflm.h"
    first = header.stat().st_mtime_ns, content_digest(made)
    crate.make_library(unpacked, tmp_path / "out")
    assert (header.stat().st_mtime_ns, content_digest(made)) == first
    (made / "src/left_over.cpp").write_text("")
    crate.make_library(unpacked, tmp_path / "out")
    assert content_digest(made) == first[1]
    assert list((tmp_path / "out").glob("*/*")) == [made]


def test_another_library_is_not_put_in_the_place_of_one_that_may_be_in_use(unpacked, tmp_path):
    first = crate.make_library(unpacked, tmp_path / "out")
    header = unpacked / f"submodules/tensorflow/{MICRO}/micro_interpreter.h"
    header.write_text(header.read_text() + "// another\n")
    second = crate.make_library(unpacked, tmp_path / "out")
    assert first != second
    assert all(content_digest(made).startswith(made.parent.name) for made in (first, second))


@pytest.mark.parametrize("name", ["c/common.c", "micro/micro_interpreter.h"])
def test_a_crate_that_is_not_whole_is_refused(unpacked, tmp_path, name):
    (unpacked / "submodules/tensorflow/tensorflow/lite" / name).unlink()
    with pytest.raises(MissingError, match=f"there is no .*{name}"):
        crate.make_library(unpacked, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_a_board_needs_is_taken_of_a_tree(tmp_path):
    made = trees.make_library(tree(tmp_path / "tree"), tmp_path / "out")
    assert parts(made) == {
        f"{MICRO}/kernels/add.cc", f"{MICRO}/kernels/add_common.cc", f"{MICRO}/kernels/conv.cc",
        f"{MICRO}/micro_interpreter.cc", f"{MICRO}/micro_allocator.cc", f"{MICRO}/arena_allocator/arena.cc",
        f"{MICRO}/tflite_bridge/bridge.cc", "tensorflow/lite/core/c/common.cc",
        "tensorflow/lite/kernels/internal/common.cc", "tensorflow/compiler/mlir/lite/core/api/error_reporter.cc",
    }  # fmt: skip
    assert built(made) == {f"src/mcuprof_tflm_{unit}.cpp" for unit in ("runtime", "kernels_0", "debug_log")}
    assert (made / "src/fixedpoint/fixedpoint.h").is_file()
    assert (made / "src/internal/detect_platform.h").is_file()
    assert not (made / "src/tensorflow/lite/micro/test_helpers.h").exists()
    log = (made / "src/mcuprof_tflm_debug_log.cpp").read_text()
    assert "DebugLog(const char *format, va_list arguments)" in log
    assert "DebugVsnprintf" in log
    library = describe(made)
    assert library.kernels == "reference kernels, 2023"
    assert library.version == "of unknown version"
    assert library.weak_debug_log
    with pytest.raises(UnsupportedError, match="Rfft"):
        library.registration(OperatorUse(name="CUSTOM", version=1, custom="Rfft"))


def test_kernels_of_cmsis_nn_take_the_place_of_others_where_it_is_there(tmp_path):
    made = trees.make_library(tree(tmp_path / "tree", others=OTHERS | CMSIS_NN), tmp_path / "out")
    assert {name for name in parts(made) if "conv" in name} == {
        f"{MICRO}/kernels/cmsis_nn/conv.cc", "third_party/cmsis_nn/Source/Convolution/arm_convolve_s8.c"
    }  # fmt: skip
    assert "src/mcuprof_tflm_cmsis_nn.c" in built(made)
    kernel = (made / f"src/{MICRO}/kernels/cmsis_nn/conv.cc.inc").read_text()
    assert '#include "third_party/cmsis_nn/Include/arm_nnfunctions.h"\n' in kernel
    source = (made / "src/third_party/cmsis_nn/Source/Convolution/arm_convolve_s8.c.inc").read_text()
    assert '#include "third_party/cmsis_nn/Include/arm_nnfunctions.h"\n' in source
    header = (made / "src/third_party/cmsis_nn/Include/arm_nnfunctions.h").read_text()
    assert '#include "arm_nn_types.h"\n' in header
    assert "#define CMSIS_NN 1" in (made / "src/mcuprof_tflm_config.h").read_text()
    assert describe(made).kernels == "CMSIS-NN, 2023"


def test_a_tree_as_tflms_own_script_makes_it(tmp_path):
    folder = tree(tmp_path / "tree", others=OTHERS | CMSIS_NN, place="third_party")
    for path in (folder / f"{MICRO}/kernels/conv.cc", folder / f"{MICRO}/tools/make/Makefile"):
        path.unlink()
    for path in folder.rglob("*.cc"):
        path.rename(path.with_suffix(".cpp"))
    made = trees.make_library(folder, tmp_path / "out")
    assert f"{MICRO}/kernels/cmsis_nn/conv.cpp" in parts(made)
    assert "tensorflow/lite/core/c/common.cpp" in parts(made)


@pytest.mark.parametrize(
    ("there", "missing", "way"),
    [
        ({}, "gemmlowp, flatbuffers, ruy", r"run `make -f tensorflow/.*/Makefile third_party_downloads` in it"),
        ({"gemmlowp", "ruy"}, "flatbuffers", "run `make"),
    ],
)
def test_what_is_missing_of_other_projects_is_named(tmp_path, there, missing, way):
    others = {name: text for name, text in OTHERS.items() if name.partition("/")[0] in there}
    folder = tree(tmp_path / "tree", others=others)
    with pytest.raises(MissingError, match=f"the sources of {missing}, which it needs in .*: {way}"):
        trees.make_library(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_tree_for_cmsis_nn_without_it(tmp_path):
    folder = tree(tmp_path / "tree")
    (folder / f"{MICRO}/kernels/conv.cc").unlink()
    with pytest.raises(MissingError, match=r"cmsis_nn, .*OPTIMIZED_KERNEL_DIR=cmsis_nn third_party_downloads"):
        trees.make_library(folder, tmp_path / "out")
    (folder / f"{MICRO}/tools/make/Makefile").unlink()
    with pytest.raises(MissingError, match="put them there"):
        trees.make_library(folder, tmp_path / "out")


def test_a_tree_is_no_arduino_library(tmp_path):
    assert sources.is_tree(tree(tmp_path / "tree"))
    assert not sources.is_tree(arduino_library(tmp_path / "library", OLD))
    write(tmp_path / "flat", {**TREE, "flat.h": ""})
    assert not sources.is_tree(tmp_path / "flat")
    assert not sources.is_tree(tmp_path)


def test_a_library_made_of_a_tree_is_kept_until_the_tree_changes(tmp_path, monkeypatch):
    folder = tree(tmp_path / "tree")
    first = selection.at(folder)
    with monkeypatch.context() as patch:
        patch.setattr(trees, "files", None)  # nothing is made anew
        assert selection.at(folder) == first
    write(folder, {f"{MICRO}/kernels/sub.cc": KERNEL.format("add").replace("Prepare", "Sub")})
    second = selection.at(folder)
    assert second.path != first.path
    assert first.path.is_dir()
    (folder / f"{MICRO}/kernels/sub.cc").unlink()
    assert selection.at(folder) == first


@pytest.fixture
def books(tmp_path, monkeypatch):
    """A TFLM library in each place where one is looked for; what it is called tells the place."""
    user = tmp_path / "user"
    monkeypatch.setattr(cores.Path, "home", lambda: user)
    places = {"own": paths.sketchbook(), "chosen": tmp_path / "chosen", "user": user / "Arduino"}
    for name, book in places.items():
        arduino_library(book / "libraries" / name, OLD, f"name={name}\nincludes=Some_TFLM.h\n")
    return places


def test_which_library_is_built_with(books, tmp_path, unpacked, monkeypatch):
    def name(**choice):
        return selection.library(**{"explicit": None, "sketchbook": None} | choice).name

    named = arduino_library(tmp_path / "named", OLD, "name=named\nincludes=Some_TFLM.h\n")
    assert name(explicit=named, sketchbook=books["chosen"]) == "named"
    assert name(sketchbook=books["chosen"]) == "chosen"
    assert name() == "own"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert name(sketchbook=empty) == "own"
    for path in sorted(paths.sketchbook().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert name() == "user"
    monkeypatch.setattr(tflm_sources, "is_ready", lambda: True)
    monkeypatch.setattr(tflm_sources, "home", lambda: unpacked)
    assert name(sketchbook=empty) == "mcuprof_tflm"
    monkeypatch.setattr(tflm_sources, "is_ready", lambda: False)
    with pytest.raises(MissingError, match="mcuprof setup"):
        name(sketchbook=empty)
