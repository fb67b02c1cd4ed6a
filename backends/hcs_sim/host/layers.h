/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Layers: folders that were imported, and scratch layers on top of them. What a folder is stands in
 * the folder itself, in a file the simulator adds (`hcs_sim.json`), so it goes with the folder;
 * what the filter driver would know (active, prepared, which volume) is in layers/, and gone after
 * a reboot.
 */
#include "backends/hcs_sim/host/calls.h"

struct layer {
	struct layer *next;
	char *path; /* absolute, as it was first named */
	bool is_active, is_prepared;
	char *volume; /* "\\?\Volume{…}" of a prepared scratch; NULL */
};

struct layers {
	struct host *host;
	struct layer *layers;
};

/** layers_load() - what the driver knows */
int layers_load(struct host *h, struct error *err);
void layers_free(struct layers *l);

/** layers_forget() - after a reboot: nothing is active */
void layers_forget(struct layers *l);

/** layers_get() - what is known of a layer; a new one is neither active nor prepared */
struct layer *layers_get(struct layers *l, const char *path);

/** layers_save() - write it, or remove its file when there is nothing to say */
int layers_save(struct layers *l, const struct layer *layer, struct error *err);

/** layers_is_used() - is a living system on it? */
bool layers_is_used(struct layers *l, const struct layer *layer);

/** layers_is_parent() - is it below a prepared scratch? */
bool layers_is_parent(struct layers *l, const char *path);

/** layers_of_volume() - the prepared scratch with that volume, with or without the last '\'; NULL
 */
struct layer *layers_of_volume(struct layers *l, const char *volume);

/** layers_is_imported() - is the folder one that ImportLayer made (a base one also processed)? */
bool layers_is_imported(const char *path);

/** layers_build() - the Windows build a layer was made for; 0: it does not say */
int64_t layers_build(const char *path);

/** layers_guid() - what NameToGuid gives for the last part of a path */
void layers_guid(const char *path, GUID *ret);
