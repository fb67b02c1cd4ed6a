/* SPDX-License-Identifier: Apache-2.0 */
/* Turns the table into the document, leaving out what the container's capabilities rule out. */
#include "backends/oci_seccomp.h"

#include <errno.h>
#include <string.h>

static const char *const ops[] = { "SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ" };

static bool applies(const struct oci_seccomp_rule *rule, const char *arch, uint64_t caps)
{
	return (!rule->arch || strcmp(rule->arch, arch) == 0) &&
	       (!rule->caps || rule->caps & caps) && !(rule->without & caps);
}

static struct json_object *build_rule(const struct oci_seccomp_rule *rule)
{
	struct json_object *o = json_object_new_object();
	struct json_object *names = json_object_new_array();

	for (const char *p = rule->names; *p;) {
		size_t n = strcspn(p, " ");

		json_object_array_add(names, json_object_new_string_len(p, (int)n));
		p += n;
		p += *p == ' ';
	}
	json_put_obj(o, "names", names);
	json_put_str(o, "action", rule->err ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (rule->err)
		json_put_i64(o, "errnoRet", rule->err);
	if (rule->n_args) {
		struct json_object *args = json_object_new_array();
		struct json_object *arg = json_object_new_object();

		json_put_i64(arg, "index", rule->index);
		json_put_obj(arg, "value", json_object_new_uint64(rule->value));
		if (rule->op == OCI_SECCOMP_MASKED_EQ)
			json_put_obj(arg, "valueTwo", json_object_new_uint64(rule->value_two));
		json_put_str(arg, "op", ops[rule->op]);
		json_object_array_add(args, arg);
		json_put_obj(o, "args", args);
	}
	return o;
}

static struct json_object *architectures(const char *arch)
{
	static const char *const amd64[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
					     NULL };
	static const char *const arm64[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL };
	const char *const *names = strcmp(arch, "arm64") == 0 ? arm64 : amd64;
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; names[i]; i++)
		json_object_array_add(list, json_object_new_string(names[i]));
	return list;
}

struct json_object *oci_seccomp_build(const char *arch, uint64_t capabilities)
{
	struct json_object *o = json_object_new_object();
	struct json_object *rules = json_object_new_array();

	json_put_str(o, "defaultAction", "SCMP_ACT_ERRNO");
	json_put_i64(o, "defaultErrnoRet", EPERM);
	json_put_obj(o, "architectures", architectures(arch));
	for (size_t i = 0; i < oci_seccomp_table_n; i++)
		if (applies(&oci_seccomp_table[i], arch, capabilities))
			json_object_array_add(rules, build_rule(&oci_seccomp_table[i]));
	json_put_obj(o, "syscalls", rules);
	return o;
}
