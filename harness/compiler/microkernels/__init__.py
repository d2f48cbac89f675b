"""Operators by micro-kernels on packed words: which groups have one, and what it is given.

The kernels are C, in ``sketch_templates/tvm/kernels``; here weights are packed for them, zero points folded into
biases, and it is proved for which channels a requantization is exact. See docs/kernels.md.
"""
