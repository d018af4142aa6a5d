// SPDX-License-Identifier: Apache-2.0
// A restart of the daemon as flow/delta.c sees it: its lives go through the text of
// store/baseline.h.
#pragma once

#include "flow/delta.h"
#include "flow/window.h"

// A window to go through it with, of a minute; the caller finishes it.
void reload_window(struct window *window, const struct catalog *catalog);
// What is saved, as the journal has it; the caller frees it.
char *reload_save(const struct delta_table *table);
// Begins the table anew with what such a text says, as a daemon that starts at `now`.
void reload_load(struct delta_table *table, const char *text, const struct now *now);
// Both, one after the other.
void reload(struct delta_table *table, const struct now *now);
