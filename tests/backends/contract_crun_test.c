/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over real containers by crun. */
#include "tests/backends/contract_oci.h"

int main(void)
{
	return contract_oci_run("crun");
}
