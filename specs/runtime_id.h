/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The name of one instance, everywhere: `<deployment>.<service>-rep-<slot>.<generation>`,
 * e.g. `shop.web-rep-0.17`. Deployment and service names hold no dot, so the text has
 * exactly two, and the part between them is the slot's name.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"

struct runtime_id {
	char deployment[LIMIT_DEPLOYMENT_NAME + 1];
	char service[LIMIT_SERVICE_NAME + 1];
	uint32_t slot;
	uint64_t generation; /* 1.. */
};

/** runtime_id_parse() - false when @text is no runtime id (then *ret is untouched) */
bool runtime_id_parse(const char *text, struct runtime_id *ret);

/** runtime_id_format() - the text; names are valid already */
const char *runtime_id_format(struct arena *a, const char *deployment, const char *service,
			      uint32_t slot, uint64_t generation);

/** runtime_id_slot_name() - `web-rep-0` */
const char *runtime_id_slot_name(struct arena *a, const char *service, uint32_t slot);

/** runtime_id_is_deployment() - `[A-Za-z0-9][A-Za-z0-9-]{2,62}` */
bool runtime_id_is_deployment(const char *name);
/** runtime_id_is_service() - `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?` */
bool runtime_id_is_service(const char *name);
/** runtime_id_is_owner() - `[a-z][a-z0-9-]{0,30}` */
bool runtime_id_is_owner(const char *name);
