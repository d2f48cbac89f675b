"""The command line: wiring, and the one place that turns an error into an exit code."""

from __future__ import annotations

import errno
import signal
import sys
import traceback
from typing import NoReturn

import click

from harness import __version__, paths
from harness.commands.accuracy import accuracy
from harness.commands.baseline import baseline
from harness.commands.bundle import bundle
from harness.commands.codegen import codegen
from harness.commands.compare import compare
from harness.commands.convert import convert
from harness.commands.inspect import inspect
from harness.commands.log import log
from harness.commands.measure import flash_size, ram_search, run, timing
from harness.commands.profile import profile
from harness.commands.quantize import quantize
from harness.commands.report import export, report
from harness.commands.results import results
from harness.commands.show import boards, clean, doctor, impls, models, setup
from harness.commands.sketch import sketch
from harness.commands.stats import stats
from harness.commands.tune import tune
from harness.errors import McuprofError

_INTERRUPTED = 130  # 128 and the number of the signal, as shells have it
_TERMINATED = 143
_STORAGE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example:  mcuprof run keyword_spotting --board nano33ble-sim",
)
@click.version_option(__version__, prog_name="mcuprof")
def cli() -> None:
    """Profile neural networks on microcontrollers.

    For every way of running a model on a board: how much flash and RAM it takes, how long it starts and runs, and
    whether its answer is right. Boards whose name ends in -sim are virtual and need no hardware.
    """


for command in (
    flash_size,
    ram_search,
    timing,
    run,
    profile,
    accuracy,
    inspect,
    convert,
    quantize,
    report,
    compare,
    baseline,
    results,
    export,
    stats,
    log,
    bundle,
    sketch,
    codegen,
    tune,
    boards,
    models,
    impls,
    doctor,
    setup,
    clean,
):
    cli.add_command(command)


class _Terminated(BaseException):
    """The process was asked to end; raised so that everything is released on the way out."""


def _on_sigterm(number: int, frame: object) -> NoReturn:
    raise _Terminated


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_sigterm)
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        _say("interrupted")
        sys.exit(_INTERRUPTED)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(_INTERRUPTED)
    except _Terminated:
        _say("terminated")
        sys.exit(_TERMINATED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except McuprofError as error:
        _say(f"error: {error.message}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nothing is left to be said
        sys.exit(1)
    except OSError as error:
        ours = str(error.filename or "").startswith((str(paths.cache()), str(paths.home())))
        if error.errno not in _STORAGE_ERRORS and not ours:
            _defect()
        _say(
            f"error: {error.filename or 'a file'} cannot be written: {error.strerror}; make room, or name other "
            "folders with MCUPROF_CACHE, MCUPROF_HOME and --results. What was measured before is saved"
        )
        sys.exit(1)
    except Exception:
        _defect()
    sys.exit(code if isinstance(code, int) else 0)


def _defect() -> NoReturn:
    """Show what went wrong inside, while it is being handled, and exit."""
    traceback.print_exc()
    _say("error: this is a defect of mcuprof; please report it with the lines above")
    sys.exit(1)


def _say(text: str) -> None:
    click.echo(f"mcuprof: {text}", err=True)
