/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the host lost of a container that runs: its endpoint, when HNS started again without it.
 * Seen in a look, set back in an update.
 */
#include "backends/hcs.h"

/* The endpoints there are. */
struct hcs_mend_seen {
	const char **ids; /* sorted */
	size_t n;
};

/** hcs_mend_endpoints() - out of a complete listing, in @a */
void hcs_mend_endpoints(const struct network_hcn_list *all, struct arena *a,
			struct hcs_mend_seen *ret);

/** hcs_mend_look() - note in @in, which @rec is of, what it has lost. Absence is proved twice */
int hcs_mend_look(struct hcs *h, const struct hcs_record *rec, const struct hcs_mend_seen *seen,
		  struct instance *in, struct error *err);

/**
 * hcs_mend_network() - give the container of @box its endpoint back when it is gone
 *
 * Return: 0, also when there is nothing to do; -ERR_UNSUPPORTED when it cannot have one while it
 * runs.
 */
int hcs_mend_network(struct hcs_box *box, const struct instance_spec *spec, struct error *err);
