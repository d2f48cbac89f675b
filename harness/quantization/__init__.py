"""Post-training quantization of float networks, and what it costs in accuracy."""
