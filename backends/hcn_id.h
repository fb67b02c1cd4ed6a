/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Whose is a network, namespace or endpoint of the Host Compute Network? Ours are called
 * `<owner>.<runtime id>` and have a GUID derived from node, kind and runtime id: a crash between
 * making one and remembering it loses nothing, and what another node's store made, or a person
 * named after ours, is told apart. Pure.
 */
#include "backends/hcs_guid.h"
#include "base/limits.h"

/*      id         word in derived GUIDs: never changes */
#define HCN_KINDS(X)                                                                               \
	X(NETWORK, "network")                                                                      \
	X(NAMESPACE, "namespace")                                                                  \
	X(ENDPOINT, "endpoint")

enum hcn_kind {
#define X(id, name) HCN_##id##_KIND,
	HCN_KINDS(X)
#undef X
};

/* What stands in for a runtime id in a network's name; it has no dots, so it is none. */
#define HCN_ID_NETWORK "net"

#define HCN_ID_NAME_SIZE (LIMIT_OWNER + 1 + LIMIT_RUNTIME_ID + 1)

/** hcn_id_derive() - the GUID of what @id names on a node */
void hcn_id_derive(const char *node_id, enum hcn_kind kind, const char *id, GUID *ret);

/** hcn_id_name() - "<owner>.<id>"; gives @name */
const char *hcn_id_name(const char *owner, const char *id, char name[HCN_ID_NAME_SIZE]);

enum hcn_claim {
	HCN_OTHERS,  /* another owner's, or nobody's: not to be listed, never touched */
	HCN_OURS,    /* name and GUID fit */
	HCN_FOREIGN, /* our name on something we have not made: reported, never touched */
};

/**
 * hcn_id_claim() - judge by name and GUID
 * @name:   as the service gives it
 * @ret_id: with HCN_OURS the runtime id in @name, or HCN_ID_NETWORK; else untouched
 *
 * The owner is compared whole, up to the dot, and its case does not count: `tallyman` is neither
 * `tallyman2` nor `tallyman-test`.
 */
enum hcn_claim hcn_id_claim(const char *owner, const char *node_id, enum hcn_kind kind,
			    const char *name, const GUID *guid, const char **ret_id);
