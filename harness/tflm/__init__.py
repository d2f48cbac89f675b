"""TensorFlow Lite for Microcontrollers: the C++ library that sketches use, found in the sketchbook or made."""
