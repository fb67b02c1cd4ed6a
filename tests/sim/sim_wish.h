/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What somebody wishes, as the oracle keeps it: plain numbers, from which the values of
 * the code under test are made. The oracle never asks those back.
 */
#include "base/arena.h"
#include "controller/expand.h"

#define WISH_SERVICES   6
#define WISH_REPLICAS   4
#define WISH_DEPLOYMENT "sim"
#define WISH_RUNTIMES   2

/* The three kinds of change a config hash tells apart, in one number. */
#define WISH_VARIANTS 3 /* of what must be made anew */
#define WISH_LIMITS   4 /* two; and the same in doubt, while and after a change of them */
#define WISH_CONFIGS  (WISH_VARIANTS * WISH_LIMITS * WISH_POLICIES)
#define WISH_POLICIES 4 /* enum restart_kind */
struct wish_config {
	unsigned variant; /* another one: a new instance */
	unsigned limits;  /* 0, 1; another one: an update in place. 2, 3: 0, 1 in doubt */
	unsigned policy;  /* enum restart_kind; another one: nothing an instance carries */
};

/* What happens when a service it depends on is not ready in 20 seconds. */
enum wish_patience { PATIENCE_ENDLESS, PATIENCE_WARN, PATIENCE_FAIL };
#define WISH_PATIENCE_SEC 20

struct wish_service {
	bool is_there;
	unsigned replicas;
	struct wish_config config;
	unsigned image;     /* 0, 1: the digest behind the tag */
	bool follows_tag;   /* another digest: a new instance */
	unsigned uses;      /* bit i: depends on service i, i < own number */
	bool needs_started; /* what it uses; else: ready */
	enum wish_patience patience;
	bool is_job, starts_first;
	bool is_sick; /* what it runs dies soon, while the weather is bad */
	enum route_kind route;
	unsigned max_parallel;
	unsigned runtime; /* 0 updates in place and thaws, 1 does not */
	int64_t grace_us;
	int stop_signal;
	int64_t delay_us;      /* first back-off; 0: a second */
	unsigned max_attempts; /* 0: no limit */
};

struct wish {
	struct wish_service services[WISH_SERVICES];
};

/** wish_random() - any, also nothing at all */
void wish_random(struct wish *w, uint64_t *rng);

/** wish_expand() - as the driver would hand it over; all in @a. @before: the wish before it */
void wish_expand(const struct wish *w, const struct wish *before, struct arena *a,
		 struct desired *ret);

/* Numbers and the texts that stand for them; -1 for a text that stands for none. */
const char *wish_runtime(unsigned i); /* "aa", "bb" */
const char *wish_service(unsigned i); /* "s0" … */
const char *wish_digest(unsigned image);
const char *wish_hash(const struct wish_config *c); /* the same text for the same config */
int wish_runtime_index(const char *name);
int wish_service_index(const char *name);
int wish_digest_index(const char *digest);
/** wish_same() - the same container; policy may differ */
bool wish_same(const struct wish_config *a, const struct wish_config *b);
bool wish_hash_parse(const char *hash, struct wish_config *ret);
