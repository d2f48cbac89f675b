"""The command, on a machine whose ttys have the USB ids that the file ``USB_IDS`` gives them."""

import json
import os
from pathlib import Path

from serial.tools import list_ports

from harness import cli, session

plain = list_ports.comports


def comports():
    ids = json.loads(Path(os.environ["USB_IDS"]).read_text())
    for port in plain():
        port.vid, port.pid, port.serial_number = ids.get(port.device, (None, None, None))
        yield port


list_ports.comports = comports
session._REPEAT_S = 4.0  # a host that stalls makes nothing be sent again
cli.main()
