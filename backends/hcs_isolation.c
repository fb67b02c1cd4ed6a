/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the header, and the four refusals; what the host has is looked up elsewhere. */
#include "backends/hcs_isolation.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

bool hcs_isolation_version(const char *text, struct hcs_version *ret)
{
	uint32_t v[3];

	for (size_t i = 0; i < 3; i++) {
		char word[11]; /* UINT32_MAX has ten digits */
		size_t n = strcspn(text, ".");
		uint64_t number;

		if (n >= sizeof(word))
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		if (!number_u64(word, UINT32_MAX, &number) || (i < 2 && !text[n]))
			return false;
		v[i] = (uint32_t)number;
		text += n + (text[n] == '.');
	}
	*ret = (struct hcs_version){ v[0], v[1], v[2] };
	return true;
}

static int compare(const struct hcs_version *a, const struct hcs_version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return (a->build > b->build) - (a->build < b->build);
}

static enum hcs_isolation choose(enum isolation wanted, const struct hcs_version *image,
				 const struct hcs_version *host)
{
	switch (wanted) {
	case ISOLATION_PROCESS:
		return HCS_ISOLATION_PROCESS;
	case ISOLATION_HYPERV:
		return HCS_ISOLATION_HYPERV;
	case ISOLATION_UNSET:
	case ISOLATION_AUTO:
		break;
	}
	if (!image || (host && compare(image, host) == 0))
		return HCS_ISOLATION_PROCESS;
	return HCS_ISOLATION_HYPERV;
}

static int refuse_hyperv(const struct hcs_isolation_case *c, struct error *err)
{
	int r;

	if (c->wanted == ISOLATION_HYPERV)
		r = error_set(err, ERR_UNSUPPORTED, 0,
			      "isolation: hyperv is not available on this host");
	else if (!c->host)
		r = error_set(err, ERR_UNSUPPORTED, 0,
			      "isolation: the host's build is not known, so the image of build "
			      "%.40s needs hyperv, which is not available here",
			      c->image_version);
	else
		r = error_set(err, ERR_UNSUPPORTED, 0,
			      "isolation: the image of build %.40s needs hyperv on this host of "
			      "build %u.%u.%u, which has none",
			      c->image_version, c->host->major, c->host->minor, c->host->build);
	error_hint(err, "enable the Hyper-V feature, or take an image of the host's build");
	return r;
}

static int refuse_newer(const struct hcs_isolation_case *c, struct error *err)
{
	int r = error_set(err, ERR_UNSUPPORTED, 0,
			  "the image is for Windows build %.40s, newer than this host's %u.%u.%u",
			  c->image_version, c->host->major, c->host->minor, c->host->build);

	error_hint(err, "take an image of the host's build or an older one, or update the host");
	return r;
}

static int check_gpu(const struct hcs_isolation_case *c, enum hcs_isolation chosen,
		     struct error *err)
{
	int r;

	if (!c->wants_gpu)
		return 0;
	if (chosen == HCS_ISOLATION_PROCESS) {
		r = error_set(err, ERR_UNSUPPORTED, 0,
			      "resources.gpu: not possible under process isolation");
		error_hint(err, "set isolation: hyperv");
		return r;
	}
	if (c->sharing != GPU_SHARING_MPS)
		return 0;
	r = error_set(err, ERR_UNSUPPORTED, 0,
		      "resources.gpu.sharing: mps is not possible under hyperv isolation");
	error_hint(err, "choose another sharing, or leave it out");
	return r;
}

int hcs_isolation_decide(const struct hcs_isolation_case *c, enum hcs_isolation *ret,
			 struct error *err)
{
	struct hcs_version image;
	bool is_known = c->image_version && hcs_isolation_version(c->image_version, &image);
	enum hcs_isolation chosen = choose(c->wanted, is_known ? &image : NULL, c->host);
	int r;

	if (is_known && c->host && compare(&image, c->host) > 0)
		return refuse_newer(c, err);
	if (chosen == HCS_ISOLATION_HYPERV && !c->has_hyperv)
		return refuse_hyperv(c, err);
	r = check_gpu(c, chosen, err);
	if (r < 0)
		return r;
	*ret = chosen;
	return 0;
}
