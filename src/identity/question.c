// SPDX-License-Identifier: Apache-2.0
// The times between two tries of one question.
#include "identity/question.h"

static uint64_t next_step(
    const struct question *question, const struct question_span *span, uint64_t now_ns)
{
    if (now_ns - span->since_ns < QUESTION_FRESH_NS)
        return QUESTION_OFTEN_NS;
    if (now_ns >= span->wait_until_ns)
        return QUESTION_SELDOM_NS;
    if (question->step_ns == 0)
        return QUESTION_OFTEN_NS;
    uint64_t step_ns = 2 * question->step_ns;
    return step_ns < QUESTION_RARELY_NS ? step_ns : QUESTION_RARELY_NS;
}

void question_repeat(
    struct question *question, const struct question_span *span, const struct now *now)
{
    question->step_ns = next_step(question, span, now->boot_ns);
    question->due_ns = now->boot_ns + question->step_ns;
}

struct question *question_first(struct question *a, struct question *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    return b->due_ns < a->due_ns ? b : a;
}
