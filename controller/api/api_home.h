/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Inside of the server: the place of its socket. A path in the file system can be taken away or
 * given to somebody else under a server that listens: that is told by the kernel, and the server
 * listens there again. For the API's thread only.
 */
#include "controller/api/api_conn.h"

/** api_home_open() - listen at the path of the options, and watch it */
int api_home_open(struct api *api, struct error *err);

/** api_home_turn() - something has happened at the place: is it still ours? Who is connected stays;
 *  what keeps us out is logged, and tried again at the next change there */
void api_home_turn(struct api *api);
