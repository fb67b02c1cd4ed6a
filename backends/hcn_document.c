/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings as in microsoft/hcsshim, hcn/; what upstream sets is in its crates/zlayer-hns. */
#include "backends/hcn_document.h"

#include <string.h>

enum {
	FLAG_TRANSIENT = 8,   /* EnableNonPersistent */
	PRIORITY_LAST = 65500 /* of a broad rule: behind every narrower one */
};

static void put_version(struct json_object *o)
{
	struct json_object *v = json_object_new_object();

	json_put_i64(v, "Major", 2);
	json_put_i64(v, "Minor", 0);
	json_put_obj(o, "SchemaVersion", v);
}

static struct json_object *begin(const char *owner, const char *name)
{
	struct json_object *o = json_object_new_object();

	put_version(o);
	json_put_str(o, "Owner", owner);
	json_put_str(o, "Name", name);
	return o;
}

static struct json_object *words(const struct strings *list)
{
	struct json_object *o = json_object_new_array();

	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(o, json_object_new_string(list->items[i]));
	return o;
}

static struct json_object *array_of(struct json_object *value)
{
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, value);
	return list;
}

static struct json_object *default_route(const char *gateway)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "NextHop", gateway);
	json_put_str(o, "DestinationPrefix", "0.0.0.0/0");
	return array_of(o);
}

/* Left out when there is nothing to say: the endpoint takes its network's then. */
static void put_dns(struct json_object *o, const char *domain, const struct strings *search,
		    const struct strings *servers)
{
	struct json_object *dns;

	if (!domain && !search->n && !servers->n)
		return;
	dns = json_object_new_object();
	if (domain)
		json_put_str(dns, "Domain", domain);
	if (search->n)
		json_put_obj(dns, "Search", words(search));
	if (servers->n)
		json_put_obj(dns, "ServerList", words(servers));
	json_put_obj(o, "Dns", dns);
}

static void add_policy(struct json_object *list, const char *type, struct json_object *settings)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "Type", type);
	json_put_obj(o, "Settings", settings);
	json_object_array_add(list, o);
}

struct json_object *hcn_document_network(const struct hcn_network *n)
{
#define X(id, name) name,
	static const char *const types[] = { HCN_NETWORK_TYPES(X) };
#undef X
	const struct strings none = { NULL, 0 };
	struct json_object *o = begin(n->owner, n->name);
	struct json_object *subnet = json_object_new_object();
	struct json_object *ipam = json_object_new_object();

	json_put_str(o, "Type", types[n->type]);
	json_put_i64(o, "Flags", n->is_transient ? FLAG_TRANSIENT : 0);
	json_put_str(subnet, "IpAddressPrefix", n->subnet);
	json_put_obj(subnet, "Routes", default_route(n->gateway));
	json_put_str(ipam, "Type", "Static");
	json_put_obj(ipam, "Subnets", array_of(subnet));
	json_put_obj(o, "Ipams", array_of(ipam));
	put_dns(o, NULL, &none, &n->servers);
	if (n->adapter) {
		struct json_object *policies = json_object_new_array();
		struct json_object *settings = json_object_new_object();

		json_put_str(settings, "NetworkAdapterName", n->adapter);
		add_policy(policies, "NetAdapterName", settings);
		json_put_obj(o, "Policies", policies);
	}
	return o;
}

struct json_object *hcn_document_namespace(const char *owner, const char *name)
{
	struct json_object *o = begin(owner, name);

	/* Not HostDefault: that one is the host's own, there is one of it, and containers in it are
	 * refused. */
	json_put_str(o, "Type", "Host");
	return o;
}

static void add_ports(struct json_object *list, const struct hcn_endpoint *e)
{
	for (size_t i = 0; i < e->n_ports; i++) {
		const struct hcn_port *p = &e->ports[i];
		struct json_object *o = json_object_new_object();

		json_put_i64(o, "Protocol", p->transport == TRANSPORT_UDP ? 17 : 6);
		json_put_i64(o, "InternalPort", p->container);
		json_put_i64(o, "ExternalPort", p->host);
		if (p->host_ip && strcmp(p->host_ip, "0.0.0.0") != 0)
			json_put_str(o, "VIP", p->host_ip);
		add_policy(list, "PortMapping", o);
	}
}

static void add_inside(struct json_object *list, const char *prefix)
{
	struct json_object *route = json_object_new_object();
	struct json_object *acl = json_object_new_object();

	json_put_str(route, "DestinationPrefix", prefix);
	json_put_bool(route, "NeedEncap", false);
	add_policy(list, "SDNRoute", route);
	/* Without rule type and priority some networks refuse the whole endpoint. */
	json_put_str(acl, "Action", "Allow");
	json_put_str(acl, "Direction", "In");
	json_put_str(acl, "RemoteAddresses", prefix);
	json_put_str(acl, "RuleType", "Switch");
	json_put_i64(acl, "Priority", PRIORITY_LAST);
	add_policy(list, "ACL", acl);
}

static struct json_object *build_policies(const struct hcn_endpoint *e)
{
	struct json_object *list = json_object_new_array();
	struct json_object *nat = json_object_new_object();

	add_ports(list, e);
	if (e->inside.n)
		json_put_obj(nat, "Exceptions", words(&e->inside));
	add_policy(list, "OutBoundNAT", nat);
	for (size_t i = 0; i < e->inside.n; i++)
		add_inside(list, e->inside.items[i]);
	return list;
}

struct json_object *hcn_document_endpoint(const struct hcn_endpoint *e)
{
	struct json_object *o = begin(e->owner, e->name);
	struct json_object *address = json_object_new_object();

	json_put_str(o, "HostComputeNetwork", e->network);
	json_put_str(address, "IpAddress", e->address);
	json_put_i64(address, "PrefixLength", e->prefix_length);
	json_put_obj(o, "IpConfigurations", array_of(address));
	json_put_obj(o, "Routes", default_route(e->gateway));
	put_dns(o, e->domain, &e->search, &e->servers);
	json_put_obj(o, "Policies", build_policies(e));
	return o;
}

struct json_object *hcn_document_attach(const char *id, bool is_in)
{
	struct json_object *o = json_object_new_object();
	struct json_object *settings = json_object_new_object();

	json_put_str(settings, "EndpointId", id);
	json_put_str(o, "ResourceType", "Endpoint");
	json_put_str(o, "RequestType", is_in ? "Add" : "Remove");
	json_put_obj(o, "Settings", settings);
	return o;
}

struct json_object *hcn_document_query(enum hcn_filter filter, const char *value)
{
	/* The filter looks at names of schema 1, hence the network's. */
	static const char *const keys[] = { NULL, "ID", "Name", "VirtualNetwork" };
	struct json_object *o = json_object_new_object();

	put_version(o);
	json_put_i64(o, "Flags", 0);
	if (keys[filter]) {
		struct json_object *inner CLEAN(json) = json_object_new_object();
		struct buf text CLEAN(buf) = BUF_INIT(4096);

		json_put_str(inner, keys[filter], value);
		json_canonical(inner, &text);
		json_put_str(o, "Filter", text.data); /* JSON as a text inside JSON */
	}
	return o;
}
