"""The user's own sketch: which file is the main one, what is replaced in it, and that its folder stays as it is."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.own import sketch as own
from harness.own.sketch import OwnSketch, main_file
from harness.sketch import NAME


def of(files, main="a.ino"):
    return OwnSketch(name="a", folder=Path("/nowhere"), main=main, files=files)


def folder(tmp_path, **files):
    """Write a sketch folder ``box``; two underscores in a name stand for a dot, one dash for a slash."""
    place = tmp_path / "box"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        path = place / name.replace("__", ".").replace("_in_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (b"malloc($alloc_size);", b"malloc(1234);"),
        (b"char x[${alloc_size}], y[$alloc_size];", b"char x[1234], y[1234];"),
        (b'"$1.50" $ $$ ${x} $alloc_size_max $alloc $ALLOC_SIZE ${alloc_size', None),
        (b"$$alloc_size", b"$1234"),
        (b"$alloc_size\xff\xe9\r\n", b"1234\xff\xe9\r\n"),
    ],
)
def test_only_the_placeholder_is_replaced(text, meant):
    files = of({"a.ino": text}).with_size(1234).files
    assert files == {f"{NAME}.ino": meant or text}


@given(st.lists(st.binary().map(lambda piece: piece.replace(b"$", b"")) | st.just(b"${alloc_size}")), st.integers(1))
def test_nothing_else_changes(pieces, size):
    sketch = of({"a.ino": b"".join(pieces)})
    number = str(size).encode()
    meant = b"".join(number if piece == b"${alloc_size}" else piece for piece in pieces)
    assert sketch.with_size(size).files == {f"{NAME}.ino": meant}
    assert sketch.has_placeholder == (b"${alloc_size}" in pieces)


def test_it_is_replaced_in_every_source_and_in_no_other_file():
    sketch = of(
        {"a.ino": b"", "src/b.cpp": b"$alloc_size", "src/deep/c.h": b"$alloc_size", "notes.md": b"$alloc_size"}
    )
    files = sketch.with_size(7).files
    assert sketch.has_placeholder
    assert (files["src/b.cpp"], files["src/deep/c.h"], files["notes.md"]) == (b"7", b"7", b"$alloc_size")
    assert not of({"a.ino": b"", "notes.md": b"$alloc_size"}).has_placeholder


def test_sizes_and_contents_are_told_apart_by_their_digests():
    sketch = of({"a.ino": b"$alloc_size"})
    assert sketch.with_size(1).digest != sketch.with_size(2).digest
    assert sketch.with_size(1).digest == sketch.with_size(1).digest
    assert sketch.sha256 != of({"a.ino": b"$alloc_size "}).sha256
    assert sketch.sha256 != of({"a.ino": b"$alloc_size"}, main="b.ino").sha256


@pytest.mark.parametrize(
    ("names", "named", "main"),
    [
        (["box.ino", "tab.ino"], None, "box.ino"),
        (["box.ino", "tab.ino"], "tab.ino", "box.ino"),
        (["one.ino", "help.h"], None, "one.ino"),
        (["one.ino", "two.ino"], "two.ino", "two.ino"),
    ],
)
def test_the_main_file(names, named, main):
    assert main_file("box", names, named) == main


@pytest.mark.parametrize(("names", "said"), [(["a.h"], "there is no .ino"), (["b.ino", "a.ino"], "a.ino, b.ino")])
def test_no_main_file(names, said):
    with pytest.raises(UsageError, match=said):
        main_file("box", names, None)


def test_a_folder_is_read_with_what_is_below_it(tmp_path):
    place = folder(
        tmp_path, box__ino=b"x", tab__ino=b"y", src_in_deep_in_a__cpp=b"z", data_in_d__txt=b"d",
        __git_in_config=b"no", __hidden=b"no", sketch__yaml=b"no",
    )  # fmt: skip
    found = own.read(place)
    assert (found.name, found.main, found.folder) == ("box", "box.ino", place)
    assert found.files == {"box.ino": b"x", "tab.ino": b"y", "src/deep/a.cpp": b"z", "data/d.txt": b"d"}
    assert own.read(place / "box.ino") == found
    assert set(found.with_size(1).files) == {f"{NAME}.ino", "tab.ino", "src/deep/a.cpp", "data/d.txt"}


def test_links_are_followed_and_not_in_a_circle(tmp_path):
    place = folder(tmp_path, box__ino=b"x")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.h").write_text("a")
    (place / "src").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "round").symlink_to(place)
    (place / "broken.h").symlink_to(tmp_path / "nothing")
    assert set(own.read(place).files) == {"box.ino", "src/a.h"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda tmp: tmp / "nothing", "there is no sketch"),
        (lambda tmp: folder(tmp, readme__txt=b""), "there is no .ino in box"),
        (lambda tmp: folder(tmp, readme__txt=b"") / "readme.txt", "is no sketch"),
        (lambda tmp: folder(tmp, a__ino=b"", b__ino=b""), "which .ino in box"),
        (lambda tmp: folder(tmp, box__ino=b"", mcuprof_sketch__ino=b""), "rename the file"),
    ],
)
def test_what_is_no_sketch(tmp_path, make, said):
    with pytest.raises(UsageError, match=said):
        own.read(make(tmp_path))


def test_a_file_whose_name_is_no_text(tmp_path):
    place = folder(tmp_path, box__ino=b"x")
    (place / os.fsdecode(b"caf\xe9.h")).write_bytes(b"y")
    sketch = own.read(place)
    assert len(sketch.sha256) == 64
    sketch.with_size(1).write(tmp_path / "build")
    assert (tmp_path / "build" / os.fsdecode(b"caf\xe9.h")).read_bytes() == b"y"


def test_a_folder_of_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "_MOST_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="more than 1 MB"):
        own.read(folder(tmp_path, box__ino=b"", data_in_film__mp4=bytes((1 << 20) + 1)))


def test_writing_leaves_what_is_the_same_and_removes_the_rest(tmp_path):
    build = tmp_path / "build"
    of({"a.ino": b"1", "src/deep/b.h": b"2", "src/c": b"3"}).with_size(1).write(build)
    before = (build / "src/deep/b.h").stat()
    of({"a.ino": b"1", "src/deep/b.h": b"2", "d/c": b"\r\n\xff"}).with_size(1).write(build)
    assert (build / "src/deep/b.h").stat().st_mtime_ns == before.st_mtime_ns
    assert not (build / "src/c").exists()
    assert (build / "d/c").read_bytes() == b"\r\n\xff"
    of({"a.ino": b"1", "src": b"a file now", "d/c/e": b"a folder"}).with_size(1).write(build)
    assert sorted(p.relative_to(build).as_posix() for p in build.rglob("*") if p.is_file()) == [
        "d/c/e", "mcuprof_sketch.ino", "src",
    ]  # fmt: skip
