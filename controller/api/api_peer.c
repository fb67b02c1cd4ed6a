/* SPDX-License-Identifier: Apache-2.0 */
/* The policy, and nothing else: where credentials come from is the listener's matter. */
#include "controller/api/api_peer.h"

bool api_peer_may(const struct api_peer *peer, uid_t own, enum api_right right)
{
	switch (right) {
	case API_READ:
		return true;
	case API_WRITE:
		return peer->uid == 0 || peer->uid == own;
	}
	return false;
}
