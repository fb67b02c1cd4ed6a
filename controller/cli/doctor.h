/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The doctor's rounds: each looks at one side of the node and adds what it finds to the report.
 * They change nothing of the node and take no lock.
 */
#include "controller/cli/command.h"
#include "controller/cli/report.h"
#include "controller/session.h"

struct doctor {
	struct cli *cli;
	struct session_options node; /* what an apply with the same options would open */
	struct report *report;
	bool is_memory;               /* --runtime memory: no container is made */
	const char *node_id;          /* doctor_node(): of the store; "" when it has none */
	struct json_object *runtimes; /* doctor_runtimes(): array, in detail */
	unsigned n_simulated;         /* doctor_runtimes(): of them stand in for the real thing */
};

/** doctor_host() - the kernel and the rights of this process */
void doctor_host(struct doctor *d);

/** doctor_node() - directories, store, claim, locks and images of this owner */
void doctor_node(struct doctor *d);

/**
 * doctor_runtimes() - what would make the containers; after doctor_node()
 *
 * A shim that runs is asked. Else one is started for the question, under an owner and in
 * directories of its own, and is gone with all its traces when this returns.
 * Return: 0; -ERR_CANCELED when somebody pressed Ctrl-C meanwhile.
 */
int doctor_runtimes(struct doctor *d, struct error *err);
