// SPDX-License-Identifier: Apache-2.0
// A closed window of one ENI or of the instance: values and MACs, never labels.
// One heap block, made by flow/window.c, owned by the journal until it is delivered, freed with
// free().
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"

// A value and how many samples in a row had it. Most seconds of most nodes are zeros.
struct run {
    uint64_t value;
    uint32_t n_values;
};

// One value per sample of the window, in their order.
struct series {
    uint32_t metric;
    uint32_t n_values; // the sum over the runs
    uint32_t n_runs;
    const struct run *runs; // in the record's block
};

// How a record is cut into the items of a sink.
// EMF: metrics in blocks of so many, each metric's values in slices of so many; a document for
// every slice of every block, the slices of a block first.
// Datums: each metric's distinct values in slices of so many; a datum for every slice in each of
// the dimension sets, metrics first, then slices, then sets.
struct parts {
    uint32_t metrics_per_part;
    uint32_t values_per_part;
    uint32_t n_parts; // 0: not planned yet
    uint32_t sets;    // of datums: a bit for each dimension set that was complete, in their order
    uint32_t key;     // of the encoder's settings that it was made with; 0: none of today's
};

// A start of the daemon: whose records they are. Owned by the journal, for as long as it has one of
// them.
struct start {
    const char *name;    // no other start has it: the property `boot` of documents
    const char *boot_id; // of the kernel that it was on
    bool is_this_boot;   // which is the one we are on: its boot clock is ours
};

struct record {
    const struct start *start; // borrowed
    enum metric_scope scope;
    struct eni eni;          // all zero in the record of an instance
    uint64_t sequence;       // counts the records of its start, from 1
    int64_t start_ms;        // of the aligned window, wall clock
    int64_t clock_offset_ms; // now_offset_ms() when the window opened
    uint64_t period_ms;
    uint64_t sample_ms;    // the configured interval
    uint64_t gap_ms;       // the longest time that one value covers, 0 if none is unusual
    uint32_t n_enis;       // that were read in this window
    size_t bytes;          // of this block
    uint32_t n_series;     // published as metrics
    uint32_t n_properties; // collected, but published as properties: counters as their sum
    const struct series *series;
    const struct reading *properties;
    struct metric_set unsupported; // to be published here, and offered by no ENI of this record
    struct parts parts; // planned when it is first sent, and kept: `part` and `parts` never change
    uint32_t n_parts_taken; // by the sink, or refused
    bool is_refused;        // one of these was; or without parts: it has none to publish
    bool is_in_flight;      // the sink has items of it
    uint32_t stored_bytes;  // of it as text in the journal's file; 0 where there is none
    struct record *next;    // in the journal's queue, where `prev` is the older one
    struct record *prev;
};
