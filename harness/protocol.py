"""The device's lines → events, and requests → lines. Pure: no port, no clock.

The device side is ``sketch_templates/common/wire.h``, where the form of the lines is written down.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_MAX_LINE = 1024  # longer than any line of the protocol: what is longer is noise, and is not kept
_MAX_FAULT = 300
_ANSWER = re.compile(rb"@(\d{1,10}) (\S{1,8}) (start|done |fail |damaged)(.*)", re.DOTALL)
_CHECKED = re.compile(rb"(.*) \*([0-9a-f]{4})", re.DOTALL)


class Kind(Enum):
    """What an answer says of its request."""

    START = "start"
    DONE = "done"
    FAIL = "fail"
    DAMAGED = "damaged"
    """The device could not read the request."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole line of the protocol."""

    sequence: int
    nonce: str
    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """A line that began or ended like one of the protocol and is not whole."""

    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a crash handler of the board says before it resets."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Text:
    """Any other line: what a library printed, or noise."""

    text: str


Event = Answer | Damaged | Fault | Text


def crc16(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE of ``data`` (polynomial 0x1021, initial value 0xFFFF)."""
    return binascii.crc_hqx(data, 0xFFFF)


def encode(nonce: str, verb: str, *arguments: object) -> bytes:
    """Return the line of a request."""
    body = " ".join([f"?{nonce}", verb, *map(str, arguments)]).encode("ascii")
    return body + b" *%04x\n" % crc16(body)


def fields(text: str) -> dict[str, list[str]]:
    """Return the ``key=value`` words of an answer; a key may occur more than once."""
    found: dict[str, list[str]] = {}
    for word in text.split():
        key, separator, value = word.partition("=")
        if separator:
            found.setdefault(key, []).append(value)
    return found


def parse_line(line: bytes) -> Event:
    """Return what one line, without its end, says."""
    fault = line.find(b"!fault ")
    if fault >= 0:
        return Fault(text=_printable(line[fault + len(b"!fault ") : fault + _MAX_FAULT]))
    at = line.find(b"@")
    checked = _CHECKED.fullmatch(line[at:]) if at >= 0 else None
    if checked and int(checked[2], 16) == crc16(checked[1]):
        answer = _ANSWER.fullmatch(checked[1])
        if answer:
            return Answer(
                sequence=int(answer[1]),
                nonce=answer[2].decode("ascii", "replace"),
                kind=Kind(answer[3].decode().strip()),
                text=answer[4].decode("ascii", "replace"),
            )
    if at >= 0 or re.search(rb" \*[0-9a-f]{4}$", line):
        return Damaged(raw=line)
    return Text(text=_printable(line))


def _printable(raw: bytes) -> str:
    return "".join(c if " " <= c <= "~" else "." for c in raw.decode("latin-1")).strip()


class LineReader:
    """Bytes as they arrive → events. Keeps at most one line of bounded length."""

    def __init__(self) -> None:
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take bytes in and yield the events of the lines that they complete."""
        for piece in re.split(rb"(?<=\n)", data):
            if not piece:
                continue
            self._rest += piece
            if piece.endswith(b"\n"):
                line, self._rest = self._rest.strip(b"\r\n"), b""
                overlong, self._overlong = self._overlong, False
                if overlong:
                    yield Damaged(raw=line[-80:])
                elif line:
                    yield parse_line(line)
            elif len(self._rest) > _MAX_LINE:
                self._rest, self._overlong = self._rest[-80:], True
