"""Profile neural networks on microcontrollers, on real boards and on virtual ones."""

__version__ = "0.1.0"
