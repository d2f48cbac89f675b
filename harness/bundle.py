"""A run with all that belongs to it, for a bug report: nothing of the user's own that is not asked for."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import __version__, boards, models, paths
from harness.builds import SKETCH
from harness.errors import UsageError
from harness.privacy import Person
from harness.sketch import NAME
from harness.store import Run, document
from harness.types import Measurement
from harness.wire_log import file_name

_BUILD_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(kw_only=True)
class Bundle:
    """What is packed, by its name in the zip, and what could not be."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    """What is not there and why, each in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the parts of a bundle are taken from."""

    run: Run
    """With the measurements of the chosen cases alone."""
    wire: Path
    settings_file: Path
    board_files: Mapping[str, Path]
    checks: Sequence[Mapping[str, Any]]
    """What ``mcuprof doctor --json`` tells."""
    with_models: bool
    person: Person


def of_cases(run: Run, text: str) -> Run:
    """Return the run with those cases alone whose name holds ``text``; raises ``UsageError`` where there is none."""
    found = [m for m in run.measurements if text.lower() in case_name(m).lower()]
    if not found:
        titles = ", ".join(dict.fromkeys(map(case_name, run.measurements))) or "none at all"
        msg = f"no case of run {run.id} has {text!r} in its name; there are: {titles}"
        raise UsageError(msg)
    return replace(run, measurements=found)


def case_name(measurement: Measurement) -> str:
    """Return the name of a measurement's case, as the logs of the wire are headed."""
    return f"{measurement.model} · {measurement.implementation} · {measurement.board}"


def collect(sources: Sources) -> Bundle:
    """Read everything that belongs to a run, with nothing in it that tells of a person."""
    bundle, person = Bundle(), sources.person
    bundle.files["result.json"] = _json(person.out_of_json(document(sources.run)))
    bundle.files["doctor.json"] = _json(person.out_of_json({"schema": 1, "checks": list(sources.checks)}))
    bundle.files["versions.json"] = _json(_versions())
    if sources.settings_file.is_file():
        text = sources.settings_file.read_text(encoding="utf-8", errors="replace")
        bundle.files["mcuprof.toml"] = person.out_of_text(text).encode()
    _add_boards(bundle, sources)
    _add_wire(bundle, sources)
    _add_builds(bundle, sources)
    _add_models(bundle, sources)
    bundle.files["README.txt"] = person.out_of_text(_readme(bundle, sources)).encode()
    return bundle


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def _versions() -> dict[str, Any]:
    try:
        required = importlib.metadata.requires("mcuprof") or []
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
        required = []
    names = sorted({re.split(r"[^\w.-]", line)[0] for line in required})
    return {
        "mcuprof": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: version for name in names if (version := _version(name)) is not None},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _add_boards(bundle: Bundle, sources: Sources) -> None:
    digests = {m.board: m.provenance.get("board_digest") for m in sources.run.measurements}
    for name, digest in digests.items():
        path = sources.board_files.get(name)
        content = _read(path) if path else None
        if path is None or content is None:
            bundle.missing.append(f"the board file of {name}: it is not there")
            continue
        bundle.files[f"boards/{path.name}"] = sources.person.out_of_text(content.decode(errors="replace")).encode()
        # Build properties of mcuprof.toml change the digest too, so a difference is no more than a hint.
        if boards.load_file(path).digest != digest:
            bundle.missing.append(f"boards/{path.name} as it was: it, or its settings in mcuprof.toml, differ now")


def _add_wire(bundle: Bundle, sources: Sources) -> None:
    kept = sorted(path for path in sources.wire.glob("*") if path.is_file())
    for name in dict.fromkeys(file_name(case_name(m)) for m in sources.run.measurements):
        logs = [path for path in kept if path.name.startswith(name)]
        for path in logs:
            text = path.read_text(encoding="utf-8", errors="replace")
            bundle.files[f"wire/{path.name}"] = sources.person.out_of_text(text).encode()
        if not logs:
            bundle.missing.append(f"wire/{name}: no board was spoken to, or the folder {sources.wire.name} is gone")


def _add_builds(bundle: Bundle, sources: Sources) -> None:
    """Add the program of each case: not its weights where the model is the user's own."""
    cases: dict[str, Measurement] = {}
    for m in sources.run.measurements:
        if case_name(m) not in cases or m.provenance.get("build"):
            cases[case_name(m)] = m
    for m in cases.values():
        place = "builds/" + file_name(case_name(m)).removesuffix(".log")
        key = str(m.provenance.get("build", ""))
        folder = paths.cache() / "builds" / key
        if not key:
            bundle.missing.append(f"{place}: there was no build")
        elif not _BUILD_KEY.fullmatch(key) or not folder.is_dir():
            bundle.missing.append(f"{place}: the build is no longer in the cache (`mcuprof clean` drops old ones)")
        else:
            with_weights = sources.with_models or _is_bundled(m)
            if not with_weights:
                why = "they are your own, and hold the model's weights; --with-model packs them"
                bundle.missing.append(f"{place}, program and sketch: {why}")
            _add_build(bundle, folder, place, sources.person, with_weights=with_weights)


def _add_build(bundle: Bundle, folder: Path, place: str, person: Person, *, with_weights: bool) -> None:
    names = ("build.json", f"{NAME}.ino.map")
    texts = _texts(folder, names)
    for name, content in texts.items():
        bundle.files[f"{place}/{name}"] = person.out_of_paths(content).encode()
    bundle.missing += [f"{place}/{name}: the build has none" for name in names if name not in texts]
    if not with_weights:
        return
    program = _read(folder / f"{NAME}.ino.elf")
    if program is not None:
        bundle.files[f"{place}/{NAME}.ino.elf"] = person.out_of_binary(program)
    sketch = folder / SKETCH
    for name, content in _texts(sketch, sorted(p.name for p in sketch.glob("*"))).items():
        bundle.files[f"{place}/{NAME}/{name}"] = person.out_of_paths(content).encode()
    if not sketch.is_dir():
        bundle.missing.append(f"{place}, its sketch: an older mcuprof built it; `mcuprof clean --all` and run again")


def _texts(folder: Path, names: Sequence[str]) -> dict[str, str]:
    found = ((name, _read(folder / name)) for name in names)
    return {name: content.decode(errors="replace") for name, content in found if content is not None}


def _add_models(bundle: Bundle, sources: Sources) -> None:
    """Add the models where they are asked for; those that come with mcuprof need not be sent."""
    for m in {m.model: m for m in sources.run.measurements}.values():
        if _is_bundled(m) or not m.provenance.get("model_sha256"):
            continue
        if not sources.with_models:
            bundle.missing.append(f"the model {m.model}: a model is private unless --with-model is given")
            continue
        content = next(filter(None, (_same_model(path, m) for path in _model_paths(sources.run, m.model))), None)
        if content is None:
            bundle.missing.append(f"the model {m.model}: its file is gone or has changed since")
        else:
            name = file_name(m.model).removesuffix(".log")
            bundle.files[f"models/{name}.tflite"] = content


def _is_bundled(measurement: Measurement) -> bool:
    path = models.bundled().get(measurement.model)
    return path is not None and _same_model(path, measurement) is not None


def _model_paths(run: Run, name: str) -> list[Path]:
    named = run.plan.get("models")
    return [Path(str(path)) for path in named if Path(str(path)).stem == name] if isinstance(named, list) else []


def _same_model(path: Path, measurement: Measurement) -> bytes | None:
    """Return what is in a model's file, where it is what was measured."""
    content = _read(path)
    same = content is not None and hashlib.sha256(content).hexdigest() == measurement.provenance.get("model_sha256")
    return content if same else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _readme(bundle: Bundle, sources: Sources) -> str:
    run = sources.run
    lines = [
        f"Run {run.id} of mcuprof {run.host.get('mcuprof', '?')}, packed by mcuprof {__version__} for a bug report.",
        "",
        "Home folders are written ~, the user's name USER, the machine's HOST, also within the paths of programs.",
        "Look through the rest before you send it: the logs of the wire hold the inputs and outputs of the network,",
        "and names of models, boards and folders are as they were.",
        "",
        "What is here:",
        *(f"  {name} ({len(content):,} bytes)" for name, content in sorted(bundle.files.items())),
    ]
    if bundle.missing:
        lines += ["", "What is not here, and why:", *(f"  {text}" for text in bundle.missing)]
    return "\n".join(lines) + "\n"
