// The sketch's frame. Weak, because a program may bring a main() of its own.
#include "Arduino.h"
#include "boot.h"

__attribute__((weak)) int main(void) {
  setup();
  boot::reached_loop();
  for (;;) {
    loop();
    if (serialEventRun) serialEventRun();
  }
}
