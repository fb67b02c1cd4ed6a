/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Included in front of every file by the build (-include). Functions that write
 * without a bound, keep hidden state, hide errors or start a shell do not compile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll localtime gmtime ctime asctime system popen tmpnam mktemp
