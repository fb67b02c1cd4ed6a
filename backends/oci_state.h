/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What `youki|crun|runc state ID` prints, as a value. Pure. The three differ in
 * members and spelling (youki capitalises where it pleases and gives the owner as
 * a number); what they agree on is read, the rest is ignored.
 */
#include "base/arena.h"
#include "base/error.h"
#include "specs/observed.h"

struct oci_state {
	const char *id;
	enum instance_state state; /* CREATED, RUNNING, PAUSED, EXITED; BROKEN while `creating` */
	int32_t pid;               /* 0 when it has ended */
	const char *bundle;        /* absolute; NULL unknown */
	const char *owner;         /* annotation dev.tallyman.owner; NULL not there */
	const char *node_id;       /* annotation dev.tallyman.node; NULL not there */
};

/**
 * oci_state_parse() - read one document; strings live in @a
 *
 * Return: 0; -ERR_CORRUPT when it is not JSON, or not a state.
 */
int oci_state_parse(const char *text, size_t n, struct arena *a, struct oci_state *ret,
		    struct error *err);
