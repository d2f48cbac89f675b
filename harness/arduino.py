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

import filelock

from harness import arduino_answers, cmd, cores, paths
from harness.boards import Board
from harness.build_properties import Options, compile_properties, upload_properties, with_ctags
from harness.builds import Build, keep, kept
from harness.errors import McuprofError, MissingError, RigError, ToolFailedError
from harness.platform import Workplace, missing_core
from harness.setup.arduino_cli import find_arduino_cli
from harness.sketch import NAME, Sketch, digest_of

_COMPILE_TIMEOUT_S = 1800


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
        board = with_ctags(board)
        tools = self.tools_of(board)
        lane = self._lane_key(board, options, tools)
        key = hashlib.sha256(f"{lane} {sketch.digest}".encode()).hexdigest()[:16]
        build = kept(key)
        if build is not None:
            return build
        lane_folder = paths.cache() / "lanes" / lane
        try:
            lane_folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(lane_folder / "lock"):
                return kept(key) or self._compile_in(
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
                "libraries": " ".join(f"{p} {cores.stamp(p)}" for p in self._workplace.libraries(board)),
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
        for name, value in compile_properties(board, options).items():
            words += ["--build-property", f"{name}={value}"]
        for library in [*([options.library] if options.library else []), *self._workplace.libraries(board)]:
            words += ["--library", str(library)]
        # A build that was cut off may leave half an object file that looks up to date.
        unfinished = lane / "unfinished"
        if unfinished.exists():
            shutil.rmtree(lane / "build", ignore_errors=True)
        unfinished.touch()
        done = self._call([*words, str(folder)], timeout=_COMPILE_TIMEOUT_S)
        unfinished.unlink()
        answer = arduino_answers.parse(done)
        result = answer.get("builder_result") or {}
        if not answer.get("success"):
            raise arduino_answers.compile_error(answer, board, paths.cache() / "logs" / f"compile-{key}.log")
        sizes = {s["name"]: int(s["size"]) for s in result.get("executable_sections_size") or []}
        if "text" not in sizes:
            msg = f"arduino-cli gave no size for {board.fqbn}: the core has no size recipe"
            raise ToolFailedError(msg)
        return keep(
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
                        [tools.flags, compile_properties(board, options).get("compiler.cpp.extra_flags", "")]
                    ).strip(),
                    "build_properties": json.dumps(compile_properties(board, options)),
                },
            },
        )

    def compile_command(self, board: Board, folder: Path, libraries: Path | None) -> list[str]:
        """Return the words of the command that builds a sketch folder by hand, with the libraries of a folder."""
        words = [str(self._cli.path), "--config-file", str(self._workplace.config), "compile", "--fqbn", board.fqbn]
        words += ["--libraries", str(libraries)] if libraries is not None else []
        for name, value in with_ctags(board).build_properties.items():
            words += ["--build-property", f"{name}={value}"]
        return [*words, str(folder)]

    def upload(self, build: Build, board: Board, port: str) -> None:
        """Write a build to the board at ``port`` by the platform's own upload tool; raises ``RigError``."""
        words = ["upload", "--fqbn", board.fqbn, "--port", port, "--input-dir", str(build.folder)]
        words += ["--upload-property", f"upload.python={sys.executable}"]
        for name, value in upload_properties(board).items():
            words += ["--upload-property", f"{name}={value}"]
        if board.is_virtual:
            words += ["--discovery-timeout", "1ms"]  # no discovery finds a virtual port: waiting is of no use
        done = self._call(words, timeout=board.upload.seconds)
        if done.returncode != 0:
            said = [line.strip() for line in arduino_answers.uploader_output(done).splitlines() if line.strip()]
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
        answer = arduino_answers.parse(done)
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


def _compiler_version(properties: Mapping[str, str]) -> str:
    compiler = properties.get("compiler.path", "") + properties.get("compiler.cpp.cmd", "")
    if not compiler or shutil.which(compiler) is None:
        msg = f"the compiler {compiler or 'of the core'} is not there; `mcuprof doctor` says how to get it"
        raise MissingError(msg)
    return cmd.run([compiler, "--version"], timeout=30).stdout.splitlines()[0]
