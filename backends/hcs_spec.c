/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, names, network and isolation; what runs and what is mounted are in hcs_spec_*.c. */
#include "backends/hcs_spec.h"

#include <inttypes.h>
#include <string.h>

#include "backends/hcs_spec_parts.h"
#include "base/digest.h"
#include "specs/memory.h"
#include "specs/runtime_id.h"

enum {
	HASH_TAIL = 6,
	WHOLE = 10000,     /* processor_maximum of all the host's processors */
	GUEST_MB = 512,    /* what Windows itself needs in a utility VM, beside its container */
	MAX_CORES = 65536, /* more than Windows has */
};

/* Letters, digits and hyphens; what stands for a gap becomes one, the rest is dropped. */
static size_t clean_name(const char *name, char *out)
{
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || *p == '-')
			out[n++] = *p;
		else if (*p == '_' || *p == '.' || *p == ' ')
			out[n++] = '-';
	}
	out[n] = '\0';
	return n;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *hcs_spec_host_name(const struct instance_spec *spec, struct arena *a)
{
	const char *slot = runtime_id_slot_name(a, spec->service_name, spec->slot);
	const char *name = spec->service->hostname ? spec->service->hostname : slot;
	char *clean = arena_alloc(a, strlen(name) + strlen(slot) + 1);
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	if (clean_name(name, clean) == 0)
		(void)clean_name(slot, clean);
	if (!is_letter(*clean))
		clean = arena_printf(a, "z%s", clean);
	if (strlen(clean) <= HCS_HOST_NAME)
		return clean;
	digest_sha256(name, strlen(name), sum);
	return arena_printf(a, "%.*s-%.*s", HCS_HOST_NAME - HASH_TAIL - 1, clean, HASH_TAIL,
			    digest_hex(sum, hex));
}

static int64_t round_up(double cores)
{
	int64_t n = (int64_t)cores;

	return n + ((double)n < cores);
}

static int read_memory(const char *text, int64_t *ret_mb, struct error *err)
{
	const uint64_t mb = UINT64_C(1) << 20;
	uint64_t bytes;

	if (!text)
		return 0;
	if (!memory_parse(text, &bytes) || bytes > INT64_MAX)
		return error_set(err, ERR_INVALID, 0, "resources.memory: %.40s is no size", text);
	*ret_mb = (int64_t)((bytes + mb - 1) / mb);
	return 0;
}

static int read_processor(const struct resources_spec *r, const struct hcs_host *host,
			  struct hcs_limits *l, struct error *err)
{
	double cpu = r->cpu.value, share;

	if (!r->cpu.has) {
		/* Docker hands shares through as the weight. */
		l->processor_weight = r->cpu_shares.has ? r->cpu_shares.value : 0;
		l->processor_weight = l->processor_weight > WHOLE ? WHOLE : l->processor_weight;
		return 0;
	}
	if (!(cpu > 0 && cpu <= MAX_CORES))
		return error_set(err, ERR_INVALID, 0, "resources.cpu: out of range");
	if (!host->n_processors) {
		l->processor_count = round_up(cpu);
		return 0;
	}
	share = cpu * WHOLE / host->n_processors;
	l->processor_maximum = share < 1 ? 1 : share > WHOLE ? WHOLE : (int64_t)share;
	return 0;
}

int hcs_spec_limits(const struct resources_spec *r, const struct hcs_host *host,
		    struct hcs_limits *ret, struct error *err)
{
	struct hcs_limits l = { 0 };
	int e = read_memory(r->memory, &l.memory_mb, err);

	if (e == 0)
		e = read_processor(r, host, &l, err);
	if (e < 0)
		return e;
	*ret = l;
	return 0;
}

int hcs_spec_limits_in(const struct resources_spec *r, int64_t vm_memory_mb, int64_t vm_processors,
		       struct hcs_limits *ret, struct error *err)
{
	const struct hcs_host vm = { .n_processors = (uint32_t)vm_processors };
	struct hcs_limits l;
	int e = hcs_spec_limits(r, &vm, &l, err);

	if (e < 0)
		return e;
	if ((l.memory_mb && l.memory_mb + GUEST_MB > vm_memory_mb) ||
	    (r->cpu.has && r->cpu.value > (double)vm_processors)) {
		e = error_set(err, ERR_UNSUPPORTED, 0,
			      "its utility VM of %" PRId64 " MB and %" PRId64
			      " processors is too small for these limits",
			      vm_memory_mb, vm_processors);
		error_hint(err, "ask for less: the size of a VM stays as it was made");
		return e;
	}
	*ret = l;
	return 0;
}

/* As large as its container may get; never smaller than upstream's. A share of the processors is
 * one of the VM's then. */
static int size_vm(const struct hcs_spec *s, struct hcs_wish *w, struct error *err)
{
	const struct resources_spec *r = &s->spec->service->resources;
	int64_t cores = r->cpu.has ? round_up(r->cpu.value) : 0;
	int64_t mb = w->container.limits.memory_mb;
	struct hcs_host vm = *s->host;

	mb += mb ? GUEST_MB : 0;
	w->vm.memory_mb = mb > HCS_VM_MEMORY_MB ? mb : HCS_VM_MEMORY_MB;
	if (vm.n_processors && cores > vm.n_processors)
		cores = vm.n_processors;
	w->vm.processors = cores > HCS_VM_PROCESSORS ? cores : HCS_VM_PROCESSORS;
	vm.n_processors = (uint32_t)w->vm.processors;
	return hcs_spec_limits(r, &vm, &w->container.limits, err);
}

/* Ports of the host that the file names; a free one is not chosen here. */
static void list_ports(const struct service *s, struct arena *a, struct hcn_endpoint *ep)
{
	struct hcn_port *ports = arena_array(a, s->port_mappings.n, sizeof(*ports));

	ep->ports = ports;
	for (size_t i = 0; i < s->port_mappings.n; i++) {
		const struct port_mapping *p = &s->port_mappings.items[i];

		if (!p->host_port.has || p->host_port.value == 0)
			continue;
		ports[ep->n_ports++] = (struct hcn_port){
			.transport = p->protocol,
			.host = (uint16_t)p->host_port.value,
			.container = (uint16_t)p->container_port,
			.host_ip = p->host_ip,
		};
	}
}

static int refuse_network(const char *what, struct error *err)
{
	int r = error_set(err, ERR_UNSUPPORTED, 0, "network_mode: %s", what);

	error_hint(err,
		   "leave network_mode out: it gets an address of its own, and expose publishes "
		   "its ports");
	return r;
}

int hcs_spec_network(const struct service *s, struct arena *a, struct hcs_wish *w,
		     struct error *err)
{
	switch (s->network_mode.kind) {
	case NETWORK_NONE:
		return 0;
	case NETWORK_HOST:
		return refuse_network("Windows containers cannot be in the host's network", err);
	case NETWORK_CONTAINER:
		return refuse_network("another container's network is not possible here", err);
	case NETWORK_BRIDGE:
		if (s->network_mode.name)
			return refuse_network("a named bridge is not possible here", err);
		break;
	case NETWORK_DEFAULT:
		break;
	}
	w->has_network = true;
	w->endpoint.servers = s->dns;
	list_ports(s, a, &w->endpoint);
	return 0;
}

static int read_isolation(const struct hcs_spec *s, struct hcs_wish *w, struct error *err)
{
	const struct gpu_spec *gpu = s->spec->service->resources.gpu;
	const struct hcs_isolation_case c = { .wanted = s->spec->service->isolation,
					      .image_version = s->image->platform.os_version,
					      .host = s->host->version,
					      .has_hyperv = s->host->has_hyperv,
					      .wants_gpu = gpu && gpu->count > 0,
					      .sharing = gpu ? gpu->sharing : GPU_SHARING_UNSET };

	w->has_gpu = c.wants_gpu;
	return hcs_isolation_decide(&c, &w->isolation, err);
}

int hcs_spec_read(const struct hcs_spec *s, struct arena *a, struct hcs_wish *ret,
		  struct error *err)
{
	const struct service *service = s->spec->service;
	struct hcs_wish w = { 0 };
	int r = read_isolation(s, &w, err);

	r = r < 0 ? r : hcs_spec_network(service, a, &w, err);
	r = r < 0 ? r : hcs_spec_limits(&service->resources, s->host, &w.container.limits, err);
	if (r == 0 && w.isolation == HCS_ISOLATION_HYPERV)
		r = size_vm(s, &w, err);
	r = r < 0 ? r : hcs_spec_storage(s, a, &w, err);
	r = r < 0 ? r : hcs_spec_process(s, a, &w.process, err);
	if (r < 0)
		return r;
	w.container.host_name = hcs_spec_host_name(s->spec, a);
	*ret = w;
	return 0;
}
