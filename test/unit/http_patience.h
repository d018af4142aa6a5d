// SPDX-License-Identifier: Apache-2.0
// What comes of a request whose time is up.
#pragma once

#include "support/http_peer.h"
#include "support/unit.h"
#include "unit/moved_clock.h"

#define LONG_S  3600 // so long that no machine is too slow to get there
#define LONG_MS UINT64_C(3600000)

// LONG_S after the request was sent, which goes on until then.
static enum http_outcome outcome_at_last(
    struct http_peer *peer, const struct http_exchange *exchange)
{
    http_peer_settle(peer, 20);
    clock_shift_s += LONG_S - 60;
    http_peer_settle(peer, 20);
    assert_int_equal(http_peer_poll(peer, exchange), HTTP_BUSY);
    clock_shift_s += 120;
    return http_peer_await(peer, exchange);
}
