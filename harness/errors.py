"""Every error that a user can meet, with its exit code.

A message says what failed, the likely cause, and the next step. Two families:

* ``McuprofError`` and its plain subclasses end the command.
* ``CaseError`` subclasses end one case of a run: its measurements take the error's status and message,
  and the run goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.types import Json, Status

REGRESSION = 4
"""Exit code of a comparison that a gate fails, and of a case that is over its budget: no error, but an answer."""


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

    def __init__(
        self,
        message: str,
        *,
        overflow: Mapping[str, int | None],
        regions: Mapping[str, int] | None = None,
        at_least: bool = False,
    ) -> None:
        super().__init__(message)
        self.overflow = overflow
        """Memories that are too small, ``FLASH`` and ``RAM``, with the bytes that are missing or, unknown, None."""
        self.regions = regions or {}
        """The same by the linker script's own names; empty where the linker found room for everything."""
        self.at_least = at_least
        """Whether more than that may be missing."""

    @property
    def region(self) -> str:
        """The memory of which most is missing."""
        return max(self.overflow, key=lambda memory: self.overflow[memory] or 0)

    @property
    def over_by(self) -> int | None:
        """How many bytes of it are missing."""
        return self.overflow[self.region]

    def details(self) -> dict[str, Json]:
        """Return what a result says of it."""
        return {"region": self.region, "over_by_at_least_bytes" if self.at_least else "over_by_bytes": self.over_by}


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


class NoUploadToolError(RigError):
    """The program that uploads is not there: to try again is of no use."""


class PortGoneError(RigError):
    """The port was there and is no longer: a cable, or a board that has reset and attaches itself anew."""
