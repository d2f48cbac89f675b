"""The commands, each a thin layer over the modules that do the work."""
