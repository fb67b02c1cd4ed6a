/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the parts together; what each does at a restart or reboot is its own. */
#include "backends/hcs_sim/host/lifecycle.h"

#include "backends/hcs_sim/host/calls.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/faults.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/store.h"
#include "backends/hcs_sim/place.h"
#include "base/fs.h"
#include "base/log.h"

enum { MAX_SWITCHES = 64 << 10 };

/* --- switches --------------------------------------------------------------------------- */

static int read_switches(struct host *h, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_SWITCHES);
	int r = fs_read(h->dirfd, PLACE_SWITCHES, &text, err);

	if (r == -ERR_NOT_FOUND) {
		switches_default(&h->switches);
		return 0;
	}
	if (r == 0)
		r = switches_read(text.data, text.n, &h->switches, err);
	return r < 0 ? error_wrap(err, r, "%s", PLACE_SWITCHES) : 0;
}

static bool is_switches_changed(struct host *h)
{
	struct store_seen now = store_look(h->dirfd, PLACE_SWITCHES);
	bool changed = !store_is_same(&now, &h->switches_seen);

	h->switches_seen = now;
	return changed;
}

void lifecycle_refresh(struct host *h)
{
	struct error err;

	if (faults_refresh(h->faults, &err) < 0)
		log_error(LOG_ERROR, &err, "rules=old");
	if (is_switches_changed(h) && read_switches(h, &err) < 0)
		log_error(LOG_ERROR, &err, "switches=old");
}

/* --- coming and going ------------------------------------------------------------------- */

int lifecycle_start(struct host *h, struct error *err)
{
	int r;

	h->faults = faults_new(h->dirfd);
	(void)is_switches_changed(h); /* they are read now */
	r = read_switches(h, err);
	r = r < 0 ? r : faults_refresh(h->faults, err);
	if (r < 0)
		return r;
	h->calls = calls_new(h, err);
	if (!h->calls)
		return -ERR_IO;
	r = hcn_load(h, err);
	r = r < 0 ? r : layers_load(h, err);
	return r < 0 ? r : compute_load(h, err); /* last: it takes what is lost off the others */
}

void lifecycle_stop(struct host *h)
{
	for (struct client *c = h->clients; c; c = c->next)
		c->gone = true;
	clients_sweep(h);
	if (h->compute)
		compute_kill_all(h->compute);
	calls_free(h->calls);
	compute_free(h->compute);
	layers_free(h->layers);
	hcn_free(h->hcn);
	faults_free(h->faults);
}

bool lifecycle_is_idle(const struct host *h)
{
	return !h->clients && !h->compute->systems;
}

/* --- accidents -------------------------------------------------------------------------- */

static void lose(struct host *h, bool hcn)
{
	calls_lose(h->calls, hcn);
	if (hcn)
		clients_notify_hcn(h, HcnNotificationServiceDisconnect, NULL);
	clients_lose(h, hcn);
	if (!hcn)
		compute_forget_handles(h->compute);
}

void lifecycle_restart(struct host *h, bool hcn)
{
	lose(h, hcn);
	if (hcn)
		hcn_restarted(h->hcn, false);
	else if (h->switches.restart_systems == SWITCH_RESTART_SYSTEMS_LOSE)
		compute_kill_all(h->compute);
}

void lifecycle_reboot(struct host *h)
{
	lose(h, false);
	lose(h, true);
	compute_kill_all(h->compute);
	hcn_restarted(h->hcn, true);
	layers_forget(h->layers);
}
