"""Measuring the user's own sketches, which print what they find instead of speaking the firmware's protocol."""
