"""The C++ sources of TensorFlow Lite for Microcontrollers, out of the Rust crate ``tfmicro``.

The crate is a plain archive; cargo fetches it, and nothing of it is compiled or run.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from harness import cmd, paths
from harness.errors import MissingError
from harness.setup import tools
from harness.setup.tools import Tool, Version

CRATE = "tfmicro"
VERSION = "0.1.0"
SHA256 = "b2da8beabd85d11badfc2d603a31c9fb468702cda5fc034ac872fbaf43544e94"
OLDEST_CARGO: Version = (1, 70)

_NAME = f"{CRATE}-{VERSION}"
_STAMP = ".complete"
_FETCH_WITHIN_S = 1800.0
_MAX_UNPACKED_BYTES = 64 << 20


def home() -> Path:
    """Return where the crate is unpacked, whether or not it is there."""
    return paths.home() / _NAME


def find_tflm_sources() -> Path:
    """Return the folder that ``tensorflow/lite/micro`` is in; raises ``MissingError`` where set-up has not been."""
    if not is_ready():
        msg = f"the TFLM sources are not in {home()}; `mcuprof setup` (in a checkout: `./dev setup`) gets them"
        raise MissingError(msg)
    return home() / "submodules" / "tensorflow"


def is_ready() -> bool:
    """Whether the sources are there, unpacked to the end and from the right crate."""
    try:
        return (home() / _STAMP).read_text(encoding="ascii").strip() == SHA256
    except (OSError, UnicodeDecodeError):
        return False


def find_cargo() -> Tool | None:
    """Return the first cargo that runs and is new enough: on PATH, else the one of Debian's packages."""
    for path in tools.on_path("cargo", beyond=[Path("/usr/bin")]):
        version = tools.ask_version([path, "--version"])
        if version is not None and version >= OLDEST_CARGO:
            return Tool(path=path, version=version)
    return None


def make(say: Callable[[str], None], work: Path) -> None:
    """Fetch, verify and unpack the sources and put them in their place; ``work`` is a folder on the same disk."""
    cargo = find_cargo()
    if cargo is None:
        msg = (
            "the TFLM sources are missing, and so is a cargo to get them with (1.70 or newer, that runs). Install "
            "one (Debian: `apt-get install cargo-web`; macOS: `brew install rust`), then again `mcuprof setup`"
        )
        raise MissingError(msg)
    say(f"TFLM sources: getting the crate {CRATE} {VERSION} with cargo {cargo.version_text}")
    unpacked = work / _NAME
    unpack(verified(fetch(cargo, work)), unpacked)
    (unpacked / _STAMP).write_text(f"{SHA256}\n", encoding="ascii")
    if home().exists():
        os.replace(home(), work / "old")  # noqa: PTH105
    os.replace(unpacked, home())  # noqa: PTH105


def fetch(cargo: Tool, work: Path) -> Path:
    """Let cargo download the crate and return the archive's path.

    ``cargo install`` downloads the one crate, finds that it holds no program, and ends with an error: by then
    the archive is there. (A project that depends on the crate would download some seventy crates more, some of
    them with manifests that a cargo of 2024 cannot read.) cargo gets a home of its own, with the user's settings.
    """
    cargo_home = work / "cargo"
    cargo_home.mkdir()
    settings = _user_settings()
    options: list[str | Path] = ["--config", settings] if settings else []
    done = cmd.run(
        [cargo.path, *options, "install", CRATE, "--version", f"={VERSION}", "--root", work / "installed"],
        cwd=work,
        env=tools.environment(CARGO_HOME=cargo_home, PATH=f"{cargo.path.parent}{os.pathsep}{os.environ['PATH']}"),
        timeout=_FETCH_WITHIN_S,
        check=False,
    )
    crates = sorted(cargo_home.glob(f"registry/cache/*/{_NAME}.crate"))
    if not crates:
        msg = (
            f"cargo could not get the crate {CRATE} {VERSION}. The last that it said:\n"
            f"{tools.last_lines(done.stderr)}\nWhere this is the network, run the set-up again when it is back"
        )
        raise MissingError(msg)
    return crates[0]


def verified(crate: Path) -> bytes:
    """Return the archive's bytes; raises ``MissingError`` where they are not those that mcuprof knows."""
    content = crate.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        msg = (
            f"the crate {CRATE} {VERSION} that cargo got is not the known one (SHA-256 {digest}, expected {SHA256}); "
            f"nothing of it was used. A mirror or a proxy may have changed it: try another network"
        )
        raise MissingError(msg)
    return content


def unpack(content: bytes, target: Path) -> None:
    """Write what mcuprof needs of the archive into the new folder ``target``: C++ sources, manifest, licences.

    Raises ``MissingError`` for an archive with a name that leads out of the folder, with anything but plain
    files where sources are expected, or that is larger than any sound one.
    """
    room = _MAX_UNPACKED_BYTES
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                name = _inside(member)
                if name is None:
                    continue
                room -= member.size
                source = archive.extractfile(member)
                if source is None or room < 0:
                    raise _unsound(member.name)
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with source, path.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except (tarfile.TarError, EOFError) as error:
        raise _unsound(str(error)) from error


def _inside(member: tarfile.TarInfo) -> PurePosixPath | None:
    """Return the wanted member's path below the target, or None for a member that is not wanted."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] != (_NAME,):
        raise _unsound(member.name)
    name = PurePosixPath(*path.parts[1:])
    source = name.parts[:1] == ("submodules",) and not name.name.endswith("_test.cc")
    if member.isdir() or not (source or name.name == "Cargo.toml" or name.name.startswith("LICENSE")):
        return None
    if not member.isfile():
        raise _unsound(member.name)
    return name


def _unsound(what: str) -> MissingError:
    return MissingError(f"the crate {CRATE} {VERSION} is not a sound archive ({what}); nothing of it was used")


def _user_settings() -> Path | None:
    """Return the user's cargo settings (a mirror, a proxy), or None."""
    folder = Path(os.environ.get("CARGO_HOME") or Path("~/.cargo").expanduser())
    return next((path for path in (folder / "config.toml", folder / "config") if path.is_file()), None)
