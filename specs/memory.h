/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Sizes in bytes, as the deployment format spells them. */
#include <stdbool.h>
#include <stdint.h>

/**
 * memory_parse() - the strict form: a number above 0 and Ki, Mi, Gi or Ti, nothing between
 *
 * The number may have a leading '+', as upstream's reader lets it.
 * Return: true and *ret_bytes set (UINT64_MAX when the product does not fit).
 */
bool memory_parse(const char *text, uint64_t *ret_bytes);

/**
 * memory_parse_lax() - the form of fields the format does not check
 *
 * Plain bytes, K M G T (powers of 1000) and Ki Mi Gi Ti.
 */
bool memory_parse_lax(const char *text, uint64_t *ret_bytes);
