"""Finding schedules for groups of operators by measuring them on a board.

``compiler.space`` says which schedules there are, ``search`` chooses among them, ``program`` and ``bench`` bring many
at once onto a board, ``tuner`` goes round until the trials are spent, and ``database`` keeps what came out.
"""
