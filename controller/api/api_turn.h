/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Inside of the server: what its thread does all day. For api_server.c and the fuzz target only. */
#include "controller/api/api_conn.h"

/** api_turn() - wait for something to do, at most until @until (0: no end), and do it */
void api_turn(struct api *api, struct mono until);
