// SPDX-License-Identifier: Apache-2.0
// How the daemon itself is doing: counts since its start, those of records since the journal's. The
// daemon owns one and counts ticks; the pipeline counts verdicts, the journal records;
// collector/self.c reads it like any other source.
#pragma once

#include <stdint.h>

struct health {
    uint64_t n_samples;        // of ENIs
    uint64_t n_samples_missed; // of ENIs, in ticks that were made: a failed read, or none for the
                               // sake of sample.budget
    uint64_t n_ticks_missed;   // that were due while another was being made, or the machine slept
    uint64_t n_ticks_late;     // that began more than half an interval late
    uint64_t n_suspect;        // samples of which a group was held
    uint64_t n_lies, n_resets, n_rebased;
    // Of records, over all starts that the journal knows of:
    // made = delivered + refused + expired + unclaimed + waiting
    uint64_t n_records_made;
    uint64_t n_records_delivered;
    uint64_t n_records_refused;   // wholly or in part, for good: by the destination, or before it
    uint64_t n_records_expired;   // too old for CloudWatch, or the oldest when there was no room
    uint64_t n_records_unclaimed; // of another instance: our image was made from it
    uint64_t n_records_waiting;   // in the journal
    uint64_t n_documents_refused; // by the destination: items, of which a record has one or more
    uint64_t n_maybe_doubled;     // items that the destination may have taken twice
    uint64_t n_reconnects;        // of the sink: connections after the first one
    uint64_t n_imds_requests;     // to the metadata service, for tokens too
    uint64_t n_imds_failures;     // questions without an answer, and answers that were no good
    uint64_t delivered_ns;        // boot clock: the last record that was delivered; 0 for none
};

// The counts of records, and no other.
static inline void health_take_records(struct health *health, const struct health *other)
{
    health->n_records_made = other->n_records_made;
    health->n_records_delivered = other->n_records_delivered;
    health->n_records_refused = other->n_records_refused;
    health->n_records_expired = other->n_records_expired;
    health->n_records_unclaimed = other->n_records_unclaimed;
    health->n_records_waiting = other->n_records_waiting;
}
