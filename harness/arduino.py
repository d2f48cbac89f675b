"""arduino-cli: compile a sketch, upload a build. One configuration of its own, never the user's."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness import arduino_answers, cmd, cores, oversize, paths, uploads
from harness.boards import Board
from harness.build_properties import Options, compile_properties, with_ctags
from harness.builds import Build, Oversize, keep, kept
from harness.errors import CaseError, DoesNotFitError, MissingError, ToolFailedError
from harness.lanes import Lane, Tools
from harness.platform import Workplace, missing_core
from harness.setup.arduino_cli import find_arduino_cli
from harness.sketch import NAME, Sketch, digest_of

_COMPILE_TIMEOUT_S = 1800


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
        return self._compile_in(self._lane(board, options), sketch)

    def _compile_in(self, lane: Lane, sketch: Sketch) -> Build:
        key = lane.key(sketch)
        build = kept(Build, key)
        if build is not None:
            return build
        with lane.held():
            return kept(Build, key) or keep(Build, lane.build_path, key, self._link(lane, sketch), sketch)

    def compile_any_size(self, sketch: Sketch, board: Board, options: Options) -> Build | Oversize:
        """Compile ``sketch``; what the board has no room for is linked as if it had, for its size.

        Raises ``DoesNotFitError`` where it cannot even be linked so, and else as ``compile``.
        """
        lane = self._lane(board, options)
        larger = lane.oversize()
        found = kept(Oversize, larger.key(sketch))
        if found is not None:
            return found
        try:
            return self._compile_in(lane, sketch)
        except DoesNotFitError as error:
            return self._compile_oversize(lane, larger, sketch, error)

    def _compile_oversize(self, lane: Lane, larger: Lane, sketch: Sketch, first: DoesNotFitError) -> Oversize:
        """Link ``sketch`` in the lane ``larger`` after ``first`` refused it in ``lane``."""
        regions, overflow = dict(first.regions), dict(first.overflow)
        key = larger.key(sketch)
        while True:
            try:
                with lane.held():
                    script = oversize.larger_script(lane.board, lane.tools.properties, lane.build_path, regions)
                with larger.held():
                    found = kept(Oversize, key)  # another process may have linked it meanwhile
                    if found is not None:
                        return found
                    if script is not None:
                        larger.script.write_text(script, encoding="utf-8")
                    facts = self._link(larger, sketch) | {"overflow": overflow}
                    return keep(Oversize, larger.build_path, key, facts, sketch)
            except DoesNotFitError as error:
                # The linker may stop at the first region that is too small; the next one shows when that is larger.
                if set(error.regions) <= set(regions):
                    raise oversize.unmeasured(first, "the linker finds no room for it in larger memories") from error
                regions = {**error.regions, **regions}
                overflow = {**error.overflow, **overflow}
            except CaseError as error:
                raise oversize.unmeasured(first, error.message) from error

    def _lane(self, board: Board, options: Options) -> Lane:
        """Return the lane of builds that differ in the sketch alone."""
        board = with_ctags(board)
        tools = self.tools_of(board)
        name = digest_of(
            {
                "board": f"{board.name} {board.digest}",
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
        return Lane(folder=paths.cache() / "lanes" / name, board=board, options=options, tools=tools)

    def _link(self, lane: Lane, sketch: Sketch) -> dict[str, object]:
        """Compile and link ``sketch`` in a lane that is held, and return the facts of the program."""
        board, given = lane.board, compile_properties(lane.board, lane.options)
        # The sketch always lies at the same place, or arduino-cli would compile core and library again.
        folder = sketch.write(lane.folder / NAME)
        words = ["compile", "--fqbn", board.fqbn, "--build-path", str(lane.build_path), "--warnings", "none"]
        for name, value in given.items():
            words += ["--build-property", f"{name}={value}"]
        own = lane.options.library
        for library in [*([own] if own else []), *self._workplace.libraries(board)]:
            words += ["--library", str(library)]
        for folder_of_libraries in lane.options.libraries:
            words += ["--libraries", str(folder_of_libraries)]
        # A build that was cut off may leave half an object file that looks up to date.
        unfinished = lane.folder / "unfinished"
        if unfinished.exists():
            shutil.rmtree(lane.build_path, ignore_errors=True)
        unfinished.touch()
        done = self._call([*words, str(folder)], timeout=_COMPILE_TIMEOUT_S)
        unfinished.unlink()
        answer = arduino_answers.parse(done)
        if not answer.get("success"):
            log = paths.cache() / "logs" / f"compile-{lane.key(sketch)}.log"
            raise arduino_answers.compile_error(answer, board, log)
        result = answer.get("builder_result") or {}
        sizes = {s["name"]: int(s.get("size", 0)) for s in result.get("executable_sections_size") or []}
        if "text" not in sizes:
            msg = f"arduino-cli gave no size for {board.fqbn}: the core has no size recipe"
            raise ToolFailedError(msg)
        return {
            "sketch": sketch.digest,
            "build_path": str(lane.build_path),
            "program_bytes": sizes["text"],
            "data_bytes": sizes.get("data"),
            "size_recipe": lane.tools.properties.get("recipe.size.regex", ""),
            "seconds": round(done.seconds, 3),
            "provenance": {
                "arduino_cli": self._cli.version,
                **lane.tools.provenance(),
                "optimization": lane.options.optimization or "the core's own",
                "flags": " ".join([lane.tools.flags, given.get("compiler.cpp.extra_flags", "")]).strip(),
                "build_properties": json.dumps(given),
            },
        }

    def compile_command(self, board: Board, options: Options, folder: Path, libraries: Path | None) -> list[str]:
        """Return the words of the command that builds a sketch folder by hand, with the libraries of a folder."""
        words = [str(self._cli.path), "--config-file", str(self._workplace.config), "compile", "--fqbn", board.fqbn]
        words += ["--libraries", str(libraries)] if libraries is not None else []
        for name, value in compile_properties(with_ctags(board), options).items():
            words += ["--build-property", f"{name}={value}"]
        return [*words, str(folder)]

    def upload(self, build: Build, board: Board, port: str) -> None:
        """Write a build to the board at ``port`` by the platform's own upload tool; raises ``RigError``."""
        words = ["upload", "--fqbn", board.fqbn, "--input-dir", str(build.folder)]
        words += ["--port", uploads.port_name(port, board)]
        words += ["--upload-property", f"upload.python={sys.executable}"]
        for name, value in uploads.properties(board).items():
            words += ["--upload-property", f"{name}={value}"]
        if board.is_virtual:
            words += ["--discovery-timeout", "1ms"]  # no discovery finds a virtual port: waiting is of no use
        with uploads.turn(self.tools_of(with_ctags(board)).properties):
            done = self._call(words, timeout=board.upload.seconds)
        if done.returncode != 0:
            raise arduino_answers.upload_error(done, board, port)

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
