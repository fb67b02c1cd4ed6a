/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a process is the GUID the service gave its system, and its pid in it. A system of
 * the same id with another GUID was made by somebody else, later: ours ended unseen.
 */
#include "backends/hcs_exit.h"

#include <string.h>
#include <strings.h>

#include "backends/hcs_events.h"
#include "backends/hcs_result.h"
#include "backends/hcs_text.h"

/* What the service knows of a process: still there, ended with a code, or nothing. */
enum fate { LIVES, ENDED, FORGOTTEN };

static int read_exit(struct hcs *h, PWSTR document, struct hcs_exit *ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	int r = hcs_text_from_utf16(document, &text, err);

	h->api->LocalFree(document);
	return r < 0 ? r : hcs_reply_process_exit(text.data, text.n, ret, err);
}

static int ask_process(struct hcs *h, HCS_PROCESS process, enum fate *ret_fate,
		       struct hcs_exit *ret, struct error *err)
{
	PWSTR document = NULL;
	HRESULT hr = h->api->HcsWaitForProcessExit(process, 0, &document);

	if (hcs_result_is(hr, HCS_E_OPERATION_TIMEOUT)) {
		h->api->LocalFree(document);
		*ret_fate = LIVES;
		return 0;
	}
	*ret_fate = ENDED;
	if (hcs_result_failed(hr)) {
		int r = hcs_result_error(err, hr, document, "ask how it ended");

		h->api->LocalFree(document);
		return r;
	}
	return read_exit(h, document, ret, err);
}

/* Through handles of our own: a stuck call on the watched ones holds up nobody else. */
static int ask_system(struct hcs *h, HCS_SYSTEM sys, uint32_t pid, enum fate *ret_fate,
		      struct hcs_exit *ret, struct error *err)
{
	HCS_PROCESS process = NULL;
	HRESULT hr = h->api->HcsOpenProcess(sys, pid, GENERIC_ALL, &process);
	enum hcs_outcome o = hcs_result_outcome(hr);
	int r;

	if (o == HCS_ABSENT || o == HCS_STOPPED || o == HCS_STATE) {
		*ret_fate = FORGOTTEN;
		return 0;
	}
	if (hcs_result_failed(hr))
		return hcs_result_error(err, hr, NULL, "open process %u", pid);
	r = ask_process(h, process, ret_fate, ret, err);
	h->api->HcsCloseProcess(process);
	return r;
}

static int ask(struct hcs *h, const struct hcs_box *copy, enum fate *ret_fate, struct hcs_exit *ret,
	       struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_properties seen;
	HCS_SYSTEM sys;
	int r = hcs_system_look(h, copy->id, 0, a, &seen, err);

	*ret_fate = FORGOTTEN;
	if (r != 0)
		return r < 0 ? r : 0;
	if (seen.basics.runtime_id && copy->note.runtime_id &&
	    strcasecmp(seen.basics.runtime_id, copy->note.runtime_id) != 0)
		return 0;
	r = hcs_system_open(h, copy->id, &sys, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = ask_system(h, sys, copy->note.pid, ret_fate, ret, err);
	h->api->HcsCloseComputeSystem(sys);
	return r;
}

int hcs_exit_check(struct hcs *h, const char *id, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_exit seen = { 0 };
	struct instance_exit e = { .at = clock_wall() };
	enum fate fate;
	struct hcs_box copy;
	int r;

	if (!hcs_box_copy(h, id, a, &copy) || copy.ended || !copy.has_note || !copy.note.pid)
		return 0;
	r = ask(h, &copy, &fate, &seen, err);
	if (r < 0 || fate == LIVES)
		return r;
	/* The flag may have been set while the service was asked. */
	if (!hcs_box_copy(h, id, a, &copy))
		return 0;
	e.has_code = copy.killed || (fate == ENDED && seen.has_code);
	e.code = copy.killed ? HCS_KILLED_CODE : e.has_code ? seen.code : 0;
	hcs_box_end(h, id, &e);
	return 0;
}

static size_t all_ids(struct hcs *h, struct arena *a, const char ***ret)
{
	struct hcs_box *box, *tmp;
	const char **ids;
	size_t n = 0;

	pthread_mutex_lock(&h->lock);
	ids = arena_array(a, HASH_COUNT(h->boxes) + 1, sizeof(*ids));
	HASH_ITER (hh, h->boxes, box, tmp)
		ids[n++] = arena_strdup(a, box->id);
	pthread_mutex_unlock(&h->lock);
	*ret = ids;
	return n;
}

void hcs_exit_reopen(struct hcs *h)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char **ids;
	size_t n = all_ids(h, a, &ids);

	for (size_t i = 0; i < n; i++) {
		struct hcs_box *box;

		/* One that is being worked on finds out by itself. */
		if (hcs_box_take(h, ids[i], &box, NULL) < 0 || !box)
			continue;
		hcs_box_close(box);
		(void)hcs_adopt_again(box, NULL); /* what does not open is seen as it is */
		hcs_box_settle(box);
	}
}
