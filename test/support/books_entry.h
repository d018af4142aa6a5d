// SPDX-License-Identifier: Apache-2.0
// Entries into support/books.h, shared by books.c, books_arrivals.c and books_reopen.c.
#pragma once

#include "support/books.h"

void books_expect(
    const struct books *books, const struct account *account, bool is_so, const char *what);

// For who reads how a failure came about.
void books_tell(const struct books *books, const struct account *account, const char *what);

struct account *books_open(
    struct books *books, const struct record *record, const struct catalog *catalog);
// What the record holds.
void books_read(
    const struct record *record, const struct catalog *catalog, struct account *account);
void books_end(struct books *books, struct account *account, enum fate fate);
// As if it had never been made.
void books_drop(struct books *books, struct account *account);
void books_check_equation(const struct books *books, const struct journal *journal);

// NULL: it was never sent in such parts.
struct cut *books_cut(const struct account *account, const struct parts *parts);
void books_put_first(struct account *account, struct cut *cut);
// Whether each of the first so many parts has.
bool books_has_arrived(const struct cut *cut, uint32_t n_parts);
// From this part on, all that arrived may come again. Returns of how many that is news.
uint32_t books_forgive_from(struct cut *cut, uint32_t part);
