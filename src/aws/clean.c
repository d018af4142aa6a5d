// SPDX-License-Identifier: Apache-2.0
// First a line, then without keys, and cut last: what was cut before would not be known for a key.
#include <string.h>

#include "aws/clean.h"

#define READ_MAX    ((size_t)8192) // of the text; what makes a line comes from here
#define PIECE_MIN   ((size_t)12)   // bytes in a row of a key that no text has by chance
#define REPLACEMENT "[redacted]"

struct line {
    char *text;
    size_t n, n_max;
};

// Blanks, and what moves a cursor: one space for each run of them, none at the start. A '?' for
// each run of what is not ASCII.
static void put_as_line(struct line *line, const char *text, size_t n_bytes)
{
    bool was_foreign = false;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_foreign = c >= 0x80, is_blank = c <= ' ' || c == 0x7f;
        bool is_told = is_foreign ? was_foreign
                                  : is_blank && (line->n == 0 || line->text[line->n - 1] == ' ');
        if (!is_told)
            line->text[line->n++] = (char)(is_foreign ? '?' : is_blank ? ' ' : c);
        was_foreign = is_foreign;
    }
    if (line->n > 0 && line->text[line->n - 1] == ' ')
        line->n--;
    line->text[line->n] = '\0';
}

// How many bytes here are a piece of the secret, wherever in it. Services cut their messages too.
static size_t piece_of(const char *at, const char *secret)
{
    size_t n_secret = secret != NULL ? strlen(secret) : 0;
    size_t n = n_secret < PIECE_MIN ? n_secret : PIECE_MIN;
    if (n == 0 || strnlen(at, n) < n)
        return 0;
    const char *found = memmem(secret, n_secret, at, n);
    if (found == NULL)
        return 0;
    while (found[n] != '\0' && found[n] == at[n])
        n++;
    return n;
}

static size_t piece_of_keys(const char *at, const struct sigv4_keys *keys)
{
    if (keys == NULL)
        return 0;
    const char *const secrets[] = {
        keys->session_token, keys->secret_access_key, keys->access_key_id};
    size_t n = 0;
    for (size_t i = 0; n == 0 && i < ARRAY_SIZE(secrets); i++)
        n = piece_of(at, secrets[i]);
    return n;
}

static void put(struct line *line, const char *text, size_t n)
{
    size_t n_room = line->n_max - 1 - line->n;
    n = n < n_room ? n : n_room;
    memcpy(line->text + line->n, text, n);
    line->n += n;
    line->text[line->n] = '\0';
}

static void put_without_keys(struct line *line, const char *text, const struct sigv4_keys *keys)
{
    bool was_piece = false;
    while (*text != '\0' && line->n < line->n_max - 1) {
        size_t n = piece_of_keys(text, keys);
        if (n == 0)
            put(line, text, 1);
        else if (!was_piece)
            put(line, REPLACEMENT, strlen(REPLACEMENT));
        text += n > 0 ? n : 1;
        was_piece = n > 0;
    }
}

void aws_clean(const char *text, size_t n_bytes, const struct sigv4_keys *keys,
    char ret_text[static AWS_MESSAGE_MAX])
{
    char whole[READ_MAX + 1] = "";
    struct line line = {whole, 0, sizeof(whole)}, result = {ret_text, 0, AWS_MESSAGE_MAX};
    put_as_line(&line, text, n_bytes < READ_MAX ? n_bytes : READ_MAX);
    ret_text[0] = '\0';
    put_without_keys(&result, whole, keys);
}
