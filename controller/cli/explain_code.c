/* SPDX-License-Identifier: Apache-2.0 */
/* Prints from the table of specs/finding_codes.h. What a block of numbers is about stands here. */
#include "controller/cli/explain_code.h"

#include <string.h>

#include "base/number.h"
#include "controller/cli/output.h"
#include "controller/cli/table.h"
#include "specs/findings.h"

enum { MAX_TABLE = 1 << 20 };

static const struct {
	int first, last;
	const char *about;
} blocks[] = {
	{ 100, 199, "The file cannot be read: it is no YAML, no text, or too large." },
	{ 200, 299, "A field, or its value, is not of the form that the format asks for." },
	{ 300, 399, "The form is right, and the format does not allow the value there." },
	{ 500, 599,
	  "A warning: the file is taken as it is. With --strict it is an error, and nothing is "
	  "done." },
	{ 900, 949,
	  "A rule that upstream does not have, or words differently: such a file means two things, "
	  "or cannot run. specs/FORMAT.md lists these rules." },
};

static const char *about(int code)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (code >= blocks[i].first && code <= blocks[i].last)
			return blocks[i].about;
	return NULL;
}

static const char *severity(int code)
{
	return findings_code_severity((enum finding_code)code) == SEVERITY_ERROR ? "error"
										 : "warning";
}

static const char *digits_of(const char *word)
{
	return *word == 'E' || *word == 'e' ? word + 1 : word;
}

bool explain_code_is(const char *word)
{
	const char *digits = digits_of(word);

	return *digits && strspn(digits, "0123456789") == strlen(digits);
}

static struct json_object *to_json(int code)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "code", findings_code_text((enum finding_code)code));
	json_put_str(o, "severity", severity(code));
	json_put_str(o, "meaning", findings_code_meaning(code));
	json_put_str(o, "about", about(code));
	return o;
}

int explain_code(struct cli *cli, const char *word, struct error *err)
{
	uint64_t number = 0;
	int code;

	if (!number_u64(digits_of(word), 9999, &number) || !findings_code_meaning((int)number)) {
		(void)error_set(err, ERR_NOT_FOUND, 0, "there is no code '%s'", word);
		error_hint(err, "'tallyman explain --codes' lists all of them");
		return -ERR_NOT_FOUND;
	}
	code = (int)number;
	if (output_is_json(cli->out)) {
		struct json_object *doc = output_schema("explain");

		json_put_obj(doc, "code", to_json(code));
		output_json(cli->out, doc);
		return EXIT_DONE;
	}
	output_printf(cli->out, "%s (%s): %s\n\n%s\n'tallyman validate FILE' shows every place.\n",
		      findings_code_text((enum finding_code)code), severity(code),
		      findings_code_meaning(code), about(code));
	return EXIT_DONE;
}

void explain_code_all(struct cli *cli)
{
	static const char *const headers[] = { "CODE", "SEVERITY", "MEANING" };
	struct buf text CLEAN(buf) = BUF_INIT(MAX_TABLE);
	struct table *t = table_new(cli->arena, headers, 3);
	struct json_object *list = json_object_new_array();
	struct json_object *doc;
	int code;

	for (size_t i = 0; (code = findings_code_at(i)); i++) {
		json_object_array_add(list, to_json(code));
		table_row(t, (const char *const[]){ findings_code_text((enum finding_code)code),
						    severity(code), findings_code_meaning(code) });
	}
	if (output_is_json(cli->out)) {
		doc = output_schema("explain");
		json_put_obj(doc, "codes", list);
		output_json(cli->out, doc);
		return;
	}
	json_object_put(list);
	table_print(t, &text);
	output_bytes(cli->out, text.data, text.n);
}
