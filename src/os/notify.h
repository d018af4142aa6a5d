// SPDX-License-Identifier: Apache-2.0
// What the service manager is told: that we are ready, alive, reloading, stopping (sd_notify(3),
// systemd 239 and later). Nothing waits. Without a service manager nothing happens; a message that
// cannot be sent at once is lost: READY=1 may be said again.
#pragma once

#include <stdint.h>

// The first sample has been taken, or a reload is over; and again whenever `status`, one line, is
// another.
void notify_ready(const char *status);
// The configuration is read anew, until notify_ready().
void notify_reloading(void);
void notify_stopping(const char *status);
// The loop has made progress.
void notify_alive(void);
// How long the service manager waits for notify_alive() before it ends us: call it at half of that
// time. 0: it does not wait for it.
uint64_t notify_watchdog_ns(void);
