/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The types of specs/spec_parts.h that others are made of. See specs/schema.h. */
#include "specs/schema.h"

extern const struct schema_type schema_parts_image;
extern const struct schema_type schema_parts_command;
extern const struct schema_type schema_parts_resources;
extern const struct schema_type schema_parts_network;
extern const struct schema_type schema_parts_endpoint;
extern const struct schema_type schema_parts_scale;
extern const struct schema_type schema_parts_group;
extern const struct schema_type schema_parts_depend;
extern const struct schema_type schema_parts_health;
extern const struct schema_type schema_parts_init;
extern const struct schema_type schema_parts_device;
extern const struct schema_type schema_parts_storage;
extern const struct schema_type schema_parts_port_mapping;
extern const struct schema_type schema_parts_node_selector;
extern const struct schema_type schema_parts_platform;
