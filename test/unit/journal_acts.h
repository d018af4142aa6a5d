// SPDX-License-Identifier: Apache-2.0
// What the tests of the journal do to it and ask it, in short words.
#pragma once

#include "support/journal_fixture.h"
#include "support/unit.h"

// A window of records `first` to `first` + n - 1, with the baseline of the number after them.
static inline void append(struct journal_fixture *fixture, uint64_t first, size_t n)
{
    journal_append(&fixture->journal, journal_fixture_records(fixture, first, n),
        journal_fixture_object(first + n));
    journal_fixture_check_counts(fixture);
}

static inline uint64_t baseline(const struct journal_fixture *fixture)
{
    return journal_fixture_number(journal_baseline(&fixture->journal));
}

static inline size_t said(struct journal_fixture *fixture, const char *words)
{
    return log_catcher_count(&fixture->log, words);
}

// What a process leaves that ends here, found by the next start.
static inline void crash(struct journal_fixture *fixture, const char *boot_id, const char *name)
{
    size_t n_bytes;
    scoped_free char *bytes = journal_fixture_read(fixture, "journal", &n_bytes);
    journal_close(&fixture->journal);
    journal_fixture_write(fixture, "journal", bytes, n_bytes);
    journal_fixture_open(fixture, boot_id, name);
}
