"""Ports of this machine and of the network, with a board in memory behind them. No process is started."""

import contextlib
import os
import socket
import threading
import tty

import pytest
import serial
import serial.rfc2217

from harness.errors import PortGoneError, RigError
from harness.fake import FakeBoard
from harness.firmware import Firmware
from harness.serial_port import SerialPort
from harness.session import Session


def serve_board(read, write):
    """Let a board in memory talk until there is nothing more to read."""
    board = FakeBoard()
    with contextlib.suppress(OSError):
        while data := read():
            board.write(data)
            write(board.take())


@contextlib.contextmanager
def in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def pty():
    master, slave = os.openpty()
    tty.setraw(slave)
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    with contextlib.suppress(OSError):
        os.close(master)


def talk(port):
    device = Firmware(Session(port))
    assert device.start(2).time == 123
    assert device.run(2).time == 1234
    port.close()


def test_a_tty(pty):
    master, path = pty
    port = SerialPort(path, 115200)
    # Where the last one closes a pseudo-terminal, its other end reads an error, and the board is done.
    with in_background(lambda: serve_board(lambda: os.read(master, 4096), lambda data: os.write(master, data))):
        talk(port)


def test_what_came_before_a_tty_was_opened(pty):
    master, path = pty
    slave = os.open(path, os.O_RDWR | os.O_NOCTTY)  # kept open: with nobody there a tty keeps nothing
    os.write(master, b"!fault hard\r\n")
    port = SerialPort(path, 115200)
    os.close(slave)
    assert port.read() == b"!fault hard\r\n"
    port.close()


def test_a_tty_that_vanishes(pty):
    master, path = pty
    port = SerialPort(path, 115200)
    os.close(master)
    with pytest.raises(PortGoneError, match="vanished while it was read"):
        port.read()
    with pytest.raises(PortGoneError, match="vanished while it was written"):
        port.write(b"?")
    port.close()


def test_a_tty_that_takes_nothing(pty, monkeypatch):
    monkeypatch.setattr("harness.serial_port._WRITE_S", 0.1)
    port = SerialPort(pty[1], 115200)
    with pytest.raises(RigError, match=r"takes no more bytes: the board does not read. Press its reset button"):
        port.write(bytes(1_000_000))
    port.close()


def test_a_host_that_is_suspended_while_it_writes(pty, monkeypatch):
    master, path = pty
    port = SerialPort(path, 115200)
    clock, write = [0.0], os.write

    def stand_still(descriptor, data):
        clock[0] += 60.0
        return write(descriptor, data[:2])

    with monkeypatch.context() as patch:
        patch.setattr("harness.patience.RealTimer.now", lambda self: clock[0])
        patch.setattr("os.write", stand_still)
        port.write(b"hello")
    assert b"".join(os.read(master, 2) for _ in range(3)) == b"hello"
    port.close()


def test_a_tty_that_another_program_holds(pty):
    with serial.Serial(pty[1], exclusive=True), pytest.raises(RigError, match="is in use by another program"):
        SerialPort(pty[1], 115200)


def test_a_tty_that_is_not_there():
    with pytest.raises(RigError, match="the port /dev/nosuch is not there: is the board attached"):
        SerialPort("/dev/nosuch", 115200)


def read_for_ever(port):
    while True:
        port.read()


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def test_a_port_on_the_network(server):
    def serve():
        with server.accept()[0] as connection:
            serve_board(lambda: connection.recv(4096), connection.sendall)

    with in_background(serve):
        talk(SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}", 115200))


def test_a_port_on_the_network_that_goes_away(server):
    port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}", 115200)
    server.accept()[0].close()
    with pytest.raises(PortGoneError, match="vanished while it was read"):
        read_for_ever(port)
    port.close()


def test_a_port_on_the_network_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        number = closed.getsockname()[1]
    with pytest.raises(RigError, match=r"cannot be reached: .* is the address right"):
        SerialPort(f"socket://127.0.0.1:{number}", 115200)


@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")  # pyserial's own
@pytest.mark.filterwarnings("ignore:setName:DeprecationWarning")
def test_a_port_behind_rfc2217(server):
    def serve():
        with server.accept()[0] as connection, serial.serial_for_url("loop://") as settings:

            class Wire:
                write = connection.sendall

            manager = serial.rfc2217.PortManager(settings, Wire)

            def read():
                while raw := connection.recv(4096):
                    data = b"".join(manager.filter(raw))
                    if data:
                        return data
                return b""

            serve_board(read, lambda data: connection.sendall(b"".join(manager.escape(data))))

    with in_background(serve):
        talk(SerialPort(f"rfc2217://127.0.0.1:{server.getsockname()[1]}", 115200))
