"""Serial ports in memory, with boards that are plugged in and out, on lines that spoil what they carry: for tests.

``FakeBus.devices`` and ``FakeBus.open`` stand in for ``harness.serial_port``. Time is a ``FakeTimer``'s, so nothing
here waits.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.errors import PortGoneError, RigError
from harness.fake import FakeBoard
from harness.patience import FakeTimer
from harness.serial_port import Device

_POLL_S = 0.02


@dataclass(kw_only=True)
class Noise:
    """What a line does to each byte, either way, by chance."""

    drop: float = 0.0
    flip: float = 0.0
    double: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def spoil(self, data: bytes) -> bytes:
        """Return what is left of ``data``."""
        if not (self.drop or self.flip or self.double):
            return data
        out = bytearray()
        for byte in data:
            if self._random.random() < self.drop:
                continue
            flipped = byte ^ (1 << self._random.randrange(8)) if self._random.random() < self.flip else byte
            out += bytes([flipped]) * (2 if self._random.random() < self.double else 1)
        return bytes(out)


@dataclass(kw_only=True)
class Plug:
    """A board on the bus."""

    board: FakeBoard
    device: Device
    noise: Noise = field(default_factory=Noise)
    on_request: Callable[[Plug, str], None] = lambda plug, request: None
    """Called after each request that the board has carried out."""
    back_at: float = 0.0
    """The board is not there before this time."""
    on_open: Callable[[Plug], None] = lambda plug: None
    deaf_until: float = 0.0
    """What is sent before this time is lost: a bootloader does not know it."""
    kept_awake_s: float = 0.0
    """How much longer the bootloader listens after something that was sent to it."""
    busy_until: float = 0.0
    """Up to this time another program holds the port."""
    cut_after: int | None = None
    """The board is pulled out after it has sent so many more bytes."""
    comes_back_s: float = 1.0
    """How long it is away after that."""
    drops: Callable[[bytes], bool] = lambda data: False
    """Whether the link goes in place of carrying this to the board, which stays as it is."""
    generation: int = 0

    def pull(self, timer: FakeTimer, seconds: float, path: str | None = None) -> None:
        """Pull the board out and plug it in again after ``seconds``, at another path where one is named."""
        self.generation += 1
        self.back_at = timer.now() + seconds
        self.device = replace(self.device, path=path or self.device.path)
        self.cut_after = None
        self.board.restart()


class FakeBus:
    """All serial ports of a machine."""

    def __init__(self, *plugs: Plug) -> None:
        self.timer = FakeTimer()
        self.plugs = list(plugs)

    def devices(self) -> list[Device]:
        """Return the ports that are there now."""
        return [plug.device for plug in self.plugs if self.timer.now() >= plug.back_at]

    def open(self, path: str, baud: int) -> FakeLine:
        """Open a port; raises ``RigError`` as ``SerialPort`` does."""
        del baud
        for plug in self.plugs:
            if plug.device.path == path and plug.device in self.devices():
                if self.timer.now() < plug.busy_until:
                    msg = f"the port {path} is in use by another program"
                    raise RigError(msg)
                plug.on_open(plug)
                return FakeLine(plug, self.timer)
        msg = f"the port {path} is not there"
        raise RigError(msg)


class FakeLine:
    """A ``harness.session.Port``: the way to the board of a plug while it is not pulled out."""

    def __init__(self, plug: Plug, timer: FakeTimer) -> None:
        self._plug = plug
        self._timer = timer
        self._generation = plug.generation

    def read(self) -> bytes:
        """Return what has arrived; a moment passes where that is nothing."""
        self._require()
        plug = self._plug
        data = plug.noise.spoil(plug.board.take())
        if plug.cut_after is not None:
            data, plug.cut_after = data[: plug.cut_after], max(0, plug.cut_after - len(data))
            if not plug.cut_after:
                plug.pull(self._timer, plug.comes_back_s)
        if not data:
            self._timer.sleep(_POLL_S)
        return data

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._require()
        if self._plug.drops(data):
            self._plug.generation += 1
            return
        if self._timer.now() < self._plug.deaf_until:
            self._plug.deaf_until = max(self._plug.deaf_until, self._timer.now() + self._plug.kept_awake_s)
            return
        before = len(self._plug.board.requests)
        self._plug.board.write(self._plug.noise.spoil(data))
        for request in self._plug.board.requests[before:]:
            self._plug.on_request(self._plug, request)

    def close(self) -> None:
        """Do nothing: another may be opened."""

    def _require(self) -> None:
        if self._generation != self._plug.generation:
            msg = f"the port {self._plug.device.path} vanished"
            raise PortGoneError(msg)
