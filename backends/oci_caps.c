/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's numbers for capability names, and docker's choice of them. */
#include "backends/oci_caps.h"

#include <string.h>
#include <strings.h>

/* The index is the kernel's number. */
static const char *const names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

enum { N_CAPS = sizeof(names) / sizeof(names[0]) };

#define BIT(n) (UINT64_C(1) << (n))

static const uint64_t all = BIT(N_CAPS) - 1;

/* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT
 * MKNOD AUDIT_WRITE SETFCAP */
static const uint64_t docker = BIT(0) | BIT(1) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) |
			       BIT(8) | BIT(10) | BIT(13) | BIT(18) | BIT(27) | BIT(29) | BIT(31);

static bool is_all(const char *name)
{
	return strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0;
}

static int cap_bit(const char *field, const char *name, uint64_t *ret, struct error *err)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (int i = 0; i < N_CAPS; i++) {
		if (strcasecmp(names[i], bare) == 0) {
			*ret = BIT(i);
			return 0;
		}
	}
	return error_set(err, ERR_INVALID, 0, "%s: no capability is called %s", field, name);
}

/* The bits of a list; *ret_all when ALL is in it. */
static int read_list(const char *field, const struct strings *list, uint64_t *ret, bool *ret_all,
		     struct error *err)
{
	*ret = 0;
	*ret_all = false;
	for (size_t i = 0; i < list->n; i++) {
		uint64_t bit = 0;
		int r = 0;

		if (is_all(list->items[i]))
			*ret_all = true;
		else
			r = cap_bit(field, list->items[i], &bit, err);
		if (r < 0)
			return r;
		*ret |= bit;
	}
	return 0;
}

static const char *first_name(uint64_t set)
{
	int i = 0;

	while (!(set >> i & 1))
		i++;
	return names[i];
}

int oci_caps_of(const struct service *s, uint64_t available, uint64_t *ret, struct error *err)
{
	uint64_t add, drop, set;
	bool add_all, drop_all;
	int r = read_list("capabilities", &s->capabilities, &add, &add_all, err);

	if (r == 0)
		r = read_list("cap_drop", &s->cap_drop, &drop, &drop_all, err);
	if (r < 0)
		return r;
	available &= all;
	if (add & ~available)
		return error_set(err, ERR_UNSUPPORTED, 0, "capabilities: this host cannot give %s",
				 first_name(add & ~available));
	if (s->privileged || add_all)
		set = available;
	else
		set = s->capabilities.n ? add : docker & available;
	if (drop_all)
		set &= add;
	*ret = set & ~drop;
	return 0;
}

struct json_object *oci_caps_names(uint64_t set)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; i < N_CAPS; i++) {
		char text[40];

		if (!(set >> i & 1))
			continue;
		snprintf(text, sizeof(text), "CAP_%s", names[i]);
		json_object_array_add(list, json_object_new_string(text));
	}
	return list;
}
