// SPDX-License-Identifier: Apache-2.0
// The tally of ethtool calls behind --count. A handful of rows, so a plain array is searched.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "replace.h"
#include "tally.h"

static struct tally_row *append_row(struct tally *tally, const char *who, uint32_t command)
{
    struct tally_row *rows = reallocarray(tally->rows, tally->n_rows + 1, sizeof(*rows));
    if (!rows)
        abort();
    tally->rows = rows;
    struct tally_row *row = &rows[tally->n_rows++];
    *row = (struct tally_row){.command = command};
    snprintf(row->who, sizeof(row->who), "%s", who);
    return row;
}

void tally_count(struct tally *tally, const char *who, uint32_t command)
{
    for (size_t i = 0; i < tally->n_rows; i++) {
        struct tally_row *row = &tally->rows[i];
        if (row->command == command && strcmp(row->who, who) == 0) {
            row->n_calls++;
            return;
        }
    }
    append_row(tally, who, command)->n_calls = 1;
}

static void print_row(FILE *out, const struct tally_row *row)
{
    const char *name = row->command == TALLY_DELAYED ? "DELAYED"
                                                     : answer_command_name(row->command);
    if (name)
        fprintf(out, "%s %s %" PRIu64 "\n", row->who, name, row->n_calls);
    else
        fprintf(out, "%s 0x%08" PRIx32 " %" PRIu64 "\n", row->who, row->command, row->n_calls);
}

int tally_write(const struct tally *tally, const char *path)
{
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);
    if (!out)
        return -errno;
    for (size_t i = 0; i < tally->n_rows; i++)
        print_row(out, &tally->rows[i]);
    int error = fclose(out) == 0 ? replace_file(path, text) : -ENOMEM;
    free(text);
    return error;
}

void tally_finish(struct tally *tally)
{
    free(tally->rows);
    *tally = (struct tally){0};
}
