/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Names that differ in case only are one name on Windows. */
#include <stdint.h>

/** winlayer_case_upper() - the letter a UTF-16 unit counts as when names are compared */
uint16_t winlayer_case_upper(uint16_t unit);
