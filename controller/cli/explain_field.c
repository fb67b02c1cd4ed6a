/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the schema, with what the table of fields and runtimes says of it. */
#include "controller/cli/explain_field.h"

#include <string.h>

#include "controller/cli/output.h"
#include "specs/fields.h"

enum { MAX_VALUE = 1024 };

#define SERVICES "services."

const char *explain_field_match(const char *path, const char *under)
{
	while (*under) {
		size_t n = strcspn(path, ".["), m = strcspn(under, ".[");
		bool is_key = n == 1 && *path == '*';

		if (!is_key && (n != m || strncmp(path, under, n) != 0))
			return NULL;
		path += n;
		under += m;
		if (*path == '[' && *under == '[') {
			path = strchr(path, ']') + 1;
			under += strcspn(under, "]");
			under += *under != '\0';
		}
		if (*under == '\0')
			break;
		if (*under != '.' || *path != '.')
			return NULL;
		path++;
		under++;
	}
	return path;
}

static const char *kind_text(const struct schema_field *f)
{
	bool is_many = f->shape >= SHAPE_LIST;

	switch (f->kind) {
	case FIELD_TEXT:
		return is_many ? "texts" : "text";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_INT:
	case FIELD_U64:
		return "whole number";
	case FIELD_FLOAT:
		return "number";
	case FIELD_DURATION:
		return "duration, as 30s or 5m";
	case FIELD_WORD:
		return "one of";
	case FIELD_IMAGE:
		return "image reference";
	case FIELD_NETWORK_MODE:
		return "network mode";
	case FIELD_AFFINITY:
		return "spread, pack or !pin NODE";
	case FIELD_ANY:
		return is_many ? "any values" : "any value";
	case FIELD_PART:
		return is_many ? "maps" : "map";
	}
	return "";
}

static void put_words(const struct spec_enum *words, struct buf *ret)
{
	const char *between = " ";

	for (int i = 0; words && i < words->n; i++) {
		const char *word = spec_enum_name(words, i);

		if (!word)
			continue; /* absent has no spelling */
		buf_printf(ret, "%s%s", between, word);
		between = ", ";
	}
}

/* "list of texts", "whole number from 1 to 65535", "one of always, never" */
static const char *value_text(struct cli *cli, const struct schema_field *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_VALUE);

	if (f->shape == SHAPE_LIST || f->shape == SHAPE_OPT_LIST)
		buf_puts(&text, "list of ");
	if (f->shape == SHAPE_MAP)
		buf_puts(&text, "map of ");
	buf_puts(&text, kind_text(f));
	if (f->kind == FIELD_INT && f->min != INT64_MIN)
		buf_printf(&text, " from %jd", (intmax_t)f->min);
	if (f->kind == FIELD_INT && f->max != INT64_MAX)
		buf_printf(&text, " to %jd", (intmax_t)f->max);
	put_words(f->words, &text);
	return arena_strdup(cli->arena, text.data);
}

/* The group of the field, or of the nearest one around it that has one. */
static enum field_group group_of(struct cli *cli, const char *path)
{
	char *at = arena_strdup(cli->arena, path);
	enum field_group group = GROUP_INHERIT;

	for (;;) {
		const struct schema_field *f = schema_find(at, NULL);
		char *dot = strrchr(at, '.');

		if (f)
			group = f->group;
		if (group != GROUP_INHERIT || !dot)
			return group;
		*dot = '\0';
	}
}

/* What a change of it does to a container that runs; NULL: it is nobody's container. */
static const char *change_text(struct cli *cli, const char *path)
{
	if (strncmp(path, SERVICES, strlen(SERVICES)) != 0 || !strchr(path + strlen(SERVICES), '.'))
		return NULL;
	switch (group_of(cli, path)) {
	case GROUP_IMAGE:
	case GROUP_PROCESS:
	case GROUP_ENV:
	case GROUP_MOUNTS:
	case GROUP_NETWORK:
		return "makes a new instance";
	case GROUP_RESOURCES:
		return "is made in place where the runtime can, else by a new instance";
	case GROUP_PROBES:
	case GROUP_POLICY:
	case GROUP_NONE:
		return "touches no running instance";
	case GROUP_INHERIT:
		break;
	}
	return NULL;
}

static struct json_object *runtimes_json(struct cli *cli, const char *path)
{
	struct json_object *o = json_object_new_object();

	for (int i = 0; i < FIELDS_N_RUNTIMES; i++) {
		enum fields_runtime rt = (enum fields_runtime)i;
		struct fields_answer answer = { 0 };
		struct json_object *one, *notes;
		const char *note;

		if (fields_lookup(path, rt, &answer) == FIELDS_UNKNOWN)
			continue;
		one = json_object_new_object();
		notes = json_object_new_array();
		for (size_t j = 0; (note = fields_notes(path, rt, j, cli->arena)); j++)
			json_object_array_add(notes, json_object_new_string(note));
		json_put_str(one, "support", fields_support_name(answer.support));
		json_put_str(one, "why", answer.why);
		json_put_obj(one, "notes", notes);
		json_put_obj(o, fields_runtime_name(rt), one);
	}
	return o;
}

struct json_object *explain_field_json(struct cli *cli, const char *path,
				       const struct schema_field *f)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "path", path);
	json_put_str(o, "alias", f->alias);
	json_put_bool(o, "required", f->is_required);
	json_put_str(o, "value", value_text(cli, f));
	json_put_str(o, "doc", f->doc);
	json_put_str(o, "change", change_text(cli, path));
	json_put_obj(o, "runtimes", runtimes_json(cli, path));
	return o;
}

static void print_runtimes(struct cli *cli, const char *path)
{
	for (int i = 0; i < FIELDS_N_RUNTIMES; i++) {
		enum fields_runtime rt = (enum fields_runtime)i;
		struct fields_answer answer;
		const char *note;

		if (fields_lookup(path, rt, &answer) == FIELDS_UNKNOWN)
			continue;
		output_printf(cli->out, "  %-8s %s%s%s\n", fields_runtime_name(rt),
			      fields_support_name(answer.support), answer.why ? ": " : "",
			      answer.why ? answer.why : "");
		for (size_t j = 0; (note = fields_notes(path, rt, j, cli->arena)); j++)
			output_printf(cli->out, "           %s\n", note);
	}
}

void explain_field_print(struct cli *cli, const char *path, const struct schema_field *f)
{
	const char *change = change_text(cli, path);

	output_printf(cli->out, "%s%s\n", path, f->is_required ? " (required)" : "");
	if (f->doc && *f->doc)
		output_printf(cli->out, "  %s\n", f->doc);
	output_printf(cli->out, "  value: %s\n", value_text(cli, f));
	if (f->alias)
		output_printf(cli->out, "  also spelled %s\n", f->alias);
	if (change)
		output_printf(cli->out, "  a change %s\n", change);
	output_puts(cli->out, "\n");
	print_runtimes(cli, path);
}
