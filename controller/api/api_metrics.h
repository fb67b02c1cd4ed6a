/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Metrics as OpenMetrics text (version 1.0.0): families with their type, unit and help, samples
 * with labels, the end mark. Pure. The writer knows the grammar: what a caller gets wrong about
 * names and order is a bug and asserts; values of labels may be any text.
 */
#include <stdint.h>

#include "base/buf.h"

#define API_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

enum api_metrics_kind {
	API_METRICS_GAUGE,
	API_METRICS_COUNTER, /* its samples get "_total" */
	API_METRICS_INFO,    /* "_info"; its value is 1, what it says is in the labels */
};

struct api_label {
	const char *name;
	const char *value;
};

struct api_metrics {
	struct buf *out;
	const char *family; /* the open one; NULL: none yet */
	enum api_metrics_kind kind;
};

/** api_metrics_begin() - @out: the text is appended to it */
void api_metrics_begin(struct api_metrics *m, struct buf *out);

/**
 * api_metrics_family() - samples that follow belong to it; each family once
 * @name: "tallyman_step", without "_total"; outlives the family
 * @unit: "seconds", "bytes", and then the end of the name too; NULL: none
 */
void api_metrics_family(struct api_metrics *m, const char *name, enum api_metrics_kind kind,
			const char *unit, const char *help);

/** api_metrics_u64() - one sample; each set of labels once a family */
void api_metrics_u64(struct api_metrics *m, const struct api_label *labels, size_t n,
		     uint64_t value);

/** api_metrics_us() - one sample of a family in seconds, exact to the microsecond */
void api_metrics_us(struct api_metrics *m, const struct api_label *labels, size_t n, int64_t us);

/** api_metrics_end() - nothing may follow */
void api_metrics_end(struct api_metrics *m);
