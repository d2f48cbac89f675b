// Firmware that speaks MLPerf Tiny's serial protocol, in place of the profiling firmware, with the same network.
//
// A command ends with '%', and its words are separated by spaces; after the answer to each comes the line "m-ready".
//
//   name                  m-name-dut-[...]
//   profile               m-profile-[...] and m-model-[...]
//   timestamp             m-lap-us-<microseconds>
//   db load <bytes>       begins to take the input; m-[Expecting <bytes> bytes]
//   db <hex>              the next bytes of it; m-load-done after the last one
//   db print              the bytes as they came, eight a line
//   infer <n> [<warm-up>] runs the network, with a time stamp before and after the n runs, and gives the results
//   results               m-results-[<number>,...]
//   help
//
// What cannot be done is answered by e-[...].
#include "firmware.h"

#include <Arduino.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "mlperf.h"
#include "network.h"

namespace mcuprof {
namespace {

constexpr size_t kCommandBytes = 80;
constexpr unsigned long kDefaultWarmUp = 10;

char command[kCommandBytes + 1];
size_t command_length = 0;
bool command_too_long = false;

uint8_t *buffer = nullptr;  // the input as the host sends it; kept, for a network may overwrite its input
size_t buffer_bytes = 0;
size_t loaded = 0;
bool ready = false;

void end_line() { Serial.print(F("\r\n")); }

void fail(const __FlashStringHelper *why) {
  Serial.print(F("e-["));
  Serial.print(why);
  Serial.print(']');
  end_line();
}

void print_time() {
  const unsigned long now = micros();
  Serial.print(F("m-lap-us-"));
  Serial.print(now);
  end_line();
  Serial.flush();  // what is still being sent would be part of what is timed
}

size_t elements() { return network_input(0).bytes / sizeof(MlperfInput); }

// Whether the host sends real numbers for a network that takes integers.
bool are_floats() { return MLPERF_INPUT_QUANTIZED && buffer_bytes == elements() * sizeof(float); }

float float_at(size_t index) {
  float value;
  memcpy(&value, buffer + index * sizeof(value), sizeof(value));
  return value;
}

MlperfInput quantized(float value) {
  const float scaled = value / MLPERF_INPUT_SCALE;
  const long low = sizeof(MlperfInput) == 1 ? -128 : -32768;
  const long high = sizeof(MlperfInput) == 1 ? 127 : 32767;
  // What is far out of range must not be converted before it is clipped.
  if (!(scaled > -1e6f)) return static_cast<MlperfInput>(low);
  if (scaled > 1e6f) return static_cast<MlperfInput>(high);
  const long whole = static_cast<long>(scaled < 0 ? scaled - 0.5f : scaled + 0.5f) + MLPERF_INPUT_ZERO_POINT;
  return static_cast<MlperfInput>(whole < low ? low : whole > high ? high : whole);
}

void write_input() {
  const Span input = network_input(0);
  if (!are_floats()) {
    memcpy(input.data, buffer, input.bytes);
#if MLPERF_PIXELS
    for (size_t i = 0; i < input.bytes; ++i) input.data[i] = static_cast<uint8_t>(input.data[i] ^ 0x80);
#endif
    return;
  }
  for (size_t i = 0; i < elements(); ++i) {
    const MlperfInput value = quantized(float_at(i));
    memcpy(input.data + i * sizeof(value), &value, sizeof(value));
  }
}

float output_at(size_t index) {
  MlperfOutput value;
  memcpy(&value, network_output(0).data + index * sizeof(value), sizeof(value));
  return MLPERF_OUTPUT_SCALE * (static_cast<float>(value) - MLPERF_OUTPUT_ZERO_POINT);
}

#if MLPERF_RECONSTRUCTION
// What input number `index` stands for, as the host sent it.
float input_at(size_t index) {
  if (are_floats()) return float_at(index);
  MlperfInput value;
  memcpy(&value, buffer + index * sizeof(value), sizeof(value));
  return MLPERF_INPUT_SCALE * (static_cast<float>(value) - MLPERF_INPUT_ZERO_POINT);
}
#endif

void print_results() {
  const size_t count = network_output(0).bytes / sizeof(MlperfOutput);
  Serial.print(F("m-results-["));
#if MLPERF_RECONSTRUCTION
  float sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const float difference = output_at(i) - input_at(i);
    sum += difference * difference;
  }
  Serial.print(sum / static_cast<float>(count), 3);
#else
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) Serial.print(',');
    Serial.print(output_at(i), 3);
  }
#endif
  Serial.print(']');
  end_line();
}

// Runs so many times; the input is written before each, for a network may use its memory for something else.
bool run(unsigned long count) {
  while (count-- > 0) {
    write_input();
    if (!network_infer()) return false;
  }
  return true;
}

void on_infer(const char *first, const char *second) {
  const long count = first != nullptr ? atol(first) : 1;
  const long warm_up = second != nullptr ? atol(second) : static_cast<long>(kDefaultWarmUp);
  if (count <= 0) return fail(F("Inference iterations must be >0"));
  if (warm_up < 0) return fail(F("Inference warmup must be >=0"));
  if (buffer == nullptr || loaded != buffer_bytes) return fail(F("There is no input: db load comes first"));
  Serial.print(F("m-warmup-start-"));
  Serial.print(warm_up);
  end_line();
  bool ok = run(static_cast<unsigned long>(warm_up));
  Serial.print(F("m-warmup-done\r\nm-infer-start-"));
  Serial.print(count);
  end_line();
  print_time();
  ok = ok && run(static_cast<unsigned long>(count));
  print_time();
  Serial.print(F("m-infer-done\r\n"));
  if (!ok) return fail(F("The network failed"));
  print_results();
}

void on_load(const char *word) {
  const long bytes = word != nullptr ? atol(word) : 0;
  const size_t input = network_input(0).bytes;
  const bool floats = MLPERF_INPUT_QUANTIZED && bytes == static_cast<long>(elements() * sizeof(float));
  if (bytes <= 0) return fail(F("Command 'db load' must be >0 bytes"));
  if (bytes != static_cast<long>(input) && !floats) return fail(F("The network's input has another size"));
  free(buffer);
  loaded = 0;
  buffer_bytes = static_cast<size_t>(bytes);
  buffer = static_cast<uint8_t *>(malloc(buffer_bytes));
  if (buffer == nullptr) return fail(F("There is no memory for the input"));
  Serial.print(F("m-[Expecting "));
  Serial.print(bytes);
  Serial.print(F(" bytes]\r\n"));
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void on_bytes(const char *hex) {
  if (strlen(hex) % 2 != 0) return fail(F("Insufficient number of hex digits"));
  for (; *hex != '\0'; hex += 2) {
    const int high = digit(hex[0]);
    const int low = digit(hex[1]);
    if (high < 0 || low < 0) return fail(F("Invalid hex digit"));
    if (buffer == nullptr || loaded == buffer_bytes) return fail(F("These bytes were not expected"));
    buffer[loaded++] = static_cast<uint8_t>(high << 4 | low);
  }
  if (loaded == buffer_bytes) Serial.print(F("m-load-done\r\n"));
}

void print_byte(uint8_t byte) {
  Serial.print("0123456789abcdef"[byte >> 4]);
  Serial.print("0123456789abcdef"[byte & 15]);
}

void print_buffer() {
  for (size_t i = 0; i < loaded; ++i) {
    if (i % 8 == 0) Serial.print(F("m-buffer-"));
    print_byte(buffer[i]);
    if (i % 8 == 7 || i + 1 == loaded) {
      end_line();
    } else {
      Serial.print('-');
    }
  }
}

void carry_out(char *text) {
  const char *verb = strtok(text, " ");
  const char *first = verb != nullptr ? strtok(nullptr, " ") : nullptr;
  const char *second = first != nullptr ? strtok(nullptr, " ") : nullptr;
  if (verb == nullptr) return;
  if (strcmp(verb, "name") == 0) {
    Serial.print(F("m-name-dut-[" MLPERF_NAME "]\r\n"));
  } else if (strcmp(verb, "profile") == 0) {
    Serial.print(F("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[" MLPERF_MODEL "]\r\n"));
  } else if (strcmp(verb, "timestamp") == 0) {
    print_time();
  } else if (strcmp(verb, "help") == 0) {
    Serial.print(F("name, profile, timestamp, db load N, db HEX, db print, infer N [W], results\r\n"));
  } else if (!ready) {
    fail(F("The network did not start"));
  } else if (strcmp(verb, "db") == 0) {
    if (first == nullptr) return fail(F("Command 'db' requires a subcommand"));
    if (strcmp(first, "load") == 0) return on_load(second);
    if (strcmp(first, "print") == 0) return print_buffer();
    on_bytes(first);
  } else if (strcmp(verb, "infer") == 0) {
    on_infer(first, second);
  } else if (strcmp(verb, "results") == 0) {
    print_results();
  } else {
    Serial.print(F("e-[Unknown command: "));
    Serial.print(verb);
    Serial.print(F("]\r\n"));
  }
}

}  // namespace

void firmware_setup() {
  Serial.begin(MCUPROF_BAUD);
  ready = network_start();
  Serial.print(F("m-timestamp-mode-performance\r\n"));
  print_time();
  if (!ready) {
    Serial.print(F("e-["));
    Serial.print(network_error());
    Serial.print(F("]\r\n"));
  }
  Serial.print(F("m-init-done\r\nm-ready\r\n"));
}

void firmware_loop() {
  while (Serial.available() > 0) {
    const int c = Serial.read();
    if (c < 0) return;
    if (c == '%') {
      command[command_length] = '\0';
      if (command_too_long) {
        fail(F("The command is too long"));
      } else {
        carry_out(command);
      }
      command_length = 0;
      command_too_long = false;
      Serial.print(F("m-ready\r\n"));
    } else if (c == '\r' || c == '\n') {
      continue;
    } else if (command_length < kCommandBytes) {
      command[command_length++] = static_cast<char>(c);
    } else {
      command_too_long = true;
    }
  }
  yield();
}

}  // namespace mcuprof
