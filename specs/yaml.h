/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * YAML to a tree of nodes with marks. One document; aliases are expanded by
 * sharing; merge keys are keys like any other. Bounded in bytes, levels and
 * expanded values.
 */
#include <stddef.h>

#include "specs/findings.h"
#include "specs/node.h"

/**
 * yaml_read() - the document in @bytes
 * @arena:    the tree lives here
 * @findings: gets one error when the text cannot be read
 *
 * Return: the root, or NULL after adding a finding.
 */
struct node *yaml_read(const char *bytes, size_t n, struct arena *arena, struct findings *findings);
