/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Virtual machines, and what a container in one needs of them: vmcompute's share again, and that of
 * the compute agent in the guest. A machine is a system whose document has a VirtualMachine; what
 * was attached since stands in that document, what the guest was told in sys.guest:
 *
 *   Mounts      directory of the guest → disk of the host
 *   Combined    directory of the guest → the Layers below it
 *   Namespaces  GUIDs, and Adapters: GUID → "PreAdd" or "Add"
 *
 * It ends after the containers in it, which its end ends.
 */
#include "backends/hcs_sim/host/compute.h"
#include "base/arena.h"

/** machine_check() - rules for the create document of a machine, beyond the schema */
HRESULT machine_check(struct call *c, struct json_object *config);

/** machine_check_hosted() - the same for a container in one: all it names is in that machine */
HRESULT machine_check_hosted(struct call *c, struct json_object *config);

/** machine_start() - can it boot? Disks it may open, and the boot file in its share */
HRESULT machine_start(struct call *c, const struct sys *s);

/** machine_modify() - attach a device, or ask the guest for something */
HRESULT machine_modify(struct call *c, struct sys *s, struct json_object *doc);

/** machine_grant() - let machine @id open that file */
HRESULT machine_grant(struct call *c, const char *id, const char *path);

/** machine_of() - the one a hosted container is in; NULL */
struct sys *machine_of(const struct sys *hosted);

/** machine_hosts() - a container in it that has not ended; NULL */
struct sys *machine_hosts(const struct sys *s);

/** machine_host_path() - where on the host a layer of @s is, given its path in the document or, for
 * the scratch layer, the root; in @a. NULL: nowhere */
const char *machine_host_path(const struct sys *s, const char *path, struct arena *a);

/** machine_uses() - has a machine that lives the file or directory @path, or anything below it? */
bool machine_uses(const struct compute *m, const char *path);

/* Parts of the document, for both files of this module. */
struct json_object *machine_shares(const struct sys *s); /* a list; NULL: none */
const char *machine_share_path(const struct sys *s, const char *name);
const char *machine_disk(const struct sys *s, int64_t lun); /* of the one controller; NULL */

/** machine_guest_request() - what the guest is asked for */
HRESULT machine_guest_request(struct call *c, struct sys *s, struct json_object *request);
