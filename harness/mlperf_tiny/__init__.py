"""MLPerf Tiny's serial protocol, both ends: a firmware that speaks it, and a host that drives a board that does.

``wire`` reads its lines, ``device`` is a board that is talked to, ``runner`` puts samples through one, ``variant``
makes of a sketch the one with that firmware.
"""
