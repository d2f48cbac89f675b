"""arduino-cli: compile a sketch, upload a build. One configuration of its own, never the user's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import msgspec

from harness import cmd, cores, paths
from harness.boards import Board
from harness.cache import touch
from harness.errors import DoesNotFitError, McuprofError, MissingError, RigError, ToolFailedError
from harness.platform import Workplace, missing_core
from harness.setup.arduino_cli import find_arduino_cli
from harness.sketch import NAME, Sketch, digest_of

OPTIMIZATIONS = ("O2", "Os", "O3")
_COMPILE_TIMEOUT_S = 1800
_OVERFLOW = re.compile(r"region [`'\"]?(\w+)'? overflowed by (\d+) bytes")
_USES = re.compile(r"(Sketch uses|Global variables use) (\d+) bytes.*Maximum is (\d+) bytes")
"""What arduino-cli says last where a program is linked and larger than the board."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a build depends on beside the sketch and the board."""

    library: Path | None = None
    """Root folder of the one Arduino library that the sketch needs."""
    library_digest: str = ""
    defines: tuple[str, ...] = ()
    """Preprocessor names that everything is compiled with."""
    libraries: tuple[Path, ...] = ()
    """Folders of Arduino libraries, of which the sketch takes those whose headers it includes."""
    optimization: str | None = None
    """``O2``, ``Os`` or ``O3``; None is the board core's own."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A compiled sketch, kept in the cache."""

    folder: Path
    """Holds the program in every form that the upload tool may want."""
    key: str
    sketch: str
    """Digest of the sketch, which the firmware tells too."""
    build_path: str
    """Where it was built: the paths of the linker's map begin with it."""
    program_bytes: int
    """Size of the program by the size recipe of the board's core."""
    data_bytes: int | None
    seconds: float
    provenance: Mapping[str, str]

    @property
    def elf(self) -> Path:
        """The linked program."""
        return self.folder / f"{NAME}.ino.elf"

    @property
    def link_map(self) -> Path:
        """The linker's map of the program."""
        return self.folder / f"{NAME}.ino.map"


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What arduino-cli would build a board with, as it says itself."""

    properties: Mapping[str, str]
    compiler: str

    def provenance(self) -> dict[str, str]:
        """Return what a result says of them."""
        return {"compiler": self.compiler, "core": self.core}

    @property
    def flags(self) -> str:
        """The C++ flags, without the one that names the folder which this was asked in."""
        flags = self.properties.get("compiler.cpp.flags", self.properties.get("build.flags", ""))
        return re.sub(r'\s*"?-ffile-prefix-map=[^\s"]*"?', "", flags)

    @property
    def core(self) -> str:
        """Name and version of the core."""
        fqbn = self.properties.get("build.fqbn", "")
        return f"{':'.join(fqbn.split(':')[:2])} {self.properties.get('version', '')}".strip()


class Arduino:
    """arduino-cli in a workplace. Compiles each case once: builds are kept by the digest of all they depend on."""

    def __init__(self, workplace: Workplace) -> None:
        self._cli = find_arduino_cli()
        self._workplace = workplace
        self._tools: dict[str, Tools] = {}

    @property
    def version(self) -> str:
        """Version of arduino-cli."""
        return self._cli.version

    def compile(self, sketch: Sketch, board: Board, options: Options) -> Build:
        """Compile ``sketch``, or return the kept build of the same.

        Raises ``DoesNotFitError`` where a memory overflows and ``ToolFailedError`` where the compiler does not
        accept the sketch, with the place of its whole output.
        """
        board = _with_ctags(board)
        tools = self.tools_of(board)
        lane = self._lane_key(board, options, tools)
        key = hashlib.sha256(f"{lane} {sketch.digest}".encode()).hexdigest()[:16]
        kept = _kept(key)
        if kept is not None:
            return kept
        lane_folder = paths.cache() / "lanes" / lane
        try:
            lane_folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(lane_folder / "lock"):
                return _kept(key) or self._compile_in(
                    lane_folder, key, sketch=sketch, board=board, options=options, tools=tools
                )
        except OSError as error:
            msg = f"the build cache {paths.cache()} cannot be written: {error.strerror or error}"
            raise McuprofError(msg) from error

    def _lane_key(self, board: Board, options: Options, tools: Tools) -> str:
        """Name what builds share that differ in the sketch alone: core and library are compiled once for each."""
        return digest_of(
            {
                "board": board.digest,
                "platform": self._workplace.digest,
                "arduino-cli": self._cli.version,
                "compiler": tools.compiler,
                "core": tools.core,
                "core files": self._workplace.core_stamp(board.core_id),
                "libraries": " ".join(
                    [f"{p} {cores.stamp(p)}" for p in self._workplace.libraries(board)]
                    + [f"{p} {cores.stamp_of_libraries(p)}" for p in options.libraries]
                ),
                "library": f"{options.library} {options.library_digest}",
                "optimization": options.optimization or "",
                "defines": " ".join(options.defines),
                "properties": json.dumps(board.build_properties),
            }
        )

    def _compile_in(
        self, lane: Path, key: str, *, sketch: Sketch, board: Board, options: Options, tools: Tools
    ) -> Build:
        # The sketch always lies at the same place, or arduino-cli would compile core and library again.
        folder = sketch.write(lane / NAME)
        words = ["compile", "--fqbn", board.fqbn, "--build-path", str(lane / "build"), "--warnings", "none"]
        for name, value in _properties(board, options).items():
            words += ["--build-property", f"{name}={value}"]
        for library in [*([options.library] if options.library else []), *self._workplace.libraries(board)]:
            words += ["--library", str(library)]
        for folder_of_libraries in options.libraries:
            words += ["--libraries", str(folder_of_libraries)]
        # A build that was cut off may leave half an object file that looks up to date.
        unfinished = lane / "unfinished"
        if unfinished.exists():
            shutil.rmtree(lane / "build", ignore_errors=True)
        unfinished.touch()
        done = self._call([*words, str(folder)], timeout=_COMPILE_TIMEOUT_S)
        unfinished.unlink()
        answer = _answer(done)
        result = answer.get("builder_result") or {}
        if not answer.get("success"):
            raise _compile_error(answer, board, paths.cache() / "logs" / f"compile-{key}.log")
        sizes = {s["name"]: int(s["size"]) for s in result.get("executable_sections_size") or []}
        if "text" not in sizes:
            msg = f"arduino-cli gave no size for {board.fqbn}: the core has no size recipe"
            raise ToolFailedError(msg)
        return _keep(
            lane / "build",
            key,
            {
                "sketch": sketch.digest,
                "build_path": str(lane / "build"),
                "program_bytes": sizes["text"],
                "data_bytes": sizes.get("data"),
                "seconds": round(done.seconds, 3),
                "provenance": {
                    "arduino_cli": self._cli.version,
                    **tools.provenance(),
                    "optimization": options.optimization or "the core's own",
                    "flags": " ".join(
                        [tools.flags, _properties(board, options).get("compiler.cpp.extra_flags", "")]
                    ).strip(),
                    "build_properties": json.dumps(_properties(board, options)),
                },
            },
        )

    def compile_command(self, board: Board, folder: Path, libraries: Path | None) -> list[str]:
        """Return the words of the command that builds a sketch folder by hand, with the libraries of a folder."""
        words = [str(self._cli.path), "--config-file", str(self._workplace.config), "compile", "--fqbn", board.fqbn]
        words += ["--libraries", str(libraries)] if libraries is not None else []
        for name, value in _with_ctags(board).build_properties.items():
            words += ["--build-property", f"{name}={value}"]
        return [*words, str(folder)]

    def upload(self, build: Build, board: Board, port: str) -> None:
        """Write a build to the board at ``port`` by the platform's own upload tool; raises ``RigError``."""
        words = ["upload", "--fqbn", board.fqbn, "--port", port, "--input-dir", str(build.folder)]
        words += ["--upload-property", f"upload.python={sys.executable}"]
        for name, value in _upload_properties(board).items():
            words += ["--upload-property", f"{name}={value}"]
        if board.is_virtual:
            words += ["--discovery-timeout", "1ms"]  # no discovery finds a virtual port: waiting is of no use
        done = self._call(words, timeout=board.upload.seconds)
        if done.returncode != 0:
            said = [line.strip() for line in _uploader_output(done).splitlines() if line.strip()]
            msg = f"the upload to {port} failed: {said[-1] if said else 'the tool said nothing'}"
            raise RigError(msg)

    def _call(self, words: list[str], timeout: float) -> cmd.Completed:
        argv = [str(self._cli.path), "--config-file", str(self._workplace.config), "--json", "--no-color", *words]
        # arduino-cli and its upload tools must not take settings of the user's own from the environment.
        env = {k: v for k, v in os.environ.items() if not k.startswith("ARDUINO_")}
        env["LC_ALL"] = env["LANG"] = "C"  # what they say is read here, and they speak the user's language
        return cmd.run(argv, env=env, timeout=timeout, check=False)

    def tools_of(self, board: Board) -> Tools:
        """Return what arduino-cli builds for a board with; raises ``MissingError`` where core or compiler is."""
        key = f"{board.fqbn} {json.dumps(board.build_properties)}"
        if key not in self._tools:
            self._tools[key] = self._ask_tools(board)
        return self._tools[key]

    def _ask_tools(self, board: Board) -> Tools:
        properties = [w for n, v in board.build_properties.items() for w in ("--build-property", f"{n}={v}")]
        with tempfile.TemporaryDirectory(prefix="mcuprof-") as folder:
            sketch = Path(folder) / NAME
            sketch.mkdir()
            (sketch / f"{NAME}.ino").write_text("void setup() {}\nvoid loop() {}\n", encoding="utf-8")
            done = self._call(
                [
                    *("compile", "--fqbn", board.fqbn, "--show-properties", "--build-path", f"{folder}/b"),
                    *properties,
                    str(sketch),
                ],
                timeout=60,
            )
        answer = _answer(done)
        lines = (answer.get("builder_result") or {}).get("build_properties") or []
        if not lines:
            if self._workplace.core(board.core_id) is None:
                raise MissingError(missing_core(board))
            msg = (
                f"the Arduino core {board.core_id} does not know the board {board.name} by the FQBN {board.fqbn}: "
                f"{answer.get('error') or 'arduino-cli says no more'}"
            )
            raise MissingError(msg)
        found = dict(line.partition("=")[::2] for line in lines)
        return Tools(properties=found, compiler=_compiler_version(found))


def _with_ctags(board: Board) -> Board:
    """Return ``board`` with the system's ctags where arduino-cli has none of its own and nobody names another.

    arduino-cli fetches it when it first updates its indexes; a core that was put there by hand is used without.
    """
    name = "tools.ctags.cmd.path"
    system = shutil.which("arduino-ctags")
    if system is None or name in board.build_properties or board.core_id.startswith(f"{cores.OURS}:"):
        return board
    if (cores.data_dir() / "packages" / "builtin" / "tools" / "ctags").is_dir():
        return board
    return msgspec.structs.replace(board, build_properties={**board.build_properties, name: system})


def _upload_properties(board: Board) -> dict[str, str]:
    """Return those of a board's properties that an upload heeds.

    arduino-cli hands no build properties on to the upload tool, and calls the tool's own without ``tools.NAME.``.
    """
    given = board.build_properties
    own = {re.sub(r"^tools\.(?!ctags\.)[^.]+\.", "", name): value for name, value in given.items()}
    return {name: value for name, value in own.items() if name not in given or name.startswith("upload.")}


def _properties(board: Board, options: Options) -> dict[str, str]:
    """Return the build properties; the compiler heeds the last -O it is given, which these hooks come to be."""
    properties = dict(board.build_properties)
    flags = [f"-D{name}" for name in options.defines]
    flags += [f"-{options.optimization}"] if options.optimization else []
    if flags:
        for name in ("compiler.c.extra_flags", "compiler.cpp.extra_flags"):
            properties[name] = " ".join([properties.get(name, ""), *flags]).strip()
    return properties


def _compiler_version(properties: Mapping[str, str]) -> str:
    compiler = properties.get("compiler.path", "") + properties.get("compiler.cpp.cmd", "")
    if not compiler or shutil.which(compiler) is None:
        msg = f"the compiler {compiler or 'of the core'} is not there; `mcuprof doctor` says how to get it"
        raise MissingError(msg)
    return cmd.run([compiler, "--version"], timeout=30).stdout.splitlines()[0]


def _answer(done: cmd.Completed) -> dict[str, Any]:
    try:
        answer = json.loads(done.stdout.strip() or done.stderr)  # it answers a failed upload on standard error
    except ValueError:
        said = (done.stderr or done.stdout).strip().splitlines()
        msg = f"arduino-cli ended with code {done.returncode}: {said[-1] if said else 'it printed nothing'}"
        raise ToolFailedError(msg) from None
    return answer if isinstance(answer, dict) else {}


def _uploader_output(done: cmd.Completed) -> str:
    """Return what the upload tool said last, or else what arduino-cli did."""
    try:
        answer = _answer(done)
    except ToolFailedError as error:
        return error.message
    result = answer.get("output") or answer.get("upload_result") or answer
    found = (result.get("stderr"), result.get("stdout"), answer.get("error"))
    return next((str(text) for text in found if text and str(text).strip()), "")


def _compile_error(answer: Mapping[str, Any], board: Board, log: Path) -> McuprofError:
    output = "\n".join(str(answer.get(key) or "") for key in ("compiler_out", "compiler_err", "error"))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output, encoding="utf-8")
    if "No space left on device" in output:
        msg = (
            f"the disk is full: the build in {paths.cache()} could not be written; MCUPROF_CACHE names another place"
        )
        return McuprofError(msg, log=log)
    overflows = [(region, int(n)) for region, n in _OVERFLOW.findall(output)]
    if overflows:
        name, over = max(overflows, key=lambda pair: pair[1])
        region = (board.linker.memory(name) if board.linker else None) or name
        msg = f"the program is {over:,} bytes larger than the {region} of {board.name}"
        return DoesNotFitError(msg, region=region, over_by=over, log=log)
    for what, size, limit in _USES.findall(output):
        region, over = "FLASH" if what == "Sketch uses" else "RAM", int(size) - int(limit)
        if over > 0:
            msg = f"the program is {over:,} bytes larger than the {region} of {board.name}"
            return DoesNotFitError(msg, region=region, over_by=over, log=log)
    diagnostics = (answer.get("builder_result") or {}).get("diagnostics") or []
    first = next((d for d in diagnostics if d.get("severity") in ("ERROR", "FATAL")), None)
    if first:
        where = f"{Path(first.get('file', '')).name}:{first.get('line', '?')}"
        what = f"{where}: {str(first.get('message', '')).splitlines()[0]}"
    else:
        errors = [line for line in output.splitlines() if "error" in line.lower()]
        what = errors[0].strip() if errors else output.strip()[-200:]
    msg = f"the sketch does not compile for {board.name}: {what} (the compiler's whole output: {log})"
    return ToolFailedError(msg, log=log)


def _kept(key: str) -> Build | None:
    folder = paths.cache() / "builds" / key
    try:
        facts = json.loads((folder / "build.json").read_text(encoding="utf-8"))
        build = Build(folder=folder, key=key, **facts)
    except (OSError, ValueError, TypeError):
        return None
    if not build.elf.is_file():
        return None
    touch(folder)
    return build


def _keep(built: Path, key: str, facts: Mapping[str, object]) -> Build:
    """Copy the products of a build to their place in the cache, whole or not at all."""
    place = paths.cache() / "builds" / key
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    for path in built.glob(f"{NAME}.ino.*"):
        shutil.copy(path, new)
    maps = list(built.glob("*.map"))
    if len(maps) == 1:  # not every core names it after the sketch
        shutil.copy(maps[0], new / f"{NAME}.ino.map")
    (new / "build.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    os.replace(new, place)  # noqa: PTH105 (replaces an empty folder too)
    build = _kept(key)
    if build is None:
        msg = f"the build in {place} vanished while it was written: is the disk full?"
        raise McuprofError(msg)
    return build
