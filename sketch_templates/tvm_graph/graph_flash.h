// Text and tables that stay in flash and are read from there. Where flash is an address space of its own, its
// instructions read it; for another such processor define these four macros before this point.
#ifndef GRAPH_FLASH_H
#define GRAPH_FLASH_H

#if !defined(FLASH_DATA) && defined(__AVR__)
#include <avr/pgmspace.h>
#define FLASH_DATA const PROGMEM
#define FLASH_TEXT(literal) PSTR(literal)
#define FLASH_BYTE(address) pgm_read_byte(address)
#define FLASH_COPY(to, from, bytes) memcpy_P(to, from, bytes)
#elif !defined(FLASH_DATA)
#include <string.h>
#define FLASH_DATA const
#define FLASH_TEXT(literal) (literal)
#define FLASH_BYTE(address) (*(const uint8_t *)(address))
#define FLASH_COPY(to, from, bytes) memcpy(to, from, bytes)
#endif

#endif
