/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of the simulator: what ImportLayer takes, and the order of calls around a scratch layer.
 */
#include "tests/support/hcs_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_text.h"
#include "base/fs.h"

enum { DIRECTORY = 0x10, ARCHIVE = 0x20, REPARSE = 0x400 };
enum { DATA = 1, SECURITY = 3, ALTERNATE = 4, REPARSE_DATA = 8, SPARSE = 9 };

static const WCHAR home[] = { 0 };
static const DRIVER_INFO driver = { LAYER_DRIVER_FILTER, home };

/* --- the transport form, written by hand ------------------------------------------------- */

static void put_number(struct buf *b, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		buf_putc(b, (char)(v >> (8 * i)));
}

static void put_stream(struct buf *b, uint32_t id, const char *bytes, size_t n)
{
	put_number(b, id, 4);
	put_number(b, 0, 4);
	put_number(b, n, 8);
	put_number(b, 0, 4);
	buf_add(b, bytes, n);
}

/* Attributes, a descriptor, and data unless it is NULL. */
static struct buf streams(uint32_t attributes, const char *data)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	put_number(&b, attributes, 4);
	put_stream(&b, SECURITY, "sd", 2);
	if (data)
		put_stream(&b, DATA, data, strlen(data));
	return b;
}

static void write_file(struct hcs_world *w, const char *path, const void *p, size_t n)
{
	assert_int_equal(fs_write_atomic(AT_FDCWD, path, p, n, 0644, &w->err), 0);
}

static void put_file(struct hcs_world *w, const char *path, uint32_t attributes, const char *data)
{
	struct buf b CLEAN(buf) = streams(attributes, data);

	write_file(w, path, b.data, b.n);
}

/* A directory and the file beside it. */
static void put_directory(struct hcs_world *w, const char *path)
{
	assert_int_equal(fs_mkdirs(AT_FDCWD, path, 0755, &w->err), 0);
	put_file(w, hcs_world_printf(w, "%s.$wcidirs$", path), DIRECTORY, NULL);
}

/* A folder with Files/app/hello.cmd, hives and tombstones; its path. */
static const char *transport(struct hcs_world *w, const char *name)
{
	static const char stones[] = "\xef\xbb\xbfVersion 1.0\n\\old\n\\app\\gone.txt\n";
	const char *path = hcs_world_printf(w, "%s/%s", w->path, name);

	assert_int_equal(fs_mkdirs(AT_FDCWD, path, 0755, &w->err), 0);
	put_directory(w, hcs_world_printf(w, "%s/Files", path));
	put_directory(w, hcs_world_printf(w, "%s/Files/app", path));
	put_file(w, hcs_world_printf(w, "%s/Files/app/hello.cmd", path), ARCHIVE, "echo hello\n");
	put_directory(w, hcs_world_printf(w, "%s/Hives", path));
	write_file(w, hcs_world_printf(w, "%s/Hives/System_Delta", path), "regf", 4);
	write_file(w, hcs_world_printf(w, "%s/tombstones.txt", path), stones, strlen(stones));
	return path;
}

static const char *target(struct hcs_world *w, const char *name)
{
	return hcs_world_printf(w, "%s/layers/%s", w->path, name);
}

static WC_LAYER_DESCRIPTOR describe(struct hcs_world *w, const char *path)
{
	WC_LAYER_DESCRIPTOR d = { .Path = hcs_world_wide(w, path) };
	const char *name = strrchr(path, '/') + 1;

	assert_int_equal(w->api->NameToGuid(hcs_world_wide(w, name), &d.LayerId), S_OK);
	return d;
}

static HRESULT import(struct hcs_world *w, const char *path, const char *source,
		      const char *const *parents)
{
	WC_LAYER_DESCRIPTOR chain[8];
	ULONG n = 0;

	for (; parents && parents[n]; n++)
		chain[n] = describe(w, parents[n]);
	return w->api->ImportLayer(&driver, hcs_world_wide(w, path), hcs_world_wide(w, source),
				   chain, n);
}

/* A base layer, imported and processed. */
static const char *need_base(struct hcs_world *w)
{
	const char *path = target(w, "base");

	assert_int_equal(import(w, path, transport(w, "in-base"), NULL), S_OK);
	assert_int_equal(w->api->ProcessBaseImage(hcs_world_wide(w, path)), S_OK);
	return path;
}

static const char *content(struct hcs_world *w, const char *path)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);

	assert_int_equal(fs_read(AT_FDCWD, path, &text, &w->err), 0);
	return arena_strdup(w->arena, text.data);
}

/* --- importing --------------------------------------------------------------------------- */

static void test_import(void **state)
{
	struct hcs_world *w = *state;
	const char *base = need_base(w), *top = target(w, "top");
	const char *parents[] = { base, NULL };
	ULONG exists = 9;

	assert_string_equal(content(w, hcs_world_printf(w, "%s/Files/app/hello.cmd", base)),
			    "echo hello\n");
	assert_string_equal(content(w, hcs_world_printf(w, "%s/Hives/System_Delta", base)), "regf");
	assert_int_equal(
		fs_exists(AT_FDCWD, hcs_world_printf(w, "%s/Files/app.$wcidirs$", base), NULL), 0);
	assert_int_equal(import(w, top, transport(w, "in-top"), parents), S_OK);
	assert_int_equal(w->api->LayerExists(&driver, hcs_world_wide(w, top), &exists), S_OK);
	assert_int_equal(exists, 1);
	assert_int_equal(import(w, top, transport(w, "in-top"), parents), WIN32_ALREADY_EXISTS);
	assert_int_equal(w->api->LayerExists(&driver, hcs_world_wide(w, target(w, "no")), &exists),
			 S_OK);
	assert_int_equal(exists, 0);
}

/* Sparse blocks lie where they say, an alternate stream has a name, a directory can be a reparse
 * point and nothing else. */
static void test_import_special(void **state)
{
	struct hcs_world *w = *state;
	const char *in = transport(w, "in");
	struct buf sparse CLEAN(buf) = streams(ARCHIVE | 0x200, NULL);
	struct buf junction CLEAN(buf) = streams(DIRECTORY | REPARSE, NULL);
	struct buf plain CLEAN(buf) = streams(ARCHIVE, "data");

	put_stream(&sparse, SPARSE, "\5\0\0\0\0\0\0\0late", 12);
	put_stream(&sparse, SPARSE, "\0\0\0\0\0\0\0\0early", 13);
	write_file(w, hcs_world_printf(w, "%s/Files/sparse", in), sparse.data, sparse.n);
	put_stream(&junction, REPARSE_DATA, "tag", 3);
	write_file(w, hcs_world_printf(w, "%s/Files/link.$wcidirs$", in), junction.data,
		   junction.n);
	put_number(&plain, ALTERNATE, 4);
	put_number(&plain, 0, 4);
	put_number(&plain, 3, 8);
	put_number(&plain, 4, 4);
	buf_add(&plain, ":\0a\0alt", 7);
	write_file(w, hcs_world_printf(w, "%s/Files/plain", in), plain.data, plain.n);
	assert_int_equal(import(w, target(w, "a"), in, NULL), S_OK);
	assert_string_equal(content(w, hcs_world_printf(w, "%s/Files/sparse", target(w, "a"))),
			    "earlylate");
	assert_string_equal(content(w, hcs_world_printf(w, "%s/Files/plain", target(w, "a"))),
			    "data");
	assert_int_equal(
		fs_exists(AT_FDCWD, hcs_world_printf(w, "%s/Files/link", target(w, "a")), NULL),
		FS_EXISTS);
}

/* Each makes one thing wrong in a good folder. */
static void spoil(struct hcs_world *w, const char *in, int how)
{
	struct buf b CLEAN(buf) = streams(ARCHIVE, "data");
	const char *file = hcs_world_printf(w, "%s/Files/x", in);

	switch (how) {
	case 0: /* plain bytes, as an unpacked tar has them */
		write_file(w, file, "hello", 5);
		return;
	case 1: /* nothing at all */
		write_file(w, file, "", 0);
		return;
	case 2: /* cut off in the data */
		write_file(w, file, b.data, b.n - 1);
		return;
	case 3: /* cut off in a header */
		put_number(&b, DATA, 4);
		break;
	case 4:
		put_stream(&b, DATA, "again", 5);
		break;
	case 5:
		put_stream(&b, 77, "what", 4);
		break;
	case 6: /* a directory's attributes */
		put_file(w, file, DIRECTORY, NULL);
		return;
	case 7: /* a reparse point without its data */
		put_file(w, file, ARCHIVE | REPARSE, NULL);
		return;
	case 8: /* a directory without the file beside it */
		assert_int_equal(fs_mkdirs(AT_FDCWD, file, 0755, &w->err), 0);
		return;
	case 9: /* one that is of no directory */
		put_file(w, hcs_world_printf(w, "%s.$wcidirs$", file), DIRECTORY, NULL);
		return;
	case 10:
		assert_int_equal(symlink("app", file), 0);
		return;
	case 11:
		write_file(w, hcs_world_printf(w, "%s/tombstones.txt", in), "\\x\n", 3);
		return;
	case 12:
		write_file(w, hcs_world_printf(w, "%s/extra", in), "", 0);
		return;
	case 13:
		assert_int_equal(
			fs_remove_tree(AT_FDCWD, hcs_world_printf(w, "%s/Files", in), &w->err), 0);
		return;
	}
	write_file(w, file, b.data, b.n);
}

static void test_import_refused(void **state)
{
	struct hcs_world *w = *state;
	ULONG exists = 9;

	for (int how = 0; how < 14; how++) {
		const char *in = transport(w, hcs_world_printf(w, "in-%d", how));

		spoil(w, in, how);
		if (import(w, target(w, "a"), in, NULL) != WIN32_INVALID_DATA)
			fail_msg("spoilt in way %d", how);
		assert_int_equal(
			w->api->LayerExists(&driver, hcs_world_wide(w, target(w, "a")), &exists),
			S_OK);
		assert_int_equal(exists, 0);
	}
	/* What is left of those is no obstacle, and a good folder makes a layer of it. */
	assert_int_equal(import(w, target(w, "a"), transport(w, "in"), NULL), S_OK);
	assert_int_equal(import(w, target(w, "b"), "/nonexistent", NULL), WIN32_PATH_NOT_FOUND);
	assert_int_equal(import(w, "relative", transport(w, "in"), NULL), E_INVALIDARG);
}

static void test_security_required(void **state)
{
	struct hcs_world *w = *state;
	const char *in = transport(w, "in");
	struct buf b CLEAN(buf) = BUF_INIT(100);

	put_number(&b, ARCHIVE, 4);
	put_stream(&b, DATA, "x", 1);
	write_file(w, hcs_world_printf(w, "%s/Files/x", in), b.data, b.n);
	(void)hcs_world_tool(w, "switch", "layer_security=required", NULL);
	assert_int_equal(import(w, target(w, "a"), in, NULL), WIN32_INVALID_DATA);
	(void)hcs_world_tool(w, "switch", "layer_security=optional", NULL);
	assert_int_equal(import(w, target(w, "a"), in, NULL), S_OK);
}

static void test_parents(void **state)
{
	struct hcs_world *w = *state;
	const char *base = target(w, "base"), *top = target(w, "top");
	const char *parents[] = { base, NULL };
	WC_LAYER_DESCRIPTOR wrong;

	assert_int_equal(import(w, top, transport(w, "in"), parents), WIN32_PATH_NOT_FOUND);
	assert_int_equal(import(w, base, transport(w, "in"), NULL), S_OK);
	/* A base layer that was not processed is none. */
	assert_int_equal(import(w, top, transport(w, "in"), parents), HCS_E_INVALID_LAYER);
	assert_int_equal(w->api->ProcessBaseImage(hcs_world_wide(w, base)), S_OK);
	wrong = describe(w, base);
	wrong.LayerId.Data1++;
	assert_int_equal(w->api->ImportLayer(&driver, hcs_world_wide(w, top),
					     hcs_world_wide(w, transport(w, "in")), &wrong, 1),
			 E_INVALIDARG);
	assert_int_equal(import(w, top, transport(w, "in"), parents), S_OK);
	assert_int_equal(w->api->ProcessBaseImage(hcs_world_wide(w, top)), E_INVALIDARG);
}

/* --- scratch layers ---------------------------------------------------------------------- */

static void test_order(void **state)
{
	struct hcs_world *w = *state;
	WC_LAYER_DESCRIPTOR parent = describe(w, need_base(w));
	PCWSTR id = hcs_world_wide(w, target(w, "scratch"));
	WCHAR mount[300];
	SIZE_T n = 0;

	assert_int_equal(w->api->ActivateLayer(&driver, id), WIN32_PATH_NOT_FOUND);
	assert_int_equal(w->api->CreateSandboxLayer(&driver, id, 0, NULL, 0), E_INVALIDARG);
	assert_int_equal(w->api->CreateSandboxLayer(&driver, id, 0, &parent, 1), S_OK);
	assert_int_equal(w->api->CreateSandboxLayer(&driver, id, 0, &parent, 1),
			 WIN32_ALREADY_EXISTS);
	assert_int_equal(w->api->ExpandSandboxSize(&driver, id, UINT64_C(20) << 30), S_OK);
	assert_int_equal(w->api->PrepareLayer(&driver, id, &parent, 1), WIN32_NOT_READY);
	assert_int_equal(w->api->ActivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->ActivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->GetLayerMountPath(&driver, id, &n, NULL), WIN32_NOT_READY);
	assert_int_equal(w->api->PrepareLayer(&driver, id, NULL, 0), E_INVALIDARG);
	assert_int_equal(w->api->PrepareLayer(&driver, id, &parent, 1), S_OK);
	assert_int_equal(w->api->GetLayerMountPath(&driver, id, &n, NULL), S_OK);
	assert_int_equal(n, 49); /* "\\?\Volume{GUID}" and its NUL */
	n = 10;
	assert_int_equal(w->api->GetLayerMountPath(&driver, id, &n, mount),
			 WIN32_INSUFFICIENT_BUFFER);
	assert_int_equal(w->api->GetLayerMountPath(&driver, id, &n, mount), S_OK);
	assert_int_equal(hcs_text_length(mount), 48);
	assert_int_equal(w->api->DeactivateLayer(&driver, id), WIN32_SHARING_VIOLATION);
	assert_int_equal(w->api->DestroyLayer(&driver, id), WIN32_SHARING_VIOLATION);
	assert_int_equal(w->api->DestroyLayer(&driver, parent.Path), WIN32_SHARING_VIOLATION);
	assert_int_equal(w->api->UnprepareLayer(&driver, id), S_OK);
	assert_int_equal(w->api->UnprepareLayer(&driver, id), WIN32_NOT_FOUND);
	assert_int_equal(w->api->DeactivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->DeactivateLayer(&driver, id), WIN32_NOT_FOUND);
	assert_int_equal(w->api->DestroyLayer(&driver, id), S_OK);
	assert_int_equal(w->api->DestroyLayer(&driver, id), WIN32_FILE_NOT_FOUND);
	assert_int_equal(fs_exists(AT_FDCWD, target(w, "scratch"), NULL), 0);
}

static void test_in_use(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = hcs_world_running(w, "a", "o");
	struct json_object *all CLEAN(json) = NULL;
	struct json_object *list = NULL;
	const char *text = hcs_world_tool(w, "ls", NULL), *path = NULL;
	PCWSTR id;

	assert_int_equal(json_parse(text, strlen(text) - 1, &all, &w->err), 0);
	assert_int_equal(json_get_array(all, "Layers", &list, &w->err), 0);
	assert_int_equal(json_object_array_length(list), 1);
	assert_int_equal(json_need_str(json_object_array_get_idx(list, 0), "Path", &path, &w->err),
			 0);
	id = hcs_world_wide(w, path);
	assert_int_equal(w->api->UnprepareLayer(&driver, id), WIN32_SHARING_VIOLATION);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	assert_int_equal(w->api->UnprepareLayer(&driver, id), S_OK);
	assert_int_equal(w->api->DeactivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->DestroyLayer(&driver, id), S_OK);
}

/* A folder that is no layer is left alone, whoever asks. */
static void test_destroy_strangers(void **state)
{
	struct hcs_world *w = *state;
	const char *path = hcs_world_printf(w, "%s/precious", w->path);

	assert_int_equal(fs_mkdirs(AT_FDCWD, path, 0755, &w->err), 0);
	write_file(w, hcs_world_printf(w, "%s/file", path), "x", 1);
	assert_int_equal(w->api->DestroyLayer(&driver, hcs_world_wide(w, path)), E_INVALIDARG);
	assert_int_equal(fs_exists(AT_FDCWD, path, NULL), FS_EXISTS);
}

static void test_reboot_and_switches(void **state)
{
	struct hcs_world *w = *state;
	const char *base = need_base(w);
	WC_LAYER_DESCRIPTOR parent = describe(w, base);
	PCWSTR id = hcs_world_wide(w, target(w, "scratch"));

	assert_int_equal(w->api->CreateSandboxLayer(&driver, id, 0, &parent, 1), S_OK);
	(void)hcs_world_tool(w, "switch", "layer_parents_active=required",
			     "layer_activate_twice=exists", NULL);
	assert_int_equal(w->api->ActivateLayer(&driver, id), WIN32_NOT_READY);
	assert_int_equal(w->api->ActivateLayer(&driver, parent.Path), S_OK);
	assert_int_equal(w->api->ActivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->ActivateLayer(&driver, id), WIN32_ALREADY_EXISTS);
	/* The driver forgets at a reboot, folders stay. */
	(void)hcs_world_tool(w, "reboot", NULL);
	hcs_world_awake(w);
	assert_int_equal(w->api->PrepareLayer(&driver, id, &parent, 1), WIN32_NOT_READY);
	assert_int_equal(w->api->DestroyLayer(&driver, id), S_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_import),
		TEST(test_import_special),
		TEST(test_import_refused),
		TEST(test_security_required),
		TEST(test_parents),
		TEST(test_order),
		TEST(test_in_use),
		TEST(test_destroy_strangers),
		TEST(test_reboot_and_switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
