// Where sketches written for AVR boards look for it.
#pragma once
#include "../pgmspace.h"
