// Crashes in the way that it is told, or resets.

int counter = 41;  // comes back as 41 after every reset
volatile int deepest = INT_MAX;

int recurse(int depth) {
  volatile byte frame[64];
  frame[0] = depth;
  return depth < deepest ? recurse(depth + 1) + frame[0] : 0;
}

void callNull() {
  void (*volatile function)() = nullptr;
  function();
}

void readNowhere() {
  Serial.println(*(volatile int *)0xA0000000);
}

void writeNull() {
  *(volatile int *)nullptr = 1;
}

void exhaustMemory() {
  size_t total = 0;
  while (malloc(1000)) {
    total += 1000;
  }
  Serial.print("malloc gave ");  // there is no memory for a String now
  Serial.println(total);
}

void setup() {
  Serial.begin(115200);
  Serial.setTimeout(60000);
  counter++;
  Serial.print("ready boot=");
  Serial.print(mcuprof_boot_count());
  Serial.print(" counter=");
  Serial.println(counter);
}

void loop() {
  String command = Serial.readStringUntil('\n');
  command.trim();
  if (command == "null") {
    callNull();
  } else if (command == "recurse") {
    recurse(0);
  } else if (command == "abort") {
    abort();
  } else if (command == "bus") {
    readNowhere();
  } else if (command == "write") {
    writeNull();
  } else if (command == "memory") {
    exhaustMemory();
  } else if (command == "reset") {
    NVIC_SystemReset();
  } else if (command.length() > 0) {
    Serial.println("unknown: " + command);
  }
}
