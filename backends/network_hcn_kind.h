/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Networks, namespaces and endpoints of HCN have the same six functions, by other names and with
 * handles of other types. Here they are one table each, so that what is done alike is written once.
 */
#include "backends/hcn_id.h"
#include "backends/hcn_reply.h"
#include "backends/hcs_api.h"
#include "backends/hcs_result.h"
#include "base/json.h"

struct network_hcn_kind {
	enum hcn_kind kind;
	const char *word; /* "endpoint" */
	HRESULT (*enumerate)(const struct hcs_api *, PCWSTR query, PWSTR *ids, PWSTR *record);
	HRESULT (*open)(const struct hcs_api *, REFGUID id, void **ret, PWSTR *record);
	HRESULT (*query)(const struct hcs_api *, void *, PCWSTR query, PWSTR *ret, PWSTR *record);
	HRESULT (*remove)(const struct hcs_api *, REFGUID id, PWSTR *record);
	void (*close)(const struct hcs_api *, void *);
};

extern const struct network_hcn_kind network_hcn_networks, network_hcn_namespaces,
	network_hcn_endpoints;

/**
 * network_hcn_kind_result() - 0 or an error out of a call; frees @record
 *
 * computenetwork may answer S_OK beside a record that is a failure: then the record counts.
 * *ret_outcome is set in every case and says what a failure means.
 */
int network_hcn_kind_result(const struct hcs_api *api, HRESULT hr, PWSTR record, const char *what,
			    enum hcs_outcome *ret_outcome, struct error *err);

struct network_hcn_guids {
	GUID *items;
	size_t n;
};

/** network_hcn_kind_ids() - the GUIDs that @query names, in @a; complete, or fails */
int network_hcn_kind_ids(const struct hcs_api *api, const struct network_hcn_kind *k,
			 struct json_object *query, struct arena *a, struct network_hcn_guids *ret,
			 struct error *err);

/* The properties of one object, as they came. */
struct network_hcn_text {
	const char *p; /* UTF-8, with a NUL */
	size_t n;
};

/**
 * network_hcn_kind_text() - the properties of one as JSON text, in @a
 *
 * Return: 0; NETWORK_HCN_GONE (> 0) when there is no such object.
 */
enum { NETWORK_HCN_GONE = 1 };
int network_hcn_kind_text(const struct hcs_api *api, const struct network_hcn_kind *k,
			  const GUID *id, struct arena *a, struct network_hcn_text *ret,
			  struct error *err);

/** network_hcn_kind_basics() - id, name and owner out of such a text */
int network_hcn_kind_basics(const struct network_hcn_kind *k, const struct network_hcn_text *text,
			    struct arena *a, struct hcn_basics *ret, struct error *err);

/** network_hcn_kind_remove() - delete it; gone is success. -ERR_CONFLICT while it is in use */
int network_hcn_kind_remove(const struct hcs_api *api, const struct network_hcn_kind *k,
			    const GUID *id, struct error *err);
