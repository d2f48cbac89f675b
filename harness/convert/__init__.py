"""Models of other frameworks → .tflite, by the frameworks' own converters, in a process of its own."""
