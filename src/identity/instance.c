// SPDX-License-Identifier: Apache-2.0
// The instance's questions: some keys of their own, then the identity document, which has the rest.
// The document comes last: who has the instance id has all that there is.
#include <jansson.h>
#include <string.h>

#include "identity/instance.h"
#include "log.h"

#define DOCUMENT      INSTANCE_N_FACTS // index of its question
#define DOCUMENT_PATH "dynamic/instance-identity/document"

void instance_init(struct instance *instance, const struct question_span *span)
{
    *instance = (struct instance){.span = *span};
    for (size_t i = 0; i < INSTANCE_N_FACTS; i++)
        if (instance_facts[i].key == NULL)
            instance->questions[i].due_ns = QUESTION_NEVER;
}

void instance_finish(struct instance *instance)
{
    if (instance == NULL)
        return;
    for (size_t i = 0; i < INSTANCE_N_FACTS; i++)
        free(instance->facts[i]);
    *instance = (struct instance){0};
}

struct question *instance_next(struct instance *instance)
{
    struct question *next = NULL;
    for (size_t i = 0; i < INSTANCE_MAX_QUESTIONS; i++)
        if (instance->questions[i].due_ns != QUESTION_NEVER)
            next = question_first(next, &instance->questions[i]);
    return next;
}

const char *instance_path(const struct instance *instance, const struct question *question)
{
    ptrdiff_t index = question - instance->questions;
    return index == DOCUMENT ? DOCUMENT_PATH : instance_facts[index].key;
}

bool instance_is_primary(const struct instance *instance, const char *mac)
{
    const char *primary = instance->facts[INSTANCE_PRIMARY_MAC];
    return primary != NULL && strcasecmp(primary, mac) == 0;
}

static void keep(struct instance *instance, size_t fact, char *value)
{
    free(instance->facts[fact]);
    instance->facts[fact] = value;
}

static void keep_member(struct instance *instance, const json_t *document, size_t fact)
{
    const json_t *member = json_object_get(document, instance_facts[fact].member);
    const char *text = json_string_value(member);
    struct answer answer = {text, text != NULL ? strlen(text) : 0};
    char *value = text != NULL ? fact_read(&instance_facts[fact], &answer) : NULL;
    if (value != NULL)
        keep(instance, fact, value);
    if (value != NULL || member == NULL || json_is_null(member))
        return;
    instance->n_refused++;
    log_warning("imds: " DOCUMENT_PATH ": %s is not what it should be: left out",
        instance_facts[fact].member);
}

// Without an instance id it is not the document.
static bool take_document(struct instance *instance, const struct answer *answer)
{
    json_auto_t *document = json_loadb(answer->body, answer->n_bytes, 0, NULL);
    const char *id = json_string_value(json_object_get(document, "instanceId"));
    if (id == NULL || !instance_facts[INSTANCE_ID].is_value(id))
        return false;
    for (size_t i = 0; i < INSTANCE_N_FACTS; i++)
        if (instance_facts[i].member != NULL)
            keep_member(instance, document, i);
    return true;
}

static bool take_fact(struct instance *instance, size_t fact, const struct answer *answer)
{
    char *value = fact_read(&instance_facts[fact], answer);
    if (value != NULL)
        keep(instance, fact, value);
    return value != NULL;
}

bool instance_take(struct instance *instance, struct question *question, const struct now *now,
    const struct answer *answer)
{
    size_t index = (size_t)(question - instance->questions);
    bool is_good = answer->body != NULL &&
        (index == DOCUMENT ? take_document(instance, answer) : take_fact(instance, index, answer));
    if (is_good) {
        question->due_ns = QUESTION_NEVER;
        return true;
    }
    question_repeat(question, &instance->span, now);
    return false;
}
