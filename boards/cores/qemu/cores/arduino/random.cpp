// Random numbers of the sketch, and the scaling of ranges. The same seed gives the same numbers in every run.
#include <stdlib.h>

#include "Arduino.h"

void randomSeed(unsigned long seed) {
  if (seed != 0) srand(static_cast<unsigned>(seed));
}

long random(long end) { return end <= 0 ? 0 : rand() % end; }

long random(long begin, long end) { return begin >= end ? begin : begin + random(end - begin); }

long map(long value, long from_low, long from_high, long to_low, long to_high) {
  return (value - from_low) * (to_high - to_low) / (from_high - from_low) + to_low;
}
