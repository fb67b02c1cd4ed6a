/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function a part, in the order of the document. Checked here is what the service answers with
 * nothing but "invalid argument"; everything else it says better itself.
 */
#include "backends/hcs_document.h"

#include <string.h>

static const char *const changes[] = { "Add", "Remove", "Update" };

const char *hcs_document_change_name(enum hcs_change change)
{
	return changes[change];
}

void hcs_document_put_version(struct json_object *o)
{
	struct json_object *v = json_object_new_object();

	json_put_i64(v, "Major", 2);
	json_put_i64(v, "Minor", 1);
	json_put_obj(o, "SchemaVersion", v);
}

struct json_object *hcs_document_layers(const struct hcs_layer *layers, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		json_put_str(o, "Id", layers[i].id);
		json_put_str(o, "Path", layers[i].path);
		json_object_array_add(list, o);
	}
	return list;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool hcs_document_volume(const char *path)
{
	static const char prefix[] = "\\\\?\\Volume{";
	static const char form[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh}";

	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return false;
	path += strlen(prefix);
	for (const char *f = form; *f; f++, path++)
		if (*f == 'h' ? !is_hex(*path) : *path != *f)
			return false;
	return !*path || !strcmp(path, "\\");
}

/* Letters, digits and hyphens; more is refused by some builds and cut by others. */
static int check_host_name(const char *name, struct error *err)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-";
	size_t n = strlen(name);

	if (n < 1 || n > HCS_HOST_NAME || strspn(name, legal) != n)
		return error_set(err, ERR_INVALID, 0,
				 "hostname: %.60s: 1 to %d letters, digits and hyphens", name,
				 HCS_HOST_NAME);
	return 0;
}

static int check_limits(const struct hcs_limits *l, struct error *err)
{
	int n = (l->processor_count != 0) + (l->processor_maximum != 0) +
		(l->processor_weight != 0);

	if (n > 1)
		return error_set(err, ERR_INVALID, 0,
				 "processor count, maximum and weight exclude each other");
	if (l->processor_maximum < 0 || l->processor_maximum > 10000 || l->processor_weight < 0 ||
	    l->processor_weight > 10000 || l->processor_count < 0 || l->memory_mb < 0)
		return error_set(err, ERR_INVALID, 0, "processor or memory limit out of range");
	return 0;
}

/* The list goes over the wire as one text, joined by commas. */
static int check_search(const struct strings *search, struct error *err)
{
	for (size_t i = 0; i < search->n; i++)
		if (!*search->items[i] || strchr(search->items[i], ','))
			return error_set(err, ERR_INVALID, 0, "no DNS suffix: \"%.60s\"",
					 search->items[i]);
	return 0;
}

static int check(const struct hcs_container *c, struct error *err)
{
	int r = check_host_name(c->host_name, err);

	if (r == 0 && !c->n_layers)
		r = error_set(err, ERR_INVALID, 0, "a container without a layer");
	if (r == 0)
		r = check_limits(&c->limits, err);
	return r < 0 ? r : check_search(&c->dns_search, err);
}

static struct json_object *build_storage(const struct hcs_container *c, bool is_volume)
{
	struct json_object *o = json_object_new_object();
	struct buf path CLEAN(buf) = BUF_INIT(4096);

	json_put_obj(o, "Layers", hcs_document_layers(c->layers, c->n_layers));
	buf_puts(&path, c->root);
	if (is_volume && path.n && path.data[path.n - 1] != '\\')
		buf_putc(&path, '\\');
	json_put_str(o, "Path", path.data);
	return o;
}

static struct json_object *build_networking(const struct hcs_container *c)
{
	struct json_object *o = json_object_new_object();
	struct buf list CLEAN(buf) = BUF_INIT(1 << 16);

	json_put_bool(o, "AllowUnqualifiedDnsQuery", true);
	for (size_t i = 0; i < c->dns_search.n; i++)
		buf_printf(&list, "%s%s", i ? "," : "", c->dns_search.items[i]);
	if (list.n)
		json_put_str(o, "DnsSearchList", list.data);
	json_put_str(o, "Namespace", c->network);
	return o;
}

static struct json_object *build_processor(const struct hcs_limits *l)
{
	struct json_object *o = json_object_new_object();

	if (l->processor_count)
		json_put_i64(o, "Count", l->processor_count);
	if (l->processor_maximum)
		json_put_i64(o, "Maximum", l->processor_maximum);
	if (l->processor_weight)
		json_put_i64(o, "Weight", l->processor_weight);
	return o;
}

static struct json_object *build_directory(const struct hcs_directory *d)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "HostPath", d->host);
	json_put_str(o, "ContainerPath", d->container);
	json_put_bool(o, "ReadOnly", d->readonly);
	return o;
}

static void put_mappings(const struct hcs_container *c, struct json_object *o)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < c->n_directories; i++)
		json_object_array_add(list, build_directory(&c->directories[i]));
	if (c->n_directories)
		json_put_obj(o, "MappedDirectories", list);
	else
		json_object_put(list);
	list = json_object_new_array();
	for (size_t i = 0; i < c->n_pipes; i++) {
		struct json_object *pipe = json_object_new_object();

		json_put_str(pipe, "ContainerPipeName", c->pipes[i].name);
		json_put_str(pipe, "HostPath", c->pipes[i].host);
		json_object_array_add(list, pipe);
	}
	if (c->n_pipes)
		json_put_obj(o, "MappedPipes", list);
	else
		json_object_put(list);
}

static struct json_object *build_container(const struct hcs_container *c, bool is_volume)
{
	struct json_object *o = json_object_new_object();
	struct json_object *guest = json_object_new_object();

	/* Always: a document with a namespace and without a name is refused. */
	json_put_str(guest, "HostName", c->host_name);
	json_put_obj(o, "GuestOs", guest);
	json_put_obj(o, "Storage", build_storage(c, is_volume));
	if (c->network)
		json_put_obj(o, "Networking", build_networking(c));
	put_mappings(c, o);
	/* Always, as runhcs does, empty where nothing is limited. */
	json_put_obj(o, "Processor", build_processor(&c->limits));
	if (c->limits.memory_mb) {
		struct json_object *memory = json_object_new_object();

		json_put_i64(memory, "SizeInMB", c->limits.memory_mb);
		json_put_obj(o, "Memory", memory);
	}
	return o;
}

/* What every compute system of ours has. */
static struct json_object *begin(const char *owner)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Owner", owner);
	hcs_document_put_version(o);
	json_put_bool(o, "ShouldTerminateOnLastHandleClosed", false);
	return o;
}

int hcs_document_container(const char *owner, const struct hcs_container *c,
			   struct json_object **ret, struct error *err)
{
	struct json_object *o;
	int r = check(c, err);

	if (r == 0 && !hcs_document_volume(c->root))
		r = error_set(err, ERR_INVALID, 0, "%.100s is not the name of a volume", c->root);
	if (r < 0)
		return r;
	o = begin(owner);
	json_put_obj(o, "Container", build_container(c, true));
	*ret = o;
	return 0;
}

int hcs_document_hosted(const char *owner, const char *vm, const struct hcs_container *c,
			struct json_object **ret, struct error *err)
{
	struct json_object *o, *hosted;
	int r = check(c, err);

	if (r < 0)
		return r;
	o = begin(owner);
	hosted = json_object_new_object();
	hcs_document_put_version(hosted);
	json_put_obj(hosted, "Container", build_container(c, false));
	json_put_str(o, "HostingSystemId", vm);
	json_put_obj(o, "HostedSystem", hosted);
	*ret = o;
	return 0;
}

struct json_object *hcs_document_systems(const char *owner)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, json_object_new_string(owner));
	json_put_obj(o, "Owners", list);
	return o;
}

struct json_object *hcs_document_properties(unsigned properties)
{
	static const struct {
		enum hcs_property bit;
		const char *name;
	} names[] = { { HCS_PROPERTY_STATISTICS, "Statistics" },
		      { HCS_PROPERTY_PROCESSES, "ProcessList" },
		      { HCS_PROPERTY_MEMORY, "Memory" },
		      { HCS_PROPERTY_GUEST, "GuestConnection" } };
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (properties & names[i].bit)
			json_object_array_add(list, json_object_new_string(names[i].name));
	if (properties)
		json_put_obj(o, "PropertyTypes", list);
	else
		json_object_put(list);
	return o;
}

struct json_object *hcs_document_change(const char *path, enum hcs_change change,
					struct json_object *settings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "ResourcePath", path);
	json_put_str(o, "RequestType", changes[change]);
	if (settings)
		json_put_obj(o, "Settings", settings);
	return o;
}

struct json_object *hcs_document_memory(int64_t memory_mb)
{
	return hcs_document_change("Container/Memory/SizeInMB", HCS_UPDATE,
				   json_object_new_int64(memory_mb));
}

struct json_object *hcs_document_processor(const struct hcs_limits *limits)
{
	return hcs_document_change("Container/Processor", HCS_UPDATE, build_processor(limits));
}

struct json_object *hcs_document_directory(enum hcs_change change, const struct hcs_directory *d)
{
	return hcs_document_change("Container/MappedDirectories", change, build_directory(d));
}
