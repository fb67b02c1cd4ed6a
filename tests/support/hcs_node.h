/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A node with the HCS runtime on a simulated Windows host, and one image for it. Everything that
 * has no business to fail ends the test program. */
#include "backends/runtime.h"
#include "backends/shim_log.h"
#include "specs/spec_service.h"
#include "tests/support/hcs_world.h"

struct hcs_node {
	struct hcs_world *host;
	struct layout layout; /* owner "contract" */
	struct shim_log *log;
	struct runtime_sink sink;
	struct runtime *rt;
	const char *image, *digest; /* "local/windows:1" */
};

/** hcs_node_new() - the host, the image, the runtime opened */
struct hcs_node *hcs_node_new(const struct runtime_sink *sink);

/** hcs_node_reopen() - as a shim that was killed and started again */
void hcs_node_reopen(struct hcs_node *n);

/** hcs_node_assert_empty() - no system, endpoint, namespace, network or scratch layer is there */
void hcs_node_assert_empty(struct hcs_node *n);

/** hcs_node_free() - close it all; nothing may be left on the host */
void hcs_node_free(struct hcs_node *n);

/** hcs_node_end() - Behind the runtime's back: somebody ends a system */
void hcs_node_end(struct hcs_node *n, const char *id);
