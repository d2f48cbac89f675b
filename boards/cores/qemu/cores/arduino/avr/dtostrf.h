// Where sketches written for AVR and SAMD boards look for it.
#pragma once
#include "../numbers.h"
