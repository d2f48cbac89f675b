"""Finding out on a board how groups of operators are computed best.

``compiler.strategy`` and ``compiler.space`` say what there is to choose, ``search`` looks through the second,
``program`` and ``bench`` bring many functions at once onto a board, ``tuner`` goes round until the trials are spent,
and ``database`` keeps what came out.
"""
