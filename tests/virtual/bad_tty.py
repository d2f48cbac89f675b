"""A tty in front of another one, which spoils what it carries, goes away and comes back: a board on a bad cable."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import tty
from pathlib import Path

from harness.fake_bus import Noise

_CHUNK = 4096


class BadTty:
    """``folder/tty``, with the board at ``inner`` behind it; uploads go past it, to the board's own socket.

    ``on_bytes`` is called in the relay's thread with what the host has sent so far, and may let the port go away.
    """

    def __init__(self, folder: Path, inner: Path, noise: Noise | None = None, on_bytes=lambda tty, seen: None):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "tty"
        (folder / "control").symlink_to(inner.parent / "control")
        self._noise = noise or Noise()
        self._on_bytes = on_bytes
        self._seen = b""
        self._inner = os.open(inner, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._master: int | None = None
        self.comings = 0
        self.appear()
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def appear(self):
        """Be there, as a new pseudo-terminal at the same path."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        self._slave = slave
        new = self.path.with_suffix(".new")
        new.symlink_to(os.ttyname(slave))
        new.replace(self.path)
        self.comings += 1

    def vanish(self, seconds=None):
        """Go away, for good or for some seconds."""
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)
        self._master = None
        if seconds is not None:
            threading.Timer(seconds, self._come_back).start()

    def _come_back(self):
        self.appear()
        os.write(self._wake[1], b"!")

    def close(self):
        os.write(self._wake[1], b"x")
        self._thread.join(5)
        with contextlib.suppress(OSError):
            if self._master is not None:
                self.vanish()
        for descriptor in (self._inner, *self._wake):
            os.close(descriptor)

    def _run(self):
        while True:
            with selectors.DefaultSelector() as selector:
                for source in (self._wake[0], self._inner, self._master):
                    if source is not None:
                        selector.register(source, selectors.EVENT_READ)
                ready = [key.fileobj for key, _ in selector.select()]
            if self._wake[0] in ready and os.read(self._wake[0], 1) == b"x":
                return
            if self._inner in ready:
                self._move(self._inner, self._master)
            if self._master is not None and self._master in ready:
                self._seen += self._move(self._master, self._inner)
                self._on_bytes(self, self._seen)

    def _move(self, source, target):
        try:
            data = os.read(source, _CHUNK)
        except OSError:
            return b""
        spoiled = self._noise.spoil(data)
        while spoiled and target is not None:
            with contextlib.suppress(BlockingIOError):
                spoiled = spoiled[os.write(target, spoiled) :]
        return data
