/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Documents for the Host Compute Service, schema 2.1: containers, questions, changes. Pure. The
 * service refuses members it does not know and values of another type, so what is not said is left
 * out. Utility VMs are hcs_vm's part, processes hcs_process's, answers hcs_reply's.
 *
 * The caller frees what is returned. json_canonical() gives the text to send.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "specs/spec_value.h"

#define HCS_HOST_NAME 15 /* characters: NetBIOS has no more */

struct hcs_layer {
	const char *id;   /* GUID, text: NameToGuid() of the directory's last component */
	const char *path; /* absolute */
};

struct hcs_directory {
	const char *host;      /* an absolute path, or the guest's for a hosted container */
	const char *container; /* where it appears */
	bool readonly;
};

struct hcs_pipe {
	const char *host; /* "\\.\pipe\docker_engine" */
	const char *name; /* in the container, without "\\.\pipe\" */
};

/* Limits; at most one of the three processor values is set, the others are 0: not said. */
struct hcs_limits {
	int64_t memory_mb;         /* 0: none */
	int64_t processor_count;   /* 1.. */
	int64_t processor_maximum; /* 1..10000: hundredths of a percent of the whole host */
	int64_t processor_weight;  /* 1..10000 */
};

struct hcs_container {
	const char *host_name;          /* 1..HCS_HOST_NAME characters; never NULL */
	const struct hcs_layer *layers; /* nearest parent first, the base last; at least one */
	size_t n_layers;
	const char *root;    /* where the scratch layer is mounted, see below */
	const char *network; /* GUID of an HCN namespace, bare and in lower case; NULL: none */
	struct strings dns_search; /* suffixes; only with a network */
	const struct hcs_directory *directories;
	size_t n_directories;
	const struct hcs_pipe *pipes;
	size_t n_pipes;
	struct hcs_limits limits;
};

/**
 * hcs_document_container() - HcsCreateComputeSystem: a container on the host's kernel
 * @c: root is "\\?\Volume{GUID}\", as GetLayerMountPath() gives it; its last backslash may be
 *     missing
 *
 * Owned by @owner, and alive until it is stopped: closing the last handle does not end it.
 *
 * Return: 0; -ERR_INVALID naming what the service would refuse.
 */
int hcs_document_container(const char *owner, const struct hcs_container *c,
			   struct json_object **ret, struct error *err);

/**
 * hcs_document_hosted() - the same in a utility VM that runs
 * @c:  paths are the guest's; root is the directory where the layers were combined
 * @vm: id of the VM's compute system
 */
int hcs_document_hosted(const char *owner, const char *vm, const struct hcs_container *c,
			struct json_object **ret, struct error *err);

/** hcs_document_volume() - is @path a volume's name, "\\?\Volume{GUID}" with or without "\"? */
bool hcs_document_volume(const char *path);

/** hcs_document_systems() - HcsEnumerateComputeSystems: all of @owner, exactly */
struct json_object *hcs_document_systems(const char *owner);

/* What HcsGetComputeSystemProperties shall say beyond the basics. */
enum hcs_property {
	HCS_PROPERTY_STATISTICS = 1 << 0,
	HCS_PROPERTY_PROCESSES = 1 << 1,
	HCS_PROPERTY_MEMORY = 1 << 2,
	HCS_PROPERTY_GUEST = 1 << 3, /* of a utility VM: is its guest connected? */
};

/** hcs_document_properties() - the question for @properties, a set; 0: the basics */
struct json_object *hcs_document_properties(unsigned properties);

/* HcsModifyComputeSystem. */
enum hcs_change { HCS_ADD, HCS_REMOVE, HCS_UPDATE };

/** hcs_document_change() - @settings (taken; may be NULL) for the resource at @path */
struct json_object *hcs_document_change(const char *path, enum hcs_change change,
					struct json_object *settings);

/** hcs_document_memory() - another memory limit for a running container */
struct json_object *hcs_document_memory(int64_t memory_mb);

/** hcs_document_processor() - other processor limits for a running container */
struct json_object *hcs_document_processor(const struct hcs_limits *limits);

/** hcs_document_directory() - map one more directory, or one less */
struct json_object *hcs_document_directory(enum hcs_change change, const struct hcs_directory *d);

/* Parts that other documents use. */
struct json_object *hcs_document_layers(const struct hcs_layer *layers, size_t n);
void hcs_document_put_version(struct json_object *o); /* "SchemaVersion", 2.1 */
const char *hcs_document_change_name(enum hcs_change change);
