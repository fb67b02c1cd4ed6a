/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of /etc/resolv.conf, /etc/hosts and /etc/hostname. A value from the file
 * becomes a word of such a text only when it is an address or a name: a newline in it
 * would write lines of its own.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <string.h>

#include "backends/oci_mounts.h"
#include "base/buf.h"
#include "base/limits.h"

static bool is_address(const char *text)
{
	unsigned char out[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, out) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

static bool is_name(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789._-")];
}

static int put_resolv(const struct oci_bundle *b, struct buf *out, struct error *err)
{
	const struct strings *dns = &b->spec->service->dns;

	for (size_t i = 0; i < dns->n; i++) {
		if (!is_address(dns->items[i]))
			return error_set(err, ERR_INVALID, 0, "dns: %s is no address",
					 dns->items[i]);
		buf_printf(out, "nameserver %s\n", dns->items[i]);
	}
	if (!dns->n && b->facts->resolv_conf)
		buf_puts(out, b->facts->resolv_conf);
	return 0;
}

/* "host:ip", the first colon parts them: an IPv6 address has more, in brackets or not. */
static int put_extra_host(const char *text, struct arena *a, struct buf *out, struct error *err)
{
	const char *colon = strpbrk(text, ":=");
	char *name, *ip;
	size_t n;

	if (!colon)
		return error_set(err, ERR_INVALID, 0, "extra_hosts: %s is not host:ip", text);
	name = arena_strndup(a, text, (size_t)(colon - text));
	ip = arena_strdup(a, colon + 1);
	n = strlen(ip);
	if (n > 2 && ip[0] == '[' && ip[n - 1] == ']') {
		ip[n - 1] = '\0';
		ip++;
	}
	if (!is_name(name) || !is_address(ip))
		return error_set(err, ERR_INVALID, 0, "extra_hosts: %s is not host:ip", text);
	buf_printf(out, "%s\t%s\n", ip, name);
	return 0;
}

static int put_hosts(const struct oci_bundle *b, const char *hostname, struct arena *a,
		     struct buf *out, struct error *err)
{
	const struct service *s = b->spec->service;

	if (s->network_mode.kind == NETWORK_HOST && b->facts->hosts) {
		buf_puts(out, b->facts->hosts);
		if (out->n && out->data[out->n - 1] != '\n')
			buf_putc(out, '\n');
	} else {
		buf_puts(out, "127.0.0.1\tlocalhost\n"
			      "::1\tlocalhost ip6-localhost ip6-loopback\n"
			      "fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n"
			      "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
	}
	for (size_t i = 0; i < s->extra_hosts.n; i++) {
		int r = put_extra_host(s->extra_hosts.items[i], a, out, err);

		if (r < 0)
			return r;
	}
	if (b->spec->address && is_address(b->spec->address))
		buf_printf(out, "%s\t%s\n", b->spec->address, hostname);
	return 0;
}

int oci_mounts_etc(const struct oci_bundle *b, struct arena *a, struct oci_etc *ret,
		   struct error *err)
{
	struct buf resolv CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	struct buf hosts CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	const char *hostname = oci_bundle_hostname(b->spec, a);
	int r = put_resolv(b, &resolv, err);

	if (r == 0 && !is_name(hostname))
		r = error_set(err, ERR_INVALID, 0, "hostname: %s is no host name", hostname);
	if (r == 0 && strlen(hostname) > HOST_NAME_MAX)
		r = error_set(err, ERR_INVALID, 0, "hostname: %s is longer than %d", hostname,
			      HOST_NAME_MAX);
	if (r == 0)
		r = put_hosts(b, hostname, a, &hosts, err);
	if (r < 0)
		return r;
	if (resolv.overflow || hosts.overflow)
		return error_set(err, ERR_LIMIT, 0, "extra_hosts or dns: too many");
	ret->resolv_conf = resolv.n ? arena_strdup(a, resolv.data) : NULL;
	ret->hosts = arena_strdup(a, hosts.data);
	ret->hostname = arena_printf(a, "%s\n", hostname);
	return 0;
}
