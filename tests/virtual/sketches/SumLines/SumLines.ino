// Reads lines of whole numbers and answers each with their sum, how many there were, and how long the adding took.
//
//   1 2 3       ->  sum=6 count=3 us=…
//   bytes N     ->  reads N raw bytes and answers with how many came, and their checksum

String line;

void answerBytes(unsigned long expected) {
  uint32_t checksum = 0;
  unsigned long count = 0;
  byte chunk[64];
  while (count < expected) {
    size_t wanted = min(expected - count, (unsigned long)sizeof chunk);
    size_t got = Serial.readBytes(chunk, wanted);
    if (got == 0) {
      break;
    }
    for (size_t i = 0; i < got; i++) {
      checksum = checksum * 31 + chunk[i];
    }
    count += got;
  }
  Serial.println("bytes=" + String(count) + " checksum=" + String(checksum, HEX));
}

void answerSum(const String &numbers) {
  unsigned long start = micros();
  long sum = 0;
  int count = 0;
  unsigned int from = 0;
  while (from < numbers.length()) {
    int blank = numbers.indexOf(' ', from);
    unsigned int to = blank < 0 ? numbers.length() : (unsigned int)blank;
    if (to > from) {
      sum += numbers.substring(from, to).toInt();
      count++;
    }
    from = to + 1;
  }
  unsigned long elapsed = micros() - start;
  Serial.println(String("sum=") + sum + " count=" + count + " us=" + elapsed);
}

void setup() {
  Serial.begin(115200);
  line.reserve(200);
  Serial.println("ready");
}

void loop() {
  if (!Serial.available()) {
    return;
  }
  char c = Serial.read();
  if (c != '\n') {
    line += c;
    return;
  }
  line.trim();
  if (line.startsWith("bytes ")) {
    answerBytes(line.substring(6).toInt());
  } else {
    answerSum(line);
  }
  line = "";
}
