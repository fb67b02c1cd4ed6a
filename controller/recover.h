/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * After a store was lost, put back or taken over: what runs is taken in, and a person says that it
 * is right so. Until then nothing is deleted (DESIGN 5).
 */
#include "controller/session.h"

/**
 * recover_accept() - take in what the runtimes show, and allow deleting again
 *
 * A look must see everything: what it missed would be nobody's afterwards, and a sweep's.
 * Return: 0; -ERR_UNAVAILABLE when a runtime could not be seen, and nothing has changed.
 */
int recover_accept(struct session *s, struct error *err);
