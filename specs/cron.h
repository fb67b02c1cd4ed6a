/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Schedules by the rules of the `cron` crate, version 0.15: six or seven fields
 * (second minute hour day month weekday [year]), weekday 1 is Sunday, names of
 * months and weekdays in any case, `?` for day and weekday only, and the words
 * @yearly @monthly @weekly @daily @hourly.
 */
#include <stdbool.h>

/**
 * cron_check() - is @text a schedule?
 * @ret_why: set on failure: what is wrong, for a message
 */
bool cron_check(const char *text, const char **ret_why);
