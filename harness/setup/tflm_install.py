"""The TFLM library that the user names, put into mcuprof's own sketchbook. There is only one at a time.

The sketchbook's folder ``libraries`` is a link to the folder that holds it, so that one library takes the place of
another in one step.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

from harness import cache, cores, paths
from harness.errors import MissingError, UsageError
from harness.setup import alone, own_arduino
from harness.tflm import tree
from harness.tflm.library import TflmLibrary, content_digest, describe, find_library, installed
from harness.tflm.sources import is_tree

Say = Callable[[str], None]

DEFAULT = "default"
"""What stands for the library that mcuprof makes by itself."""

_CLONE_WITHIN_S = 3600.0
_UNPACK_WITHIN_S = 600.0
_SCP = re.compile(r"([\w.-]+@[\w.-]+):(?!//)(.+)")
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tar\.\w+)$", re.IGNORECASE)


class Kind(Enum):
    """What the user can name."""

    GIT = "git"
    """A git repository that is an Arduino library."""
    ZIP = "zip"
    LIBRARY = "library"
    """A folder that is an Arduino library."""
    TREE = "tree"
    """A folder with the sources of TFLM, which an Arduino library is made of."""


def install(what: str, say: Say) -> None:
    """Install the library that ``what`` names, in place of the one that is there; that one stays where this fails.

    Raises ``UsageError`` where ``what`` is no TFLM library, and ``MissingError`` where it cannot be had.
    """
    kind = kind_of(what)
    with alone(say) as work:
        with _unused():
            pass
        staged = work / "sketchbook" / "libraries"
        staged.mkdir(parents=True)
        _stage(kind, what, staged, say)
        library = _checked(staged, what)
        with _unused():
            _put_in_place(staged, library, work)
    say(f"TFLM: tflm is built with {library}")


def remove(say: Say) -> None:
    """Take the library away, so that ``tflm`` is built with the one that mcuprof makes by itself."""
    if installed() is None:
        say("TFLM: no library was installed")
        return
    with alone(say), _unused():
        (paths.sketchbook() / "libraries").unlink(missing_ok=True)
        _drop_all_but(None)
    say("TFLM: the library that was installed is taken away")


def kind_of(what: str) -> Kind:
    """Tell what ``what`` is; raises ``UsageError`` where it is nothing that can be installed."""
    if not what.strip():
        msg = "no TFLM is named: name a git address, a .zip archive or a folder"
        raise UsageError(msg)
    if _is_address(what):
        if _ARCHIVE.search(what):
            msg = f"{what} is the address of an archive: download it, and name the file"
            raise UsageError(msg)
        path = Path(what.removeprefix("file://").partition("#")[0])
        if what.startswith("file://") and not path.is_dir():
            msg = f"there is no git repository at {what}: no such folder"
            raise UsageError(msg)
        return Kind.GIT
    path = _path(what)
    if path.is_file():
        if not zipfile.is_zipfile(path):
            msg = f"{path} is no .zip archive: name one of a TFLM Arduino library, its folder, or a git address"
            raise UsageError(msg)
        return Kind.ZIP
    if not path.is_dir():
        msg = (
            f"there is no {what}: name the git address, .zip or folder of a TFLM Arduino library, a folder with the "
            f"sources of TFLM, or {DEFAULT!r}"
        )
        raise UsageError(msg)
    if is_tree(path):
        return Kind.TREE
    # Of a repository without a work tree there is nothing to copy.
    return Kind.GIT if (path / "HEAD").is_file() and (path / "objects").is_dir() else Kind.LIBRARY


def _is_address(what: str) -> bool:
    return "://" in what or _SCP.fullmatch(what) is not None


def _path(what: str) -> Path:
    return paths.expand(what).resolve()


def _stage(kind: Kind, what: str, staged: Path, say: Say) -> None:
    if kind is Kind.GIT:
        say(f"TFLM: cloning {what}; this can take some minutes")
        # arduino-cli takes addresses as git@HOST:PATH for broken ones.
        address = _SCP.sub(r"ssh://\1/\2", what) if _is_address(what) else str(_path(what))
        _by_arduino_cli(what, ["--git-url", address], staged, _CLONE_WITHIN_S)
    elif kind is Kind.ZIP:
        say(f"TFLM: unpacking {what}")
        _by_arduino_cli(what, ["--zip-path", str(_path(what))], staged, _UNPACK_WITHIN_S)
    elif kind is Kind.TREE:
        say(f"TFLM: making an Arduino library of {what}")
        tree.make_library(_path(what), staged)
    else:
        path = _path(what)
        describe(path)  # before much is copied
        say(f"TFLM: copying {path}")
        _copy(path, staged / path.name)


def _copy(path: Path, target: Path) -> None:
    try:
        shutil.copytree(path, target, ignore=shutil.ignore_patterns(".git"), ignore_dangling_symlinks=True)
    except shutil.Error as error:
        source, _, why = error.args[0][0]
        msg = f"{source} cannot be copied: {why}"
        raise UsageError(msg) from error


def _by_arduino_cli(what: str, words: list[str], staged: Path, timeout: float) -> None:
    work = staged.parents[1]
    data = work / "data"
    data.mkdir()
    cores.ensure_indexes(data)
    config = own_arduino.write_config(
        work, data=data, sketchbook=staged.parent, library={"enable_unsafe_install": True}
    )
    done = own_arduino.call(config, ["lib", "install", *words], timeout)
    if done.returncode == 0:
        return
    reason, is_network = own_arduino.reason([done.stdout, done.stderr])
    reason = re.sub(r".*install failed: ", "", reason)
    if is_network:
        msg = (
            f"{what} could not be downloaded ({reason}). With a network, run `mcuprof setup --tflm {what}` again. "
            "Without one, bring the library's folder or a .zip of it here, and name that"
        )
        raise MissingError(msg)
    msg = f"{what} cannot be installed: arduino-cli says: {reason}"
    if "valid" in reason:
        msg += ". What it installs is an Arduino library; of TFLM's sources in another form, name the folder"
    raise UsageError(msg)


def _checked(staged: Path, what: str) -> TflmLibrary:
    found = find_library([staged])
    if found is None:
        msg = f"{what} is an Arduino library without TFLM: it has no tensorflow/lite/micro/micro_interpreter.h"
        raise UsageError(msg)
    return describe(found)


@contextlib.contextmanager
def _unused() -> Iterator[None]:
    """Keep processes away from a library that may be there: they may build with it.

    Raises ``UsageError`` where one does already, and where the library is not set-up's.
    """
    if installed() is None:
        yield
        return
    with cache.idle():
        folder = paths.sketchbook() / "libraries"
        if not folder.is_symlink():
            msg = f"{folder} was not made by set-up and would be lost: move it away"
            raise UsageError(msg)
        yield


def _put_in_place(staged: Path, library: TflmLibrary, work: Path) -> None:
    book = paths.sketchbook()
    book.mkdir(parents=True, exist_ok=True)
    place = book / f"tflm-{library.digest[:12]}"
    there = find_library([place])
    if there is None or content_digest(there) != library.digest:
        if place.exists():  # somebody has changed it since
            place.rename(work / "changed")
        staged.rename(place)
    link = work / "libraries"
    link.symlink_to(place.name, target_is_directory=True)
    link.replace(book / "libraries")
    _drop_all_but(place)


def _drop_all_but(place: Path | None) -> None:
    for other in paths.sketchbook().glob("tflm-*"):
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
