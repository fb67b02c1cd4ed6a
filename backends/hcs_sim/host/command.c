/* SPDX-License-Identifier: Apache-2.0 */
/* Splits, looks up, and says what to run. Starts nothing; makes the working directory. */
#include "backends/hcs_sim/host/command.h"

#include <ctype.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/hcs_sim/host/image_path.h"
#include "base/fs.h"

#define HOST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Words that Windows images have and people use in examples. */
static const char prelude[] = "ping() {\n"
			      "  n=4\n"
			      "  while [ $# -gt 0 ]; do\n"
			      "    case $1 in\n"
			      "    -n|/n) n=$2; shift ;;\n"
			      "    -t|/t) n=2147483647 ;;\n"
			      "    esac\n"
			      "    shift\n"
			      "  done\n"
			      "  sleep $((n - 1))\n"
			      "}\n"
			      "timeout() {\n"
			      "  for word; do\n"
			      "    case $word in [0-9]*) sleep \"$word\"; return ;; esac\n"
			      "  done\n"
			      "}\n";

enum { MAX_SCRIPT = 256 << 10, MAX_ENV = 4096 };

struct work {
	const struct command_place *place;
	struct arena *a;
	const char **env;
	size_t n_env;
	struct error *err;
};

/* --- words ------------------------------------------------------------------------------ */

/* One word from @p into @out; where the next begins. Backslashes count only before a quote, and a
 * quote doubled inside quotes is one. */
static const char *split_word(const char *p, struct buf *out)
{
	bool quoted = false;

	for (; *p && (quoted || !strchr(" \t", *p));) {
		size_t slashes = strspn(p, "\\");

		p += slashes;
		if (*p != '"') {
			for (; slashes > 0; slashes--)
				buf_putc(out, '\\');
			if (*p && (quoted || !strchr(" \t", *p)))
				buf_putc(out, *p++);
			continue;
		}
		for (size_t i = 0; i < slashes / 2; i++)
			buf_putc(out, '\\');
		if (slashes % 2) {
			buf_putc(out, '"');
		} else if (quoted && p[1] == '"') {
			buf_putc(out, '"');
			p++;
		} else {
			quoted = !quoted;
		}
		p++;
	}
	return p + strspn(p, " \t");
}

const char *const *command_split(const char *line, struct arena *a)
{
	const char **words = NULL;
	size_t n = 0;

	line += strspn(line, " \t");
	do {
		struct buf word CLEAN(buf) = BUF_INIT(MAX_SCRIPT);

		line = split_word(line, &word);
		words = arena_grow(a, words, n, sizeof(*words));
		words[n++] = arena_strdup(a, word.data);
	} while (*line);
	words = arena_grow(a, words, n, sizeof(*words));
	words[n] = NULL;
	return words;
}

/* --- environment ------------------------------------------------------------------------ */

static void put_env(struct work *w, const char *name, const char *value)
{
	w->env = arena_grow(w->a, w->env, w->n_env, sizeof(*w->env));
	w->env[w->n_env++] = arena_printf(w->a, "%s=%s", name, value);
}

/* The value of a variable, whose name is in any case; NULL. */
static const char *get_env(const struct work *w, const char *name, size_t n)
{
	for (size_t i = 0; i < w->n_env; i++)
		if (strncasecmp(w->env[i], name, n) == 0 && w->env[i][n] == '=')
			return w->env[i] + n + 1;
	return NULL;
}

static void put_default(struct work *w, const char *name, const char *value)
{
	if (!get_env(w, name, strlen(name)))
		put_env(w, name, value);
}

/* The host's programs need the host's PATH; the document's own is kept as "Path". */
static void make_env(struct work *w, struct json_object *parameters)
{
	struct json_object *given = NULL;
	const char *user = "ContainerUser";

	(void)json_get_obj(parameters, "Environment", &given, NULL); /* checked by its schema */
	(void)json_get_str(parameters, "User", &user, NULL);
	if (given) {
		json_object_object_foreach (given, name, value)
			put_env(w, strcasecmp(name, "PATH") == 0 ? "Path" : name,
				json_object_get_string(value));
	}
	put_env(w, "PATH", HOST_PATH);
	put_default(w, "OS", "Windows_NT");
	put_default(w, "SystemDrive", "C:");
	put_default(w, "SystemRoot", "C:\\Windows");
	put_default(w, "ComSpec", "C:\\Windows\\System32\\cmd.exe");
	put_default(w, "COMPUTERNAME", w->place->host_name ? w->place->host_name : "HOST");
	put_default(w, "USERNAME", *user ? user : "ContainerUser");
	put_default(w, "HCS_SIM_SYSTEM", w->place->system_id);
	w->env = arena_grow(w->a, w->env, w->n_env, sizeof(*w->env));
	w->env[w->n_env] = NULL;
}

/* --- cmd /c ----------------------------------------------------------------------------- */

/* %NAME% becomes its value; of a variable that is not there it stays. */
static const char *expand(struct work *w, const char *text)
{
	struct buf out CLEAN(buf) = BUF_INIT(MAX_SCRIPT);

	while (*text) {
		const char *end = *text == '%' ? strchr(text + 1, '%') : NULL;
		const char *value = end ? get_env(w, text + 1, (size_t)(end - text - 1)) : NULL;

		if (value) {
			buf_puts(&out, value);
			text = end + 1;
		} else {
			buf_putc(&out, *text++);
		}
	}
	return arena_strdup(w->a, out.data);
}

/* What stands after `/c` in a command line, without the quotes around all of it; NULL: no `/c`. */
static const char *text_after_c(struct work *w, const char *line)
{
	size_t n;

	for (; *line; line++)
		if (strchr(" \t", line[0]) && strncasecmp(line + 1, "/c", 2) == 0)
			break;
	if (!*line)
		return NULL;
	line += 3;
	line += strspn(line, " \t");
	n = strlen(line);
	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		n--;
	if (n >= 2 && line[0] == '"' && line[n - 1] == '"')
		return arena_strndup(w->a, line + 1, n - 2);
	return arena_strndup(w->a, line, n);
}

static const char *const *shell_argv(struct work *w, const char *script, const char *const *words)
{
	size_t n = 0;
	const char **argv;

	while (words && words[n])
		n++;
	argv = arena_array(w->a, n + 5, sizeof(*argv));
	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = script;
	argv[3] = "cmd";
	for (size_t i = 0; i < n; i++)
		argv[4 + i] = words[i];
	return argv;
}

/* Without `/c` the commands come from its standard input. */
static void run_cmd(struct work *w, const char *line, struct command *c)
{
	static const char *const interactive[] = { "/bin/sh", "-s", NULL };
	const char *text = text_after_c(w, line);

	c->path = "/bin/sh";
	if (!text) {
		c->argv = interactive;
		return;
	}
	text = expand(w, text);
	if (strcasecmp(text, "set") == 0)
		text = "env";
	c->argv = shell_argv(w, arena_printf(w->a, "%s%s", prelude, text), NULL);
}

static void run_word(struct work *w, const char *name, const char *const *words, struct command *c)
{
	c->path = "/bin/sh";
	c->argv = shell_argv(w, arena_printf(w->a, "%s%s \"$@\"", prelude, name), words + 1);
}

/* --- programs --------------------------------------------------------------------------- */

/* The last part of a path of either kind, in lower case, without .exe. */
static const char *base_name(struct arena *a, const char *path)
{
	const char *p = path + strlen(path);
	char *name;
	size_t n;

	while (p > path && !strchr("\\/:", p[-1]))
		p--;
	name = arena_strdup(a, p);
	n = strlen(name);
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	if (n > 4 && strcmp(name + n - 4, ".exe") == 0)
		name[n - 4] = '\0';
	return name;
}

static const char *find_in_image(struct work *w, const char *name)
{
	static const char *const endings[] = { "", ".exe", ".cmd", ".bat" };

	for (const char *const *root = w->place->roots; *root; root++) {
		for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
			const char *wanted = arena_printf(w->a, "%s%s", name, endings[i]);
			const char *found = image_path_find(*root, wanted, w->a);
			struct stat st;

			if (found && stat(found, &st) == 0 && S_ISREG(st.st_mode))
				return found;
		}
	}
	return NULL;
}

static const char *find_on_host(struct work *w, const char *name)
{
	const char *dir = HOST_PATH;

	if (name[0] == '/')
		return access(name, X_OK) == 0 ? name : NULL;
	if (strchr(name, '/') || strchr(name, '\\'))
		return NULL;
	for (size_t n = strcspn(dir, ":"); *dir;
	     dir += n + (dir[n] == ':'), n = strcspn(dir, ":")) {
		const char *path = arena_printf(w->a, "%.*s/%s", (int)n, dir, name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* Does the host's kernel know what this is: ELF or #! */
static bool is_program(const char *path)
{
	int fd CLEAN(fd) = open(path, O_RDONLY | O_CLOEXEC);
	char head[4] = { 0 };

	if (fd < 0 || read(fd, head, sizeof(head)) < 2)
		return false;
	return memcmp(head, "\177ELF", 4) == 0 || memcmp(head, "#!", 2) == 0;
}

static void run_file(struct work *w, const char *path, const char *const *words, struct command *c)
{
	size_t n = 0;
	const char **argv;

	while (words[n])
		n++;
	argv = arena_array(w->a, n + 2, sizeof(*argv));
	if (is_program(path)) {
		for (size_t i = 0; i < n; i++)
			argv[i] = words[i];
		c->path = path;
	} else {
		argv[0] = "/bin/sh";
		argv[1] = path;
		for (size_t i = 1; i < n; i++)
			argv[i + 1] = words[i];
		c->path = "/bin/sh";
	}
	c->argv = argv;
}

static int find_program(struct work *w, const char *line, const char *const *words,
			struct command *c)
{
	const char *name = base_name(w->a, words[0]);
	const char *path;

	c->image_name = strchr(name, '.') ? name : arena_printf(w->a, "%s.exe", name);
	if (strcmp(name, "cmd") == 0) {
		run_cmd(w, line, c);
		return 0;
	}
	path = find_in_image(w, words[0]);
	if (!path && (strcmp(name, "ping") == 0 || strcmp(name, "timeout") == 0)) {
		run_word(w, name, words, c);
		return 0;
	}
	if (!path)
		path = find_on_host(w, words[0]);
	if (!path)
		return error_set(w->err, ERR_NOT_FOUND, 0, "no program '%s' in the image",
				 words[0]);
	run_file(w, path, words, c);
	return 0;
}

static int find_directory(struct work *w, struct json_object *parameters, struct command *c)
{
	const char *given = NULL;
	struct stat st;

	(void)json_get_str(parameters, "WorkingDirectory", &given, NULL);
	if (given && given[0] == '/' && stat(given, &st) == 0 && S_ISDIR(st.st_mode)) {
		c->directory = arena_strdup(w->a, given);
		return 0;
	}
	if (!w->place->scratch) {
		c->directory = "/";
		return 0;
	}
	c->directory = given && *given ? image_path_below(w->place->scratch, given, w->a)
				       : w->place->scratch;
	if (!c->directory)
		return error_set(w->err, ERR_NOT_FOUND, 0, "a working directory that long");
	return fs_mkdirs(AT_FDCWD, c->directory, 0755, w->err);
}

/* "C:\a b.exe" and the words of CommandArgs, as a line again; quoting as Windows wants it. */
static const char *join_line(struct work *w, const char *program, struct json_object *list)
{
	struct buf line CLEAN(buf) = BUF_INIT(MAX_SCRIPT);

	buf_printf(&line, "\"%s\"", program);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		buf_printf(&line, " \"%s\"",
			   json_object_get_string(json_object_array_get_idx(list, i)));
	return arena_strdup(w->a, line.data);
}

int command_resolve(const struct command_place *place, struct json_object *parameters,
		    struct arena *a, struct command *ret, struct error *err)
{
	struct work w = { .place = place, .a = a, .err = err };
	struct json_object *list = NULL;
	const char *line = NULL, *program = NULL;
	struct command c = { 0 };
	int r;

	(void)json_get_str(parameters, "CommandLine", &line, NULL); /* checked by its schema */
	(void)json_get_str(parameters, "ApplicationName", &program, NULL);
	(void)json_get_array(parameters, "CommandArgs", &list, NULL);
	if ((!line || !*line) && program && *program)
		line = join_line(&w, program, list);
	if (!line || !*line)
		return error_set(err, ERR_INVALID, 0, "no command line");
	make_env(&w, parameters);
	c.env = w.env;
	r = find_directory(&w, parameters, &c);
	if (r == 0)
		r = find_program(&w, line, command_split(line, a), &c);
	if (r == 0)
		*ret = c;
	return r;
}
