// Turns the built-in LED on and off, and says so.

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  Serial.begin(9600);
}

void loop() {
  digitalWrite(LED_BUILTIN, !digitalRead(LED_BUILTIN));
  Serial.print(millis());
  Serial.println(digitalRead(LED_BUILTIN) ? " on" : " off");
  delay(500);
}
