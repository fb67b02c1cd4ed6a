/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The laws of a plan, on the world as it is: its steps in their order turn the world into what
 * was wished for, nothing that is right is touched, and a second plan is empty.
 */
#include <string.h>

#include "controller/plan.h"
#include "specs/runtime_id.h"
#include "tests/sim/sim.h"

struct planning {
	struct sim *s;
	struct world world; /* becomes what the plan makes of it */
	struct world seen;  /* what the plan was made of, and borrows from */
	struct plan plan;
	bool is_staged[WISH_RUNTIMES][2];
	bool is_right[SIM_SLOTS]; /* before anything was done */
	bool is_changed[SIM_SLOTS];
};

/* With the plan, for people. */
__attribute__((noreturn)) static void refuse(struct planning *p, const char *what)
{
	const struct plan *plan = &p->plan;
	for (size_t i = 0; i < plan->n; i++)
		sim_trace(p->s, "  %s %s: %s", verdict_to_string(plan->changes[i].verdict),
			  plan->changes[i].name, plan->changes[i].cause);
	for (size_t i = 0; i < plan->n_steps; i++)
		sim_trace(p->s, "  %s %s", step_kind_to_string(plan->steps[i].kind),
			  plan->steps[i].instance_id ? plan->steps[i].instance_id
						     : plan->steps[i].digest);
	sim_die(p->s, what);
}

static int compute(struct planning *p, struct plan *ret)
{
	struct sim *s = p->s;
	struct slot *slots = arena_array(s->event, SIM_SLOTS, sizeof(*slots));
	char boot_id[16];
	struct observed seen;
	struct plan_input in = {
		.desired = &s->desired, .observed = &seen, .slots = slots, .is_asked = true
	};
	int r;

	in.n_slots = s->disk->load(s, slots);
	snprintf(boot_id, sizeof(boot_id), "b%u", s->n_boots);
	in.now = (struct diff_now){ { s->now_us - s->boot_us + CLOCK_SEC }, sim_wall(s), boot_id };
	world_copy(&p->seen, &p->world);
	world_view(&p->seen, s->event, &seen);
	r = plan_compute(&in, s->event, ret, NULL);
	if (r < 0)
		refuse(p, "a plan that cannot be made");
	if ((r == PLAN_NOTHING) != !plan_pending(ret))
		refuse(p, "a plan that does not know whether it is empty");
	return r;
}

static struct world_op op_of(struct planning *p, const struct step *step)
{
	struct world_op op = { .kind = step->kind, .signal = step->signal };
	const struct world_instance *wi;
	int slot = sim_slot_index(step->service, step->slot);
	struct runtime_id id = { 0 };

	if (slot < 0)
		refuse(p, "a plan for a slot that does not exist");
	op.what = (struct world_instance){
		.service = (unsigned)slot / WISH_REPLICAS,
		.slot = step->slot,
		.runtime = (unsigned)wish_runtime_index(step->runtime),
	};
	if (!step->instance_id)
		return op;
	if (!runtime_id_parse(step->instance_id, &id))
		refuse(p, "a plan with an id that is none");
	wi = world_find(&p->world, step->instance_id);
	if (wi && wi->runtime != op.what.runtime)
		refuse(p, "a plan asks another runtime than the one that made it");
	snprintf(op.what.id, sizeof(op.what.id), "%s", step->instance_id);
	op.what.generation = id.generation;
	return op;
}

static void stage(struct planning *p, const struct step *step, const struct world_op *op)
{
	int image = wish_digest_index(step->digest);
	if (image < 0 || p->is_staged[op->what.runtime][image])
		refuse(p, "a plan stages an image twice");
	p->is_staged[op->what.runtime][image] = true;
}

static void make(struct planning *p, struct world_op *op)
{
	struct sim *s = p->s;
	size_t slot = op->what.service * WISH_REPLICAS + op->what.slot;
	const struct wish_service *ws = sim_wanted(s, slot);

	if (!ws || ws->route != ROUTE_RUNTIME || ws->runtime != op->what.runtime)
		refuse(p, "a plan makes what is not wanted");
	if (!p->is_staged[ws->runtime][ws->image])
		refuse(p, "a plan makes an instance before its image is at hand");
	if (op->what.generation <= s->told[slot].top_generation)
		refuse(p, "a plan uses a generation twice");
	for (size_t i = 0; i < p->world.n; i++) {
		const struct world_instance *wi = &p->world.items[i];
		if (wi->service * WISH_REPLICAS + wi->slot == slot && world_lives(wi) &&
		    !ws->starts_first)
			refuse(p, "a plan makes a second instance beside the first");
	}
	op->what.config = ws->config;
	op->what.image = ws->image;
}

static void take_step(struct planning *p, const struct step *step)
{
	struct sim *s = p->s;
	struct world_op op = op_of(p, step);
	const struct wish_service *ws = sim_service(s, op.what.service);

	if (step->kind == STEP_STAGE)
		stage(p, step, &op);
	if (step->kind == STEP_CREATE)
		make(p, &op);
	if (step->kind == STEP_UPDATE)
		op.what.config = ws->config;
	if (step->kind == STEP_SIGNAL && step->signal != 9 &&
	    step->signal != (ws ? ws->stop_signal : 15))
		refuse(p, "a plan asks with another signal than was wished for");
	if (world_apply(&p->world, &op, sim_wall(s)) != 0)
		refuse(p, "a plan with a step that cannot be done");
	if (step->kind == STEP_SIGNAL)
		(void)world_exit(&p->world, op.what.id, 0, sim_wall(s));
}

/* --- order --- */

static bool is_removal(const struct plan_change *c)
{
	return c->verdict == VERDICT_REMOVE;
}

static bool uses(const struct sim *s, const struct plan_change *user,
		 const struct plan_change *used)
{
	const struct wish_service *ws = sim_service(s, (unsigned)wish_service_index(user->service));
	return ws && ws->uses & 1U << wish_service_index(used->service);
}

/* May @a stand before @b? */
static void check_pair(struct planning *p, const struct plan_change *a, const struct plan_change *b)
{
	const struct sim *s = p->s;
	if (!is_removal(a) && is_removal(b))
		refuse(p, "a plan removes after it makes");
	if (!a->n && b->n)
		refuse(p, "a plan names what cannot be done before what can");
	if (is_removal(a) && is_removal(b) && uses(s, b, a) &&
	    !s->wish.services[wish_service_index(a->service)].is_there ==
		    !s->wish.services[wish_service_index(b->service)].is_there)
		refuse(p, "a plan removes what others still use");
	if (a->n && b->n && !is_removal(a) && !is_removal(b) && uses(s, a, b))
		refuse(p, "a plan makes users before what they use");
	if (strcmp(a->service, b->service) == 0 && is_removal(a) && is_removal(b) &&
	    a->slot <= b->slot)
		refuse(p, "a plan removes low numbers first");
}

static void check_change(struct planning *p, size_t i)
{
	const struct plan_change *c = &p->plan.changes[i];
	int slot = sim_slot_index(c->service, c->slot);

	if (slot < 0 || p->is_changed[slot] || !c->cause || !c->name)
		refuse(p, "a plan that changes a slot twice");
	p->is_changed[slot] = true;
	if (!c->n != !verdict_sign(c->verdict)[0])
		refuse(p, "a change without steps, or steps without a change");
	if (c->n && p->is_right[slot])
		refuse(p, "a plan changes what is right");
	for (size_t j = 0; j < c->n; j++)
		if (sim_slot_index(p->plan.steps[c->first + j].service,
				   p->plan.steps[c->first + j].slot) != slot)
			refuse(p, "a change with a step of another one");
	for (size_t j = 0; j < i; j++)
		check_pair(p, &p->plan.changes[j], c);
}

/* --- the whole --- */

static void check_same(struct planning *p)
{
	struct plan again;
	(void)compute(p, &again);
	if (again.n != p->plan.n || again.n_steps != p->plan.n_steps ||
	    strcmp(again.hash, p->plan.hash) != 0)
		refuse(p, "two plans for the same world");
}

static void check_sums(struct planning *p)
{
	const struct plan *plan = &p->plan;
	size_t by_verdict[VERDICT_N] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < plan->n; i++) {
		n += plan->changes[i].n;
		by_verdict[plan->changes[i].verdict]++;
	}
	if (n != plan->n_steps ||
	    plan->n != plan_pending(plan) + plan->n_peer + plan->n_blocked + plan->n_waiting ||
	    plan->n_create != by_verdict[VERDICT_CREATE] ||
	    plan->n_start != by_verdict[VERDICT_START] ||
	    plan->n_update != by_verdict[VERDICT_UPDATE] ||
	    plan->n_replace != by_verdict[VERDICT_REPLACE] ||
	    plan->n_remove != by_verdict[VERDICT_REMOVE] ||
	    plan->n_peer != by_verdict[VERDICT_NEEDS_PEER])
		refuse(p, "a plan whose sums are wrong");
}

void sim_check_plan(struct sim *s)
{
	static struct planning p;
	struct plan rest;

	memset(&p, 0, sizeof(p));
	p.s = s;
	world_copy(&p.world, &s->world);
	for (size_t i = 0; i < SIM_SLOTS; i++)
		p.is_right[i] = sim_is_right(s, &p.world, i);
	(void)compute(&p, &p.plan);
	check_same(&p);
	check_sums(&p);
	for (size_t i = 0; i < p.plan.n; i++)
		check_change(&p, i);
	for (size_t i = 0; i < p.plan.n_steps; i++)
		take_step(&p, &p.plan.steps[i]);
	for (size_t i = 0; i < SIM_SLOTS; i++) {
		if (sim_is_planned(s, &p.world, i))
			continue;
		sim_trace(s, "  %s-rep-%zu:", wish_service((unsigned)(i / WISH_REPLICAS)),
			  i % WISH_REPLICAS);
		refuse(&p, "a plan that does not lead to the wish");
	}
	if (compute(&p, &rest) != PLAN_NOTHING || rest.n_steps)
		refuse(&p, "a second plan that is not empty");
	arena_reset(s->event);
}
