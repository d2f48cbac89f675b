"""Settings from ``mcuprof.toml`` and the environment; a flag of the command line goes before both."""

from __future__ import annotations

import difflib
import os
import re
import sys
from pathlib import Path

import msgspec

from harness import paths
from harness.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "mcuprof.toml"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of ``mcuprof.toml``. Paths are relative to the file."""

    board: str | None = None
    """Board to use where none is named."""
    boards: str | None = None
    """Folder with board files of one's own."""
    results: str | None = None
    sketchbook: str | None = None
    tflm_library: str | None = None
    optimization: str | None = None
    cache_limit_mb: int = 4096
    root: str = ""

    def path(self, key: str) -> Path | None:
        """Return a path that the file names, or None."""
        value: str | None = getattr(self, key)
        return Path(self.root) / paths.expand(value) if value else None

    def results_folder(self) -> Path:
        """Return where runs are kept: ``MCUPROF_RESULTS``, the file's, or ``results`` beside the work."""
        value = os.environ.get("MCUPROF_RESULTS")
        if value:
            return paths.expand(value)
        return self.path("results") or (paths.checkout() or Path.cwd()) / "results"


def load(folder: Path | None = None) -> Config:
    """Read the ``mcuprof.toml`` of ``folder``, or the working directory; all defaults where there is none."""
    path = (folder or Path.cwd()) / FILE
    if not path.is_file():
        return Config(root=str(path.parent))
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"{path} cannot be read: {error}"
        raise UsageError(msg) from error
    if "root" in table:
        msg = f"{path}: unknown key 'root'"
        raise UsageError(msg)
    try:
        config = msgspec.convert(table, Config, strict=True)
    except msgspec.ValidationError as error:
        msg = f"{path}: {_explain(str(error))}"
        raise UsageError(msg) from error
    if config.optimization not in (None, "O2", "Os", "O3"):
        msg = f"{path}: optimization is {config.optimization!r}; it may be O2, Os or O3"
        raise UsageError(msg)
    if config.cache_limit_mb < 0:
        msg = f"{path}: cache_limit_mb is {config.cache_limit_mb}; it may not be below 0"
        raise UsageError(msg)
    return msgspec.structs.replace(config, root=str(path.parent))


def _explain(message: str) -> str:
    unknown = re.search(r"unknown field `(.*?)`", message)
    if not unknown:
        return message.replace("`$.", "`")
    near = difflib.get_close_matches(unknown[1], Config.__struct_fields__, n=1)
    return f"unknown key {unknown[1]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
