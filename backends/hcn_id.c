/* SPDX-License-Identifier: Apache-2.0 */
/* The derived text is "<node id>/<kind>/<id>": no id and no kind holds a slash, so two different
 * triples are never one text. */
#include "backends/hcn_id.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "specs/runtime_id.h"

/* UUID version 5 of "hcn.tallyman.dev" among domain names. */
static const GUID space = {
	0x2048dc69, 0x3b44, 0x55e0, { 0xbc, 0xac, 0x49, 0x74, 0x49, 0xb9, 0x26, 0x42 }
};

void hcn_id_derive(const char *node_id, enum hcn_kind kind, const char *id, GUID *ret)
{
#define X(unused, name) name,
	static const char *const kinds[] = { HCN_KINDS(X) };
#undef X
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_PATH);

	buf_printf(&text, "%s/%s/%s", node_id, kinds[kind], id);
	hcs_guid_derive(&space, text.data, text.n, ret);
}

const char *hcn_id_name(const char *owner, const char *id, char name[HCN_ID_NAME_SIZE])
{
	(void)snprintf(name, HCN_ID_NAME_SIZE, "%s.%s", owner, id); /* fits: both are bounded */
	return name;
}

static bool names_a_thing(enum hcn_kind kind, const char *id)
{
	struct runtime_id parts;

	if (kind == HCN_NETWORK_KIND)
		return strcmp(id, HCN_ID_NETWORK) == 0;
	return runtime_id_parse(id, &parts);
}

enum hcn_claim hcn_id_claim(const char *owner, const char *node_id, enum hcn_kind kind,
			    const char *name, const GUID *guid, const char **ret_id)
{
	size_t n = strcspn(name, ".");
	GUID want;

	if (!name[n] || n != strlen(owner) || strncasecmp(name, owner, n) != 0)
		return HCN_OTHERS;
	name += n + 1;
	if (!names_a_thing(kind, name))
		return HCN_FOREIGN;
	hcn_id_derive(node_id, kind, name, &want);
	if (!hcs_guid_equal(&want, guid))
		return HCN_FOREIGN;
	*ret_id = name;
	return HCN_OURS;
}
