/* SPDX-License-Identifier: Apache-2.0 */
/* The contract over real containers as the product has them: behind a shim of its own process. */
#include "tests/backends/contract_oci.h"
#include "tests/support/shim_main.h"

int main(int argc, char **argv)
{
	if (shim_main_is(argc, argv))
		return shim_main(argc, argv, NULL);
	return contract_oci_run_shim();
}
