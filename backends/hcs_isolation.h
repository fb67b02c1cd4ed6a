/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * On the host's kernel or in a utility VM: decided by build numbers, as upstream does, and refused
 * where it cannot work. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "specs/spec_enum.h"

enum hcs_isolation {
	HCS_ISOLATION_PROCESS, /* a job on the host's kernel */
	HCS_ISOLATION_HYPERV,  /* a utility VM with a kernel of the image's build */
};

/* What Windows calls its version; the revision behind it does not count here. */
struct hcs_version {
	uint32_t major, minor, build;
};

struct hcs_isolation_case {
	enum isolation wanted;     /* as in the file; UNSET is AUTO */
	const char *image_version; /* the image's os.version, "10.0.20348.2113"; NULL unknown */
	const struct hcs_version *host; /* NULL unknown */
	bool has_hyperv;                /* the host can start utility VMs */
	bool wants_gpu;
	enum gpu_sharing sharing;
};

/** hcs_isolation_version() - the first three numbers of @text; false when it has not three */
bool hcs_isolation_version(const char *text, struct hcs_version *ret);

/**
 * hcs_isolation_decide() - where the container runs
 *
 *   wanted    image's build   host's build
 *   process   any             any             process
 *   hyperv    any             any             hyperv
 *   auto      known           the same        process
 *   auto      known           another         hyperv
 *   auto      known           unknown         hyperv
 *   auto      unknown         any             process
 *
 * Return: 0; -ERR_UNSUPPORTED, and waiting changes nothing: an image of a newer build than the
 *         host, hyperv where there is none, a GPU under process, MPS under hyperv.
 */
int hcs_isolation_decide(const struct hcs_isolation_case *c, enum hcs_isolation *ret,
			 struct error *err);
