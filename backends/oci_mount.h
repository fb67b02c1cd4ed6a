/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The container's root: image layers below, a writable layer above, mounted in a
 * mount namespace that only the calling thread and the program it spawns there see.
 * The container keeps the mount alive; nothing of it is on the host's table.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/** oci_mount_host() - a descriptor of the namespace this process lives in; keep it */
int oci_mount_host(int *ret_fd, struct error *err);

/**
 * oci_mount_enter() - move the calling thread into a fresh private copy of the host's mounts
 *
 * From then on its working directory is its own. Pair with oci_mount_leave() whatever
 * happens in between.
 */
int oci_mount_enter(struct error *err);

/** oci_mount_leave() - back to the host; what was mounted inside goes unless a child holds it */
void oci_mount_leave(int host_fd);

struct oci_overlay {
	const char *layers_root;   /* absolute */
	const char *const *layers; /* relative to it, bottom to top; at least one */
	size_t n_layers;
	const char *bundle; /* absolute; holds upper, work and rootfs */
	bool classic;       /* by mount(2) only, as kernels before 6.7 need it */
};

/**
 * oci_mount_overlay() - mount <bundle>/rootfs out of the layers and <bundle>/{upper,work}
 *
 * Changes the thread's working directory (after oci_mount_enter() that is its own).
 * -ERR_LIMIT: too many layers for this kernel.
 */
int oci_mount_overlay(const struct oci_overlay *o, struct error *err);

/** oci_mount_detach_root() - take <bundle>/rootfs out of the host's table of mounts; absent is
 *  success, and what a bundle that is a link points to is not ours to take away */
int oci_mount_detach_root(const char *bundle, struct error *err);
