/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The utility VM of one instance under hyperv isolation: a compute system of its own beside the
 * container's, with the same owner, called "<runtime id>@vm" as runhcs calls its own. It is made
 * with its instance, hosts nothing else, and is terminated after it; what was brought into it goes
 * with it.
 */
#include "backends/hcs.h"

/** hcs_machine_id() - the name of the VM of instance @id */
const char *hcs_machine_id(const char *id, struct arena *a);

/** hcs_machine_instance() - whose VM is the system called @id? @id itself when it is no VM */
const char *hcs_machine_instance(const char *id, struct arena *a);

struct hcs_machine {
	struct hcs *h;
	const char *instance;
	const char *id;                /* the VM's */
	const char *dir;               /* the instance's */
	const struct hcs_chain *chain; /* its image */
	struct mono deadline;
	struct arena *a;
};

/**
 * hcs_machine_start() - make the VM and start it
 * @vm:        its size; the files are filled in
 * @ret_begun: from now on a VM of that name is ours to terminate; also set by a failure
 *
 * Return: 0; HCS_MACHINE_NO_HYPERV (> 0): this host has none; -ERR_UNSUPPORTED: the image has
 *         nothing to boot from; -ERR_CONFLICT: somebody else's system has the name.
 */
enum { HCS_MACHINE_NO_HYPERV = 1 };
int hcs_machine_start(const struct hcs_machine *m, struct hcs_vm *vm, bool *ret_begun,
		      struct error *err);

/**
 * hcs_machine_furnish() - bring in what the container needs: layers, scratch, directories, pipes,
 * GPU, network
 * @w: host paths in its container become the guest's
 *
 * The scratch layer is made and the network attached before.
 */
int hcs_machine_furnish(const struct hcs_machine *m, struct hcs_wish *w, struct error *err);

/** hcs_machine_has() - is a VM of ours there? > 0: yes, 0: provably not */
enum { HCS_MACHINE_THERE = 1 };
int hcs_machine_has(struct hcs *h, const char *instance, struct error *err);
