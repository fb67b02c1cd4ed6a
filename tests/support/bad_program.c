/* SPDX-License-Identifier: Apache-2.0 */
/* The script and the two small files it looks at. See the header. */
#include "tests/support/bad_program.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fs.h"

/* %s: its directory, the real program, the state root; in that order, once each. */
static const char script[] =
	"#!/bin/sh\n"
	"dir=%s real=%s root=%s\n"
	"verb= id=\n"
	"for word; do\n"
	"	case $word in create|start|state|delete|exec|resume|--version)\n"
	"		[ \"$verb\" ] || verb=$word ;;\n"
	"	esac\n"
	"	id=$word\n"
	"done\n"
	"want= action=\n"
	"read want action <\"$dir/mode\"\n"
	"[ \"$want\" = \"$verb\" ] || exec \"$real\" \"$@\"\n"
	"echo \"$verb\" >>\"$dir/hits\"\n"
	"case $action in\n"
	"stall) exec sleep 1000 ;;\n"
	"rubbish) printf 'rubbish {\\000\\377\\n'; exit 0 ;;\n"
	"fail) echo 'rubbish: $$ {' >&2; exit 3 ;;\n"
	"die)\n"
	"	\"$real\" \"$@\" &\n"
	"	until [ -e \"$root/$id\" ]; do :; done\n"
	"	kill -9 $!; wait $!; exit 137 ;;\n"
	"cut)\n"
	"	cp \"$root/$id/state.json\" \"$dir/note\" 2>/dev/null\n"
	"	\"$real\" \"$@\"\n"
	"	[ ! -e \"$dir/note\" ] || cp \"$dir/note\" \"$root/$id/state.json\"\n"
	"	exit 137 ;;\n"
	"esac\n";

static const char *file(const struct bad_program *b, const char *name)
{
	return arena_printf(b->w->arena, "%s/bad/%s", b->w->path, name);
}

static void write_script(const struct bad_program *b)
{
	struct youki_world *w = b->w;
	const char *text = arena_printf(w->arena, script, file(b, "."), w->program_path,
					layout_oci_root(&w->layout, w->arena, w->program));

	youki_world_ok(w, fs_write_atomic(AT_FDCWD, b->path, text, strlen(text), 0755, &w->err));
}

struct bad_program bad_program_new(struct youki_world *w)
{
	struct bad_program b = { .w = w };

	youki_world_ok(w, fs_mkdirs(AT_FDCWD, file(&b, "."), 0700, &w->err));
	b.path = file(&b, arena_printf(w->arena, "%s-of-somebody", w->program));
	bad_program_set(&b, "", NULL);
	write_script(&b);
	return b;
}

void bad_program_set(const struct bad_program *b, const char *verb, const char *action)
{
	struct youki_world *w = b->w;
	const char *mode =
		arena_printf(w->arena, "%s %s\n", action ? verb : "none", action ? action : "none");

	youki_world_ok(
		w, fs_write_atomic(AT_FDCWD, file(b, "mode"), mode, strlen(mode), 0600, &w->err));
	(void)unlink(file(b, "hits"));
	(void)unlink(file(b, "note"));
}

int bad_program_hits(const struct bad_program *b)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 16);
	int n = 0;

	if (fs_read(AT_FDCWD, file(b, "hits"), &text, NULL) < 0)
		return 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.data[i] == '\n';
	return n;
}

void bad_program_mend(const struct bad_program *b)
{
	write_script(b);
}

void bad_program_move(const struct bad_program *b, bool away)
{
	const char *aside = file(b, "aside");

	assert_int_equal(rename(away ? b->path : aside, away ? aside : b->path), 0);
}
