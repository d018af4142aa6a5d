// SPDX-License-Identifier: Apache-2.0
// What befalls the cards of a schedule; called by support/schedule.c only.
#pragma once

#include "support/schedule.h"

// Puts a card that was never seen into the slot.
void plight_insert_new(struct schedule *schedule, size_t slot);
// Half the time since the last call passes, and half of what remains in the next call.
void plight_count(struct schedule *schedule, size_t card);
// Perhaps something befalls the card in the slot; perhaps another one is there then.
void plight_befall(struct schedule *schedule, size_t slot);
// The card was looked at.
void plight_seen(struct schedule *schedule, const struct look *look);
// Nothing befalls the card any more, and what did is over.
void plight_end(struct schedule *schedule, size_t card);
