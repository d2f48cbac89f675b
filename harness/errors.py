"""Every error that a user can meet, with its exit code.

A message says what failed, the likely cause, and the next step. Two families:

* ``McuprofError`` and its plain subclasses end the command.
* ``CaseError`` subclasses end one case of a run: its measurements take the error's status and message,
  and the run goes on.
"""

from __future__ import annotations

from harness.types import Status


class McuprofError(Exception):
    """An error to show to the user as one message, without a traceback."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UsageError(McuprofError):
    """The command was used in a wrong way: bad argument, file or configuration."""

    exit_code = 2


class MissingError(McuprofError):
    """A tool, a board or a library is not there."""

    exit_code = 3


class CaseError(McuprofError):
    """One case has no value; the message is the reason that every table shows."""

    status = Status.TOOL_FAILED


class UnsupportedError(CaseError):
    """The implementation cannot run this model (an answer, not a failure)."""

    status = Status.UNSUPPORTED


class DoesNotFitError(CaseError):
    """The program or its data is larger than the board (an answer, not a failure)."""

    status = Status.DOES_NOT_FIT

    def __init__(self, message: str, *, region: str, over_by: int | None, at_least: bool = False) -> None:
        super().__init__(message)
        self.region = region
        """``FLASH`` or ``RAM``."""
        self.over_by = over_by
        """Bytes that are missing, where that is known."""
        self.at_least = at_least
        """Whether more than that may be missing."""


class WrongOutputError(CaseError):
    """The board's output differs from the reference interpreter's."""

    status = Status.WRONG_OUTPUT


class HungError(CaseError):
    """The board began a request and did not finish it within its deadline."""

    status = Status.HUNG


class CrashedError(CaseError):
    """The board reported a fault, or reset by itself."""

    status = Status.CRASHED


class ToolFailedError(CaseError):
    """A tool (compiler, uploader) failed on this case."""

    status = Status.TOOL_FAILED


class RigError(CaseError):
    """The port, the upload or the virtual machine failed: no statement about the model is possible."""

    status = Status.RIG_FAILED


class PortGoneError(RigError):
    """The port was there and is no longer: a cable, or a board that has reset and attaches itself anew."""
