"""``bossac.py UPLOAD PORT PROGRAM``: asks the bootloader at PORT for leave, as bossac does, then runs UPLOAD."""

import os
import select
import subprocess
import sys
import tty

upload, port, program = sys.argv[1:]
bootloader = os.open(port, os.O_RDWR | os.O_NOCTTY)
tty.setraw(bootloader)
os.write(bootloader, b"N#")
if not select.select([bootloader], [], [], 2)[0] or os.read(bootloader, 2) != b"\n\r":
    sys.exit(f"No device found on {port}")
code = subprocess.run([sys.executable, upload, port, program], check=False).returncode
if code == 0:
    os.write(bootloader, b"K#")  # the sketch is to start
sys.exit(code)
