"""``bundle``: a run with its programs and logs as one file, for a bug report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from harness.commands.options import JSON, RESULTS
from harness.commands.output import require_absent, write_file
from harness.errors import McuprofError


@click.command("bundle", epilog="Example:  mcuprof bundle --case 'digits · tflm'")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.zip",
    help="File to write (default: mcuprof-RUN.zip).",
)
@click.option("--case", "case", default="", metavar="TEXT", help="Only cases whose name holds TEXT.")
@click.option(
    "--with-model",
    is_flag=True,
    help="Pack your models, and programs and sketches that hold their weights, too.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
@RESULTS
def bundle(
    *,
    run: Path | None,
    path: Path | None,
    case: str,
    with_model: bool,
    force: bool,
    as_json: bool,
    results: Path | None,
) -> int:
    """Pack RUN, a results file or its id, for a bug report; by default the latest run.

    The zip holds the result, the sketches and programs, the logs of the wire, versions, settings and board files.
    Home folders, user and host names are taken out, and models of your own stay out unless --with-model is given.
    """
    from harness import archive, boards, cache, config
    from harness import bundle as bundles
    from harness.privacy import Person
    from harness.store import Store

    settings_file = config.load()
    store = Store(run.parent if run and run.is_file() else results or settings_file.results_folder())
    whole = store.find(run)
    found = bundles.of_cases(whole, case)
    path = path or Path(f"mcuprof-{re.sub(r'[^A-Za-z0-9_.-]+', '_', whole.id)}.zip")
    require_absent(path, force=force)
    with cache.in_use():
        packed = bundles.collect(
            bundles.Sources(
                run=found,
                wire=store.wire_folder(whole),
                settings_file=settings_file.root / config.FILE,
                board_files=boards.files(settings_file.path("boards")),
                checks=_checks(),
                with_models=with_model,
                person=Person.here(),
            )
        )
    content = archive.packed(packed.files)
    write_file(path, content)
    if as_json:
        facts = {"path": str(path), "bytes": len(content), "files": sorted(packed.files), "missing": packed.missing}
        click.echo(json.dumps({"schema": 1, "bundle": facts}, indent=1))
        return 0
    for text in packed.missing:
        click.echo(f"left out: {text}")
    click.echo(
        f"bundle: {path}, {len(packed.files)} files, {len(content):,} bytes; look through it before you send it"
    )
    return 0


def _checks() -> list[dict[str, Any]]:
    """Return what ``doctor`` tells; a check that fails is told, for that may be the very thing to report."""
    from harness.commands.show import check_rows
    from harness.setup import checks

    try:
        return check_rows(checks())
    except McuprofError as error:
        return [{"tool": "doctor", "there": "NO", "what to do": error.message}]
