/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A session: one run of a command over one node: its directories, its store, its runtimes.
 *
 * A changing session owns the node while it lives: the store's lock, the owner's claim and a
 * write session of its own. A reading session takes nothing and makes nothing; a store that
 * is not there is an empty one.
 */
#include "backends/runtime_composite.h"
#include "specs/layout.h"
#include "specs/slice.h"

struct store;
struct claim;

struct session_options {
	struct layout layout;    /* borrowed strings, valid as long as the session */
	const char *claims_dir;  /* where owners' claims are; NULL: no claim (memory runtime) */
	const char *runtime;     /* NULL: the node's own; "memory": the model, in-process */
	const char *primary;     /* of the node's own; NULL: the one for its system */
	const char *delegate;    /* the one for the other system; NULL: none */
	const char *oci_path;    /* OCI program to use for new instances; NULL: detect */
	const char *shim_unit;   /* shims are started by systemd, as that unit; NULL: by us */
	const char *hcs_library; /* of the Host Compute Service; NULL: the system's own */
	const char *program;     /* path of this program: starts shims */
	const char *command;     /* "apply shop.yaml": names the holder of the lock */
	bool take_over; /* `recover --take-over`: enter although the owner is another store's */
	const struct runtime_slice *slices; /* at most one for a runtime */
	size_t n_slices;
	const char *(*env)(const char *name); /* the caller's environment, for `$E:`; NULL: none */
};

enum session_mode { SESSION_READ, SESSION_CHANGE };

struct session {
	struct session_options opt;
	enum session_mode mode;
	struct arena *arena; /* lives as long as the session */
	struct store *store; /* NULL: reading, and there is no store */
	struct claim *claim; /* NULL: reading, or memory */
	const char *node_id; /* "" when there is no store */
	int64_t number;      /* of this write session; 0: reading */
	const char *boot_id;
	bool is_new_epoch;     /* this session found the store restored, rebuilt or taken over */
	bool must_accept;      /* nothing may be deleted before `recover --accept` */
	struct error refusal;  /* reading: what a change would be refused with; code 0: nothing */
	const char *os, *arch; /* of the node, in the format's spelling */
	const char *windows;   /* the version of its Windows, "10.0.20348"; NULL: not known */
	struct error no_hcs;   /* why no shim can have the Host Compute Service; code 0: one can */
	bool is_model;         /* the memory runtime: no images, no claim, takes everything */
	struct runtime *runtimes; /* the composite of all; owned */
};

/**
 * session_open() - open everything a command needs
 * @sink: gets exits of containers, from other threads; NULL: nobody wants them
 *
 * Return: 0; -ERR_LOCKED when another process or another store owns the node (named, with the
 *         way out); -ERR_INVALID for a runtime that there is not; else what store and claim say.
 *         No container, shim or runtime is touched yet.
 */
int session_open(const struct session_options *opt, enum session_mode mode,
		 const struct runtime_sink *sink, struct session **ret, struct error *err);
void session_close(struct session *s); /* NULL is fine */
/**
 * session_runtime_fault() - why @rt cannot be used here, also when one waits: nobody answers for it
 * and its shim cannot start; NULL: it can, as far as is known
 */
const struct error *session_runtime_fault(const struct session *s, const struct runtime *rt);

/** session_hang_up() - whoever waits for a runtime is let go, and nobody waits any more: before the
 * close, so that it need not wait for a runtime that does not answer */
void session_hang_up(struct session *s);
CLEAN_DEFINE(session, struct session *, session_close)

/** session_acts() - intents up to that number are committed, and their steps are about to begin */
void session_acts(struct session *s, int64_t intent);

/**
 * session_claim() - is the owner another store's? Its tag is free when nothing of it is left here
 * @dir:   the state directory of @store
 * @store: open for reading; NULL: there is none yet
 * @why:   with CLAIM_FOREIGN: what a changing command would be refused with
 *
 * Return: as claim_look(), but for a claim that is free: 0.
 */
int session_claim(const struct session_options *opt, struct store *store, struct error *why,
		  struct error *err);

/**
 * session_runtime_names() - the runtimes that a session with these options has, primary first
 * @ret: one or two; the rest is NULL
 *
 * Return: 0; -ERR_INVALID for a runtime that there is not, and for one that is both.
 */
int session_runtime_names(const struct session_options *opt, const char *ret[RUNTIME_COMPOSITE_MAX],
			  struct error *err);

/** session_runtime_os() - the system whose containers it makes; NULL for a name nobody knows */
const char *session_runtime_os(const char *name);

/**
 * session_may_know() - could that runtime hold instances of ours?
 *
 * True when the store has a row on it, a bundle lies there or something of the owner lives. When
 * not, a look need not start a shim: there is provably nothing.
 */
int session_may_know(struct session *s, const struct runtime *rt, bool *ret, struct error *err);
