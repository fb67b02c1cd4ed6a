#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The laws of plan and loop over many more random cases than the normal run has. PROPERTY_CASES
# (default 20000), PROPERTY_SEED (printed; a case that fails prints its own).
set -euo pipefail
seed=${PROPERTY_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "seed=$seed"
exec "$TEST_BINARY_DIR/tests/controller_property_test" "$seed" "${PROPERTY_CASES:-20000}"
