/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From one instance to what the Host Compute Service is asked for. Pure: what has to be looked up
 * on the host comes in as a value. Which field is honoured and which is not stands in
 * specs/fields_table.c; a test holds the two together.
 */
#include "backends/hcn_document.h"
#include "backends/hcs_document.h"
#include "backends/hcs_isolation.h"
#include "backends/hcs_process.h"
#include "backends/hcs_vm.h"
#include "backends/image_document.h"
#include "specs/layout.h"
#include "specs/spec.h"

/* What the shim found on its host. */
struct hcs_host {
	const struct hcs_version *version; /* NULL: unknown */
	bool has_hyperv;                   /* until the service says that there is none */
	uint32_t n_processors;             /* 0: unknown */
};

struct hcs_spec {
	const struct instance_spec *spec;
	const struct image_config *image;
	const struct hcs_host *host;
	const struct layout *layout; /* named volumes */
	const char *path;            /* the instance's directory: anonymous volumes are below it */
};

/* All that the service, the image and the host decide; the rest is where things are. */
struct hcs_wish {
	enum hcs_isolation isolation;
	bool has_network; /* otherwise the container gets no namespace */
	bool has_gpu;     /* hyperv: the host's default adapter */
	/* The caller sets layers, root and network. Under hyperv the host paths of its directories
	 * and pipes become the guest's. */
	struct hcs_container container;
	struct hcs_vm vm; /* hyperv: the caller sets the files */
	struct hcs_process process;
	/* The caller sets names, network and address. */
	struct hcn_endpoint endpoint;
	const char **volumes; /* directories of the host to make when they are not there */
	size_t n_volumes;
};

/**
 * hcs_spec_read() - everything at once, so that what is refused is refused before anything is made
 *
 * Return: 0; -ERR_INVALID or -ERR_UNSUPPORTED naming the field: trying again changes nothing.
 */
int hcs_spec_read(const struct hcs_spec *s, struct arena *a, struct hcs_wish *ret,
		  struct error *err);

/** hcs_spec_network() - has_network and endpoint alone */
int hcs_spec_network(const struct service *s, struct arena *a, struct hcs_wish *w,
		     struct error *err);

/** hcs_spec_limits() - memory and processor limits alone, for a change in place */
int hcs_spec_limits(const struct resources_spec *r, const struct hcs_host *host,
		    struct hcs_limits *ret, struct error *err);

/** hcs_spec_limits_in() - the same in a utility VM of that size, which stays as it is;
 * -ERR_UNSUPPORTED when it is too small */
int hcs_spec_limits_in(const struct resources_spec *r, int64_t vm_memory_mb, int64_t vm_processors,
		       struct hcs_limits *ret, struct error *err);

/** hcs_spec_host_name() - at most HCS_HOST_NAME characters a NetBIOS name may have */
const char *hcs_spec_host_name(const struct instance_spec *spec, struct arena *a);

/* What an exec asks for; NULL and no words: as the container's first process. */
struct hcs_exec {
	struct strings argv;
	const char *const *env; /* "K=V", NULL-terminated; or NULL */
	const char *user;
	const char *workdir;
	bool tty;
};

/** hcs_spec_exec() - another process in the container of @w */
int hcs_spec_exec(const struct hcs_wish *w, const struct hcs_exec *x, struct arena *a,
		  struct hcs_process *ret, struct error *err);
