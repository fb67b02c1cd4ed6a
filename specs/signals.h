/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Signals as files and images write them. */

enum { SIGNALS_TERM = 15 };

/** signals_number() - "SIGTERM", "TERM", "15", "SIGRTMIN+3" as a Linux number; 0: unknown */
int signals_number(const char *text);
