/* SPDX-License-Identifier: Apache-2.0 */
/* What youki 0.7.0, crun 1.8.1 and runc 1.1.5 say on a bad day, word by word, and what we make of
 * it. */
#include "backends/oci_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CRUN(text) "{\"msg\":\"" text "\",\"level\":\"error\",\"time\":\"2026\"}\n"
#define RUNC(text)                                                                                 \
	"{\"level\":\"error\",\"msg\":\"runc create failed: unable to start container "            \
	"process: " text "\",\"time\":\"2026\"}\n"
#define YOUKI(inner, outer)                                                                        \
	"{\"timestamp\":\"2026\",\"level\":\"ERROR\",\"message\":" inner ",\"target\":\"x\"}\n"    \
	"{\"timestamp\":\"2026\",\"level\":\"ERROR\",\"message\":\"failed to wait for init "       \
	"ready: " outer "\",\"target\":\"x\"}\n"                                                   \
	"{\"timestamp\":\"2026\",\"level\":\"ERROR\",\"message\":\"error in executing command: "   \
	"failed to create container: " outer "\",\"target\":\"youki\"}\n"
#define EXEC "exec process failed with error error in executing process : "

static const struct {
	const char *log;
	enum error_code code;
	const char *text;
	const char *hint; /* a part; NULL: none */
} cases[] = {
	/* There is no such program. */
	{ CRUN("executable file `/bin/nothing` not found in $PATH: No such file or directory"),
	  ERR_NOT_FOUND,
	  "executable file `/bin/nothing` not found in $PATH: No such file or directory",
	  "does not have" },
	{ RUNC("exec: \\\"/bin/nothing\\\": stat /bin/nothing: no such file or directory"),
	  ERR_NOT_FOUND, "exec: \"/bin/nothing\": stat /bin/nothing: no such file or directory",
	  "does not have" },
	{ YOUKI("\"executable for container process not found in PATH\"",
		EXEC "executable '/bin/nothing' not found in $PATH"),
	  ERR_NOT_FOUND, "executable '/bin/nothing' not found in $PATH", "does not have" },
	/* It is no program. */
	{ CRUN("open executable: Permission denied"), ERR_INVALID,
	  "open executable: Permission denied", "cannot be run" },
	{ CRUN("open executable: Operation not permitted"), ERR_INVALID,
	  "open executable: Operation not permitted", "cannot be run" },
	{ RUNC("exec: \\\"/etc/passwd\\\": permission denied"), ERR_INVALID,
	  "exec: \"/etc/passwd\": permission denied", "cannot be run" },
	{ YOUKI("\"executable does not have the correct permission set\"",
		EXEC "executable '/etc/passwd' at path '\\\"/etc/passwd\\\"' does not have correct "
		     "permissions"),
	  ERR_INVALID,
	  "executable '/etc/passwd' at path '\"/etc/passwd\"' does not have correct permissions",
	  "cannot be run" },
	/* Its directory is a file. */
	{ CRUN("chdir `/etc/passwd`: Not a directory"), ERR_INVALID,
	  "chdir `/etc/passwd`: Not a directory", "command.workdir" },
	{ YOUKI("\"failed to chdir\",\"e\":\"ENOTDIR\"", EXEC "failed to unix syscall"),
	  ERR_INVALID, "failed to chdir: ENOTDIR", "command.workdir" },
	/* A mount below a file. */
	{ RUNC("error during container init: error mounting \\\"/etc/hosts\\\" to rootfs at "
	       "\\\"/etc/passwd/x\\\": open o_path procfd: not a directory"),
	  ERR_INVALID,
	  "error mounting \"/etc/hosts\" to rootfs at \"/etc/passwd/x\": open o_path procfd: not "
	  "a directory",
	  "storage" },
	{ YOUKI("\"failed to mount /etc/passwd/x: cannot re-open [9] with O_DIRECTORY\"",
		EXEC "failed to prepare rootfs"),
	  ERR_INVALID, "failed to mount /etc/passwd/x: cannot re-open [9] with O_DIRECTORY",
	  "storage" },
	/* The reason counts, not what went wrong when it was cleared away. */
	{ YOUKI("\"failed to mount /etc/passwd/x: cannot re-open [9] with O_DIRECTORY\"",
		EXEC "failed to prepare rootfs. error during cleanup: failed to cleanup container: "
		     "io error: at /sys/fs/cgroup/freezer/x: could not delete"),
	  ERR_INVALID, "failed to mount /etc/passwd/x: cannot re-open [9] with O_DIRECTORY",
	  "storage" },
	/* Too little memory, processors that are not there, a sysctl that is refused. */
	{ CRUN("OOM: the memory limit could be too low: read from sync socket"), ERR_INVALID,
	  "OOM: the memory limit could be too low: read from sync socket", "resources.memory" },
	{ RUNC("error during container init: error setting cgroup config for procHooks process: "
	       "unable to set memory limit to 1024 (current usage: 2)"),
	  ERR_INVALID,
	  "error setting cgroup config for procHooks process: unable to set memory limit to 1024 "
	  "(current usage: 2)",
	  "resources.memory" },
	{ YOUKI("\"failed to apply cgroup\"",
		"intermediate process error cgroup error: unable to set memory limit to 1024"),
	  ERR_INVALID, "cgroup error: unable to set memory limit to 1024", "resources.memory" },
	{ CRUN("writing file `cpuset.cpus`: Numerical result out of range"), ERR_INVALID,
	  "writing file `cpuset.cpus`: Numerical result out of range", "resources.cpuset" },
	{ CRUN("write to /proc/sys/net/ipv4/ip_forward: Invalid argument"), ERR_INVALID,
	  "write to /proc/sys/net/ipv4/ip_forward: Invalid argument", "sysctls" },
	{ YOUKI("\"failed to set sysctl net.x=y: Invalid argument (os error 22)\"",
		EXEC "failed to set sysctl"),
	  ERR_INVALID, "failed to set sysctl net.x=y: Invalid argument (os error 22)", "sysctls" },
	{ YOUKI("\"failed to initialize container process: open subpath in procfs failed\"",
		EXEC "open subpath in procfs failed"),
	  ERR_INVALID, "open subpath in procfs failed", "sysctls" },
	/* What may pass. */
	{ YOUKI("\"failed to fork init process: failed to clone process\"",
		"intermediate process error failed to launch init process"),
	  ERR_IO, "failed to fork init process: failed to clone process", "pids_limit" },
	{ CRUN("mkdir: No space left on device"), ERR_IO, "mkdir: No space left on device",
	  "free space" },
	{ CRUN("clone: Resource temporarily unavailable"), ERR_IO,
	  "clone: Resource temporarily unavailable", NULL },
	{ CRUN("cgroups in hybrid mode not supported, drop all controllers from cgroupv2"),
	  ERR_UNAVAILABLE,
	  "cgroups in hybrid mode not supported, drop all controllers from cgroupv2", NULL },
	{ CRUN("container `x` already exists"), ERR_EXISTS, "container `x` already exists", NULL },
	/* Warnings say nothing about the end, wherever they stand. */
	{ CRUN("the end") "{\"level\":\"warning\",\"msg\":\"unable to get oom kill count\"}\n",
	  ERR_IO, "the end", NULL },
	{ "rubbish\n{\n" CRUN("the\\nend\\u001b[31m") "\xff\n", ERR_IO, "the", NULL },
	{ CRUN("esc\\u001b[31m"), ERR_IO, "esc [31m", NULL },
};

static void test_logs(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct oci_message m = oci_message_read(cases[i].log, "not asked", a);

		assert_string_equal(m.text, cases[i].text);
		if (m.code != cases[i].code)
			fail_msg("%s: %s, not %s", m.text, error_name(m.code),
				 error_name(cases[i].code));
		if (!m.hint != !cases[i].hint || (m.hint && !strstr(m.hint, cases[i].hint)))
			fail_msg("%s: hint %s", m.text, m.hint ? m.hint : "none");
	}
}

static void test_without_a_log(void **state)
{
	struct arena *a CLEAN(arena) = arena_new();
	char longest[1000];

	(void)state;
	assert_string_equal(oci_message_read(NULL, "\n Error: bad\nmore", a).text, "bad");
	assert_string_equal(oci_message_read("rubbish\n", "Error: bad", a).text, "bad");
	assert_null(oci_message_read("", "", a).text);
	assert_null(oci_message_read(NULL, NULL, a).text);
	assert_int_equal(oci_message_read(NULL, NULL, a).code, ERR_IO);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest + sizeof(longest) - 16, "Not a directory", 15);
	/* Its end counts, and is shown. */
	assert_int_equal(oci_message_read(NULL, longest, a).code, ERR_INVALID);
	assert_int_equal(strlen(oci_message_read(NULL, longest, a).text), 180);
	assert_non_null(strstr(oci_message_read(NULL, longest, a).text, "xx ... xx"));
	assert_non_null(strstr(oci_message_read(NULL, longest, a).text, "Not a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_without_a_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
