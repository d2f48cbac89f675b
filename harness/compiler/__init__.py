"""A network → plain C for any microcontroller, by way of TVM's tensor expressions and TIR.

``flatbuffer`` reads a .tflite into a ``graph``; ``operators`` say what each operator computes, with TFLite's exact
integer semantics (``fixed_point``); ``fusion`` joins operators into groups; ``schedule`` and ``lower`` turn a group
into one C function; ``plan`` lays the tensors into one arena; ``program`` is the result and ``source`` writes it as
C. ``service`` does all this in a process of its own and keeps what it made.
"""
