/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual machines of the simulator: what it takes to start one, what can be brought into it and in
 * which order, the container it hosts, and whose end takes whom along. */
#include "tests/support/hcs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "backends/hcs_guid.h"
#include "base/fs.h"

#define VERSION    "\"SchemaVersion\":{\"Major\":2,\"Minor\":1}"
#define CONTROLLER "df6d0690-79e5-55b6-a5ec-c1e2f77f580a"
#define SHARES     "\\\\\\\\?\\\\VMSMB\\\\VSMB-{dcc079ae-60ba-4d07-847c-3493609c0870}\\\\"
#define GUEST(type, settings)                                                                      \
	"{\"GuestRequest\":{\"ResourceType\":\"" type                                              \
	"\",\"RequestType\":\"Add\",\"Settings\":" settings "}}"

static const WCHAR home[] = { 0 };
static const DRIVER_INFO driver = { LAYER_DRIVER_FILTER, home };

static void put(struct hcs_world *w, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');

	assert_int_equal(fs_mkdirs(AT_FDCWD, arena_strndup(w->arena, path, (size_t)(slash - path)),
				   0755, &w->err),
			 0);
	assert_int_equal(fs_write_atomic(AT_FDCWD, path, text, strlen(text), 0644, &w->err), 0);
}

static const char *in(struct hcs_world *w, const char *name)
{
	return hcs_world_printf(w, "%s/vm/%s", w->path, name);
}

static HRESULT grant(struct hcs_world *w, const char *vm, const char *path)
{
	return w->api->GrantVmAccess(hcs_world_wide(w, vm), hcs_world_wide(w, path));
}

static const char *machine(struct hcs_world *w, const char *more)
{
	return hcs_world_printf(
		w,
		"{\"Owner\":\"o\"," VERSION ",\"VirtualMachine\":{\"GuestConnection\":{},"
		"\"Chipset\":{\"Uefi\":{\"BootThis\":{\"DeviceType\":\"VmbFs\","
		"\"DevicePath\":\"\\\\EFI\\\\boot.efi\"}}},"
		"\"Devices\":{\"Scsi\":{\"" CONTROLLER "\":{\"Attachments\":{\"0\":"
		"{\"Type\":\"VirtualDisk\",\"Path\":\"%s\"}}}},"
		"\"VirtualSmb\":{\"Shares\":[{\"Name\":\"os\",\"Path\":\"%s\"}]}}%s}}",
		in(w, "own.vhdx"), in(w, "os"), more);
}

/* A host that can, and the files for one machine. */
static int setup(void **state)
{
	struct hcs_world *w;

	assert_int_equal(hcs_world_setup(state), 0);
	w = *state;
	(void)hcs_world_tool(w, "switch", "hyperv=installed", NULL);
	put(w, in(w, "own.vhdx"), "disk");
	put(w, in(w, "os/EFI/boot.efi"), "boot");
	return 0;
}

static HCS_SYSTEM made(struct hcs_world *w)
{
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_create(w, "m", machine(w, ""), &s), S_OK);
	return s;
}

static HCS_SYSTEM started(struct hcs_world *w)
{
	HCS_SYSTEM s = made(w);

	assert_int_equal(grant(w, "m", in(w, "own.vhdx")), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	return s;
}

static void ended(struct hcs_world *w, HCS_SYSTEM s)
{
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	w->api->HcsCloseComputeSystem(s);
}

static HRESULT ask(struct hcs_world *w, HCS_SYSTEM s, const char *document)
{
	return hcs_world_do(w, HCS_WORLD_MODIFY, s, document);
}

static void only_where_it_is_installed(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	(void)hcs_world_tool(w, "switch", "hyperv=none", NULL);
	assert_int_equal(hcs_world_create(w, "m", machine(w, ""), &s), HCS_E_HYPERV_NOT_INSTALLED);
	assert_null(s);
}

static void its_document_is_checked(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_create(w, "m", machine(w, ",\"Colour\":1"), &s),
			 HCS_E_INVALID_JSON);
	assert_int_equal(unlink(in(w, "own.vhdx")), 0);
	assert_int_equal(hcs_world_create(w, "m", machine(w, ""), &s), WIN32_FILE_NOT_FOUND);
	assert_null(s);
	assert_null(hcs_world_state(w, "m"));
}

static void it_may_open_what_it_was_given(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = made(w);

	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), E_ACCESSDENIED);
	assert_int_equal(grant(w, "mm", in(w, "own.vhdx")), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), E_ACCESSDENIED);
	assert_int_equal(grant(w, "m", in(w, "own.vhdx")), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	ended(w, s);
}

static void without_a_boot_file_it_does_not_start(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = made(w);

	assert_int_equal(grant(w, "m", in(w, "own.vhdx")), S_OK);
	assert_int_equal(unlink(in(w, "os/EFI/boot.efi")), 0);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), HCS_E_TERMINATED_DURING_START);
	ended(w, s);
}

static void it_is_enumerated_as_what_it_is(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w);

	assert_int_equal(hcs_world_enumerate(w, "{\"Types\":[\"Container\"]}"), S_OK);
	assert_string_equal(w->document, "[]");
	assert_int_equal(hcs_world_enumerate(w, "{\"Types\":[\"VirtualMachine\"]}"), S_OK);
	assert_non_null(strstr(w->document, "\"m\""));
	ended(w, s);
}

static void things_come_in_their_order(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w);
	static const char mount[] =
		GUEST("MappedVirtualDisk", "{\"ContainerPath\":\"C:\\\\m\",\"Lun\":1}");
	const char *attach = hcs_world_printf(
		w,
		"{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/" CONTROLLER "/Attachments/1\","
		"\"Settings\":{\"Type\":\"VirtualDisk\",\"Path\":\"%s\"}}",
		in(w, "other.vhdx"));

	assert_int_equal(ask(w, s, mount), WIN32_NOT_FOUND);
	assert_int_equal(ask(w, s, attach), WIN32_FILE_NOT_FOUND);
	put(w, in(w, "other.vhdx"), "disk");
	assert_int_equal(ask(w, s, attach), E_ACCESSDENIED);
	assert_int_equal(grant(w, "m", in(w, "other.vhdx")), S_OK);
	assert_int_equal(ask(w, s, attach), S_OK);
	assert_int_equal(ask(w, s, attach), WIN32_ALREADY_EXISTS);
	assert_int_equal(ask(w, s, mount), S_OK);
	assert_int_equal(ask(w, s, mount), WIN32_ALREADY_EXISTS);
	/* It is no scratch layer. */
	assert_int_equal(ask(w, s, GUEST("CombinedLayers", "{\"ContainerRootPath\":\"C:\\\\m\"}")),
			 HCS_E_INVALID_LAYER);
	assert_int_equal(ask(w, s, GUEST("CombinedLayers", "{\"ContainerRootPath\":\"C:\\\\x\"}")),
			 WIN32_PATH_NOT_FOUND);
	ended(w, s);
}

static void guests_know_what_they_were_told(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w);
	char guid[HCS_GUID_SIZE];
	GUID id = hcs_world_guid(1);
	const char *space = hcs_world_printf(w, GUEST("NetworkNamespace", "{\"ID\":\"%s\"}"),
					     hcs_guid_format(&id, guid));
	const char *announce = hcs_world_printf(
		w,
		GUEST("Network", "{\"AdapterId\":\"%s\",\"RequestType\":\"PreAdd\","
				 "\"Settings\":{\"HostComputeNamespace\":\"%s\"}}"),
		guid, guid);

	assert_int_equal(ask(w, s, space), WIN32_NOT_FOUND);
	assert_int_equal(hcs_world_namespace(w, 1, "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}"),
			 S_OK);
	assert_int_equal(ask(w, s, announce), WIN32_NOT_FOUND);
	assert_int_equal(ask(w, s, space), S_OK);
	assert_int_equal(ask(w, s, space), WIN32_ALREADY_EXISTS);
	assert_int_equal(ask(w, s, announce), S_OK);
	assert_int_equal(ask(w, s, announce), WIN32_ALREADY_EXISTS);
	assert_int_equal(ask(w, s, GUEST("Weather", "{}")), HCS_E_UNKNOWN_MESSAGE);
	assert_int_equal(ask(w, s, "{\"GuestRequest\":{\"Colour\":1}}"), HCS_E_INVALID_JSON);
	assert_int_equal(ask(w, s, "{}"), HCS_E_INVALID_JSON);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, 1), S_OK);
	ended(w, s);
}

/* --- a container in it ------------------------------------------------------------------- */

/* A base layer and a scratch layer on it, both in the machine; the container's Storage. */
static const char *furnish(struct hcs_world *w, HCS_SYSTEM s)
{
	const char *base = in(w, "base"), *scratch = in(w, "scratch");
	const char *disk = hcs_world_printf(w, "%s/sandbox.vhdx", scratch);
	WC_LAYER_DESCRIPTOR parent = { .Path = hcs_world_wide(w, base) };
	char guid[HCS_GUID_SIZE];
	const char *layers;

	put(w, in(w, "base/Files/x"), "x");
	assert_int_equal(w->api->ProcessBaseImage(parent.Path), S_OK);
	assert_int_equal(w->api->NameToGuid(hcs_world_wide(w, "base"), &parent.LayerId), S_OK);
	assert_int_equal(
		w->api->CreateSandboxLayer(&driver, hcs_world_wide(w, scratch), 0, &parent, 1),
		S_OK);
	assert_int_equal(grant(w, "m", disk), S_OK);
	layers = hcs_world_printf(w, "\"Layers\":[{\"Id\":\"%s\",\"Path\":\"" SHARES "l0\"}]",
				  hcs_guid_format(&parent.LayerId, guid));
	assert_int_equal(
		ask(w, s,
		    hcs_world_printf(
			    w,
			    "{\"ResourcePath\":\"VirtualMachine/Devices/Scsi/" CONTROLLER
			    "/Attachments/1\",\"Settings\":{\"Type\":\"VirtualDisk\",\"Path\":"
			    "\"%s\"}}",
			    disk)),
		S_OK);
	assert_int_equal(
		ask(w, s, GUEST("MappedVirtualDisk", "{\"ContainerPath\":\"C:\\\\m\",\"Lun\":1}")),
		S_OK);
	const char *combine = hcs_world_printf(
		w, GUEST("CombinedLayers", "{\"ContainerRootPath\":\"C:\\\\m\",%s}"), layers);
	assert_int_equal(ask(w, s, combine), WIN32_PATH_NOT_FOUND); /* the layer is not shared */
	assert_int_equal(
		ask(w, s,
		    hcs_world_printf(w,
				     "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualSmb/Shares"
				     "\",\"Settings\":{\"Name\":\"l0\",\"Path\":\"%s\"}}",
				     base)),
		S_OK);
	assert_int_equal(ask(w, s, combine), S_OK);
	return hcs_world_printf(w, "\"Storage\":{%s,\"Path\":\"C:\\\\m\"}", layers);
}

static const char *hosted(struct hcs_world *w, const char *vm, const char *storage)
{
	return hcs_world_printf(w,
				"{\"Owner\":\"o\"," VERSION ",\"HostingSystemId\":\"%s\","
				"\"HostedSystem\":{" VERSION ",\"Container\":{%s}}}",
				vm, storage);
}

static void a_container_runs_in_it(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w), c = NULL;
	const char *storage = furnish(w, s);
	int64_t code;

	assert_int_equal(hcs_world_create(w, "c", hosted(w, "n", storage), &c),
			 HCS_E_SYSTEM_NOT_FOUND);
	assert_int_equal(
		hcs_world_create(w, "c", hosted(w, "m", "\"Storage\":{\"Path\":\"C:\\\\x\"}"), &c),
		WIN32_PATH_NOT_FOUND);
	assert_int_equal(hcs_world_create(w, "c", hosted(w, "m", storage), &c), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, c, NULL), S_OK);
	assert_string_equal(hcs_world_run(w, c, "cmd /c echo in & exit 4", &code), "in\n");
	assert_int_equal(code, 4);
	/* Its layers are in use while the machine lives. */
	assert_int_equal(w->api->DestroyLayer(&driver, hcs_world_wide(w, in(w, "scratch"))),
			 WIN32_SHARING_VIOLATION);
	ended(w, c);
	assert_string_equal(hcs_world_state(w, "m"), "Running");
	ended(w, s);
	assert_int_equal(w->api->DestroyLayer(&driver, hcs_world_wide(w, in(w, "scratch"))), S_OK);
}

static void it_takes_its_containers_along(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w), c = NULL, d = NULL;
	const char *storage = furnish(w, s);

	assert_int_equal(hcs_world_create(w, "c", hosted(w, "m", storage), &c), S_OK);
	assert_int_equal(hcs_world_create(w, "d", hosted(w, "m", storage), &d), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, c, NULL), S_OK);
	ended(w, s);
	assert_null(hcs_world_state(w, "m"));
	assert_string_equal(hcs_world_state(w, "c"), "Stopped");
	assert_string_equal(hcs_world_state(w, "d"), "Stopped");
	assert_int_equal(hcs_world_do(w, HCS_WORLD_PROPERTIES, c, NULL), S_OK);
	assert_non_null(strstr(w->document, "UnexpectedExit"));
	w->api->HcsCloseComputeSystem(c);
	w->api->HcsCloseComputeSystem(d);
}

static void a_reboot_takes_all(void **state)
{
	struct hcs_world *w = *state;
	HCS_SYSTEM s = started(w), c = NULL;

	assert_int_equal(hcs_world_create(w, "a", hosted(w, "m", furnish(w, s)), &c), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, c, NULL), S_OK);
	(void)hcs_world_tool(w, "reboot", NULL);
	hcs_world_awake(w);
	assert_int_equal(hcs_world_enumerate(w, NULL), S_OK);
	assert_true(!w->document || strcmp(w->document, "[]") == 0);
	w->api->HcsCloseComputeSystem(c);
	w->api->HcsCloseComputeSystem(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_where_it_is_installed),      TEST(its_document_is_checked),
		TEST(it_may_open_what_it_was_given),   TEST(without_a_boot_file_it_does_not_start),
		TEST(it_is_enumerated_as_what_it_is),  TEST(things_come_in_their_order),
		TEST(guests_know_what_they_were_told), TEST(a_container_runs_in_it),
		TEST(it_takes_its_containers_along),   TEST(a_reboot_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
