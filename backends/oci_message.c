/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last error of a log is the outermost reason. youki's says little where a system call failed;
 * there its first one, which comes from the place where it happened, has the word.
 */
#include "backends/oci_message.h"

#include <string.h>

#include "base/json.h"

/* With what stands in front of it, what an error holds; of a longer one its two ends. */
enum { LENGTH_MAX = 180, HEAD = 88, TAIL = 87 };

/* What youki's outermost reason ends with where its first one says more. */
static const char *const vague[] = { "failed to unix syscall", "failed to prepare rootfs",
				     "failed to set sysctl", "failed to launch init process" };

/* Prefixes that say nothing. */
static const char *const noise[] = {
	"error in executing command: ",
	"Error: ",
	"runc create failed: ",
	"unable to start container process: ",
	"failed to create container: ",
	"exec process failed with error error in executing process : ",
	"intermediate process error ",
	"error during container init: ",
};

/* What follows says why youki could not clear away, which we do ourselves. */
static const char aftermath[] = ". error during cleanup: ";

#define NO_PROGRAM "command names a program that the image does not have"
#define NOT_A_PROGRAM                                                                              \
	"command names a file that cannot be run: no program, or not executable for its user"
#define MEMORY  "resources.memory is too little to start a container; docker's least is 6Mi"
#define SYSCTL  "sysctls: this kernel does not have it, or does not take that value"
#define CPUSET  "resources.cpuset: processors this host does not have"
#define WORKDIR "command.workdir is no directory in the container"
#define STORAGE "storage: the target lies below a file of the image"

/* First match wins. Codes that are not transient say that trying again alone changes nothing. */
static const struct {
	const char *part;
	enum error_code code;
	const char *hint;
} meanings[] = {
	{ "No space left", ERR_IO, "free space on that file system, then run the command again" },
	{ "no space left", ERR_IO, "free space on that file system, then run the command again" },
	{ "cgroups in hybrid mode not supported", ERR_UNAVAILABLE, NULL },
	{ "already exists", ERR_EXISTS, NULL },
	{ "not found in $PATH", ERR_NOT_FOUND, NO_PROGRAM },
	{ "executable file", ERR_NOT_FOUND, NO_PROGRAM },
	{ "no such file or directory\": unknown", ERR_NOT_FOUND, NO_PROGRAM },
	{ "does not have correct permissions", ERR_INVALID, NOT_A_PROGRAM },
	{ "open executable: ", ERR_INVALID, NOT_A_PROGRAM },
	{ "permission denied", ERR_INVALID, NOT_A_PROGRAM },
	{ "xec format error", ERR_INVALID, NOT_A_PROGRAM },
	{ "exec: \"", ERR_NOT_FOUND, NO_PROGRAM },
	{ "set memory limit", ERR_INVALID, MEMORY },
	{ "memory limit could be too low", ERR_INVALID, MEMORY },
	{ "cpuset.cpus", ERR_INVALID, CPUSET },
	{ "/proc/sys/", ERR_INVALID, SYSCTL },
	{ "failed to set sysctl", ERR_INVALID, SYSCTL },
	{ "open subpath in procfs failed", ERR_INVALID, SYSCTL },
	{ "chdir", ERR_INVALID, WORKDIR },
	{ "failed to fork init process", ERR_IO,
	  "resources.pids_limit may be too small: youki needs 2 for a start" },
	{ "ot a directory", ERR_INVALID, STORAGE },
	{ "with O_DIRECTORY", ERR_INVALID, STORAGE },
	{ "nvalid argument", ERR_INVALID, NULL },
	{ "umerical result out of range", ERR_INVALID, NULL },
	{ "does not exist", ERR_NOT_FOUND, NULL },
};

const char *oci_message_line(const char *s, struct arena *a)
{
	char *line;

	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strncmp(s, noise[i], strlen(noise[i])) == 0)
			s += strlen(noise[i]);
	line = arena_strndup(a, s, strcspn(s, "\n"));
	if (strstr(line, aftermath))
		*strstr(line, aftermath) = '\0';
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return line;
}

static const char *shorten(const char *line, struct arena *a)
{
	size_t n = strlen(line);

	return n <= LENGTH_MAX ? line : arena_printf(a, "%.*s ... %s", HEAD, line, line + n - TAIL);
}

/* crun and runc write "msg", youki "message"; where youki has the errno apart, it is "e". NULL for
 * what is no error, or not to be read. */
static const char *line_text(const char *line, size_t n, struct arena *a)
{
	struct json_object *o CLEAN(json) = NULL;
	const char *text = NULL, *level = NULL, *e = NULL;

	if (json_parse(line, n, &o, NULL) < 0)
		return NULL;
	if (json_get_str(o, "level", &level, NULL) == 0 && strncasecmp(level, "error", 5) != 0 &&
	    strncasecmp(level, "fatal", 5) != 0)
		return NULL;
	if (json_get_str(o, "msg", &text, NULL) != 0 &&
	    json_get_str(o, "message", &text, NULL) != 0)
		return NULL;
	if (json_get_str(o, "e", &e, NULL) == 0)
		text = arena_printf(a, "%s: %s", text, e);
	return *text ? oci_message_line(text, a) : NULL;
}

static bool is_vague(const char *text)
{
	for (size_t i = 0; i < sizeof(vague) / sizeof(vague[0]); i++)
		if (strcmp(text, vague[i]) == 0)
			return true;
	return false;
}

static const char *log_text(const char *log, struct arena *a)
{
	const char *first = NULL, *last = NULL;

	while (log && *log) {
		size_t n = strcspn(log, "\n");
		const char *text = n ? line_text(log, n, a) : NULL;

		first = first ? first : text;
		last = text ? text : last;
		log += n + (log[n] == '\n');
	}
	return last && is_vague(last) ? first : last;
}

struct oci_message oci_message_read(const char *log, const char *text, struct arena *a)
{
	struct oci_message m = { .text = log_text(log, a), .code = ERR_IO };

	if (!m.text && text && *text)
		m.text = oci_message_line(text + strspn(text, "\n "), a);
	for (size_t i = 0; m.text && i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (!strstr(m.text, meanings[i].part))
			continue;
		m.code = meanings[i].code;
		m.hint = meanings[i].hint;
		break;
	}
	if (m.text)
		m.text = shorten(m.text, a);
	return m;
}
