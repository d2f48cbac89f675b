// Reads the timer of mcuprof's timed regions shortly before it overflows, as it does, and shortly after.
#include "clock.h"

void setup() {
  Serial.begin(115200);
  Serial.println("begin");
  for (uint16_t at = 65536UL - 48; at < 65535; ++at) {
    const mcuprof::Interrupts were = mcuprof::region_begin();
    const uint8_t start = mcuprof::clock_start();
    TCNT1 = at;
    const uint32_t ticks = mcuprof::clock_since(start);
    mcuprof::region_end(were);
    Serial.print(at);
    Serial.print(" ");
    Serial.println(ticks);
    Serial.flush();
  }
  Serial.println("end");
}

void loop() {}
