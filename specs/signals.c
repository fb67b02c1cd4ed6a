/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name and number. */
#include "specs/signals.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

#define SIGNAL_RTMIN  34 /* glibc's and musl's, as containers see it */
#define SIGNAL_MAX    64
#define SIGNAL_RT_TOP (SIGNAL_MAX - SIGNAL_RTMIN)

/* Linux on x86 and ARM; the numbers are part of what tallyman tells its runtimes. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", 1 },    { "INT", 2 },    { "QUIT", 3 },  { "ILL", 4 },   { "TRAP", 5 },
	{ "ABRT", 6 },   { "BUS", 7 },    { "FPE", 8 },   { "KILL", 9 },  { "USR1", 10 },
	{ "SEGV", 11 },  { "USR2", 12 },  { "PIPE", 13 }, { "ALRM", 14 }, { "TERM", 15 },
	{ "CHLD", 17 },  { "CONT", 18 },  { "STOP", 19 }, { "TSTP", 20 }, { "TTIN", 21 },
	{ "TTOU", 22 },  { "URG", 23 },   { "XCPU", 24 }, { "XFSZ", 25 }, { "VTALRM", 26 },
	{ "PROF", 27 },  { "WINCH", 28 }, { "IO", 29 },   { "PWR", 30 },  { "SYS", 31 },
	{ "RTMIN", 34 }, { "RTMAX", 64 },
};

int signals_number(const char *text)
{
	const char *name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t n;
	if (number_u64(text, SIGNAL_MAX, &n))
		return (int)n;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	if (strncmp(name, "RTMIN+", 6) == 0 && number_u64(name + 6, SIGNAL_RT_TOP, &n))
		return SIGNAL_RTMIN + (int)n;
	if (strncmp(name, "RTMAX-", 6) == 0 && number_u64(name + 6, SIGNAL_RT_TOP, &n))
		return SIGNAL_MAX - (int)n;
	return 0;
}
