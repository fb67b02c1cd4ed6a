/* SPDX-License-Identifier: Apache-2.0 */
/* Frames and the greeting. Knows no socket and no operation. */
#include "backends/shim_protocol.h"

#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

/* What the length counts beyond the body: id and kind. */
enum { REST_OF_HEAD = SHIM_FRAME_HEAD - 4 };

static void put_number(char *out, uint64_t value, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--, value >>= 8)
		out[i] = (char)(value & 0xff);
}

static uint64_t get_number(const char *p, int n_bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < n_bytes; i++)
		value = value << 8 | (uint8_t)p[i];
	return value;
}

static bool is_kind(uint8_t number)
{
	switch (number) {
#define X(id, n) case n:
		SHIM_FRAME_KINDS(X)
#undef X
		return true;
	default:
		return false;
	}
}

int shim_frame_encode(const struct shim_frame *f, struct buf *out, struct error *err)
{
	char head[SHIM_FRAME_HEAD];

	if (f->n_body > LIMIT_FRAME_BYTES - REST_OF_HEAD)
		return error_set(err, ERR_LIMIT, 0, "a frame of %zu bytes is too large", f->n_body);
	put_number(head, REST_OF_HEAD + f->n_body, 4);
	put_number(head + 4, f->id, 8);
	put_number(head + 12, f->kind, 1);
	buf_add(out, head, sizeof(head));
	buf_add(out, f->body, f->n_body);
	if (out->overflow)
		return error_set(err, ERR_LIMIT, 0, "too many frames wait to be sent");
	return 0;
}

int shim_frame_encode_json(uint64_t id, enum shim_frame_kind kind, struct json_object *body,
			   struct buf *out, struct error *err)
{
	struct json_object *owned CLEAN(json) = body;
	struct shim_frame f = { .id = id, .kind = kind };

	f.body = json_object_to_json_string_length(
		owned, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &f.n_body);
	return shim_frame_encode(&f, out, err);
}

int shim_frame_decode(const char *p, size_t n, struct shim_frame *ret, size_t *ret_used,
		      struct error *err)
{
	uint64_t length;

	if (n < 4)
		return SHIM_FRAME_PARTIAL;
	length = get_number(p, 4);
	if (length < REST_OF_HEAD)
		return error_set(err, ERR_INVALID, 0, "a frame of %ju bytes is too short",
				 (uintmax_t)length);
	if (length > LIMIT_FRAME_BYTES)
		return error_set(err, ERR_LIMIT, 0, "a frame of %ju bytes is too large",
				 (uintmax_t)length);
	/* What cannot be right is refused before its end is waited for. */
	if (n >= SHIM_FRAME_HEAD && !is_kind((uint8_t)p[12]))
		return error_set(err, ERR_INVALID, 0, "unknown kind of frame %u",
				 (unsigned)(uint8_t)p[12]);
	if (n < 4 + length)
		return SHIM_FRAME_PARTIAL;
	*ret = (struct shim_frame){
		.id = get_number(p + 4, 8),
		.kind = (enum shim_frame_kind)(uint8_t)p[12],
		.body = p + SHIM_FRAME_HEAD,
		.n_body = (size_t)length - REST_OF_HEAD,
	};
	*ret_used = 4 + (size_t)length;
	return 0;
}

int shim_frame_body(const struct shim_frame *f, struct json_object **ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	int r = json_parse(f->body, f->n_body, &o, err);

	if (r < 0)
		return error_wrap(err, r, "frame %ju", (uintmax_t)f->id);
	if (!json_object_is_type(o, json_type_object))
		return error_set(err, ERR_INVALID, 0, "frame %ju holds no object",
				 (uintmax_t)f->id);
	*ret = TAKE(o);
	return 0;
}

struct json_object *shim_hello_to_json(const struct shim_hello *h)
{
	struct json_object *o = json_object_new_object();

	json_put_i64(o, "protocol", h->protocol);
	json_put_str(o, "build", h->build);
	json_put_str(o, "runtime", h->runtime);
	json_put_str(o, "owner", h->owner);
	json_put_str(o, "node_id", h->node_id);
	json_put_str(o, "boot_id", h->boot_id);
	json_put_i64(o, "pid", h->pid);
	json_put_str(o, "state_dir", h->state_dir);
	return o;
}

int shim_hello_from_json(struct json_object *o, struct arena *a, struct shim_hello *ret,
			 struct error *err)
{
	struct shim_hello h = { 0 };
	const struct {
		const char *key;
		const char **to;
	} texts[] = {
		{ "build", &h.build },     { "runtime", &h.runtime }, { "owner", &h.owner },
		{ "node_id", &h.node_id }, { "boot_id", &h.boot_id },
	};
	int r = json_need_i64(o, "protocol", &h.protocol, err);

	if (r == 0)
		r = json_need_i64(o, "pid", &h.pid, err);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++) {
		r = json_need_str(o, texts[i].key, texts[i].to, err);
		/* Another version may say less; its number is what has to be told then. */
		if (r < 0 && h.protocol != SHIM_PROTOCOL) {
			*texts[i].to = "unknown";
			r = 0;
		}
		*texts[i].to = arena_strdup(a, *texts[i].to);
	}
	r = r < 0 ? r : json_get_str(o, "state_dir", &h.state_dir, err);
	if (r < 0)
		return error_wrap(err, r, "hello");
	h.state_dir = arena_strdup(a, h.state_dir);
	*ret = h;
	return 0;
}

static int check_same(const char *what, const char *mine, const char *theirs, struct error *err)
{
	if (strcmp(mine, theirs) == 0)
		return 0;
	return error_set(err, ERR_LOCKED, 0, "the shim and its client differ in %s: %s and %s",
			 what, mine, theirs);
}

/* One may be spelled in several ways. After a move, or a take-over, the shim that is there sees the
 * old one's bundles, and would make new ones beside them. */
static int check_dirs(const char *mine, const char *theirs, int64_t shim_pid, struct error *err)
{
	struct stat a, b;

	if (!mine || !theirs || strcmp(mine, theirs) == 0)
		return 0;
	if (stat(mine, &a) == 0 && stat(theirs, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return 0;
	if (shim_pid <= 0)
		return check_same("state directory", mine, theirs, err);
	return error_set(err, ERR_LOCKED, 0,
			 "the shim serves state directory %s and not %s ('kill %jd' ends it, its "
			 "containers go on)",
			 theirs, mine, (intmax_t)shim_pid);
}

int shim_hello_check(const struct shim_hello *mine, const struct shim_hello *theirs,
		     int64_t shim_pid, struct error *err)
{
	int r = 0;

	if (mine->protocol != theirs->protocol)
		r = error_set(err, ERR_UNSUPPORTED, 0,
			      "shim protocol %jd (build %s) does not fit protocol %jd (build %s)",
			      (intmax_t)theirs->protocol, theirs->build, (intmax_t)mine->protocol,
			      mine->build);
	if (r == 0)
		r = check_same("owner", mine->owner, theirs->owner, err);
	if (r == 0)
		r = check_same("node id", mine->node_id, theirs->node_id, err);
	if (r == 0)
		r = check_same("runtime", mine->runtime, theirs->runtime, err);
	if (r == 0)
		r = check_dirs(mine->state_dir, theirs->state_dir, shim_pid, err);
	if (r < 0 && shim_pid > 0)
		error_hint(err,
			   "'kill %jd' ends that shim, its containers go on; then run this again",
			   (intmax_t)shim_pid);
	return r;
}
