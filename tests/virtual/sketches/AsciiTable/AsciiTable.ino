// Prints the printable ASCII characters, one a line, in every base that Print knows.

const byte kFirst = ' ';
const byte kLast = '~';

void printRow(byte value) {
  Serial.write(value);
  Serial.print(F(", dec: "));
  Serial.print(value);
  Serial.print(F(", hex: "));
  Serial.print(value, HEX);
  Serial.print(F(", oct: "));
  Serial.print(value, OCT);
  Serial.print(F(", bin: "));
  Serial.println(value, BIN);
}

void setup() {
  Serial.begin(9600);
  while (!Serial) {
  }
  Serial.println("ASCII table");
  for (byte value = kFirst; value <= kLast; value++) {
    printRow(value);
  }
  Serial.println("end");
}

void loop() {
  delay(1000);
}
