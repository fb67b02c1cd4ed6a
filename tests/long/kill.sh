#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A hundred kills of the controller, at random moments of an apply of 50 containers.
KILLS=100 exec bash "$(dirname "$0")/../e2e/kill.sh"
