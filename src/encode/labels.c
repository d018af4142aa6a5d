// SPDX-License-Identifier: Apache-2.0
// The list of labels: looked up by the encoders, filled by identity/.
#include <assert.h>
#include <string.h>

#include "labels.h"

static bool is_printable(const char *text, size_t max_bytes)
{
    if (strlen(text) > max_bytes || text[strspn(text, " ")] == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static bool is_dimension(const struct label *label)
{
    return label->is_dimension && label->value != NULL &&
        is_printable(label->value, CLOUDWATCH_MAX_DIMENSION_VALUE);
}

const char *labels_dimension(const struct labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->n_labels; i++)
        if (is_dimension(&labels->labels[i]) && strcmp(labels->labels[i].name, name) == 0)
            return labels->labels[i].value;
    return NULL;
}

bool labels_is_pending(const struct labels *labels, const char *name)
{
    for (size_t i = 0; i < labels->n_labels; i++)
        if (labels->labels[i].is_pending && strcmp(labels->labels[i].name, name) == 0)
            return true;
    return false;
}

void labels_add(struct labels *labels, struct label label)
{
    assert(labels->n_labels < LABELS_MAX);
    labels->labels[labels->n_labels++] = label;
}

bool label_is_name(const char *text, size_t max_bytes)
{
    return text[0] != ':' && is_printable(text, max_bytes);
}
