"""Is a network still right on its board? A data set is run there and on the host, and what comes out is scored.

``task`` says what the labels ask of the network, ``examples`` which samples are taken, ``prediction`` what a run of
one of them says, ``journal`` keeps that sample by sample, ``scores`` sums it up, ``losses`` says where it was lost.
"""
