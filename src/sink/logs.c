// SPDX-License-Identifier: Apache-2.0
// EMF documents to CloudWatch Logs itself, by PutLogEvents: metrics and Logs Insights without an
// agent. What is missing there is created: first the stream, for the group is there on all nodes
// but the first. Decides what an answer means for documents.
// Not compressed: the model has no requestcompression trait.
#include <string.h>

#include "log.h"
#include "sink/aws_check.h"
#include "sink/aws_delivery.h"
#include "sink/aws_trouble.h"
#include "sink/logs_events.h"
#include "sink/logs_names.h"
#include "sink/logs_options.h"
#include "sink/logs_step.h"

struct logs {
    struct aws_delivery delivery;
    const char *group;         // borrowed
    const char *wanted_stream; // borrowed; NULL: who we are
    char *stream;              // of the batch in flight, or the last one
    // For the batch in flight.
    enum logs_step step;                // what is asked next, or now
    bool is_stream_made, is_group_made; // once for a batch: what is missing still comes later
    struct logs_events events;          // of the part under way
    char *body;                         // of a creation
};

static void make_events(struct logs *logs, struct aws_request *request)
{
    const struct aws_delivery *delivery = &logs->delivery;
    logs_events_make(&logs->events,
        &(struct logs_span){delivery->batch, delivery->part.begin, bisect_end(&delivery->part),
            logs->group, logs->stream});
    request->body = logs->events.body;
    request->n_body_bytes = logs->events.n_body_bytes;
}

static void make_creation(struct logs *logs, struct aws_request *request)
{
    free(logs->body);
    logs->body = logs_creation_body(
        logs->group, logs->step == LOGS_CREATE_STREAM ? logs->stream : NULL);
    request->body = logs->body;
    request->n_body_bytes = strlen(logs->body);
}

static void send(struct aws_delivery *delivery, const struct now *now)
{
    struct logs *logs = (struct logs *)delivery;
    struct aws_request request = {
        .target = logs_operations[logs->step].target, .content_type = LOGS_CONTENT_TYPE};
    if (logs->step == LOGS_PUT)
        make_events(logs, &request);
    else
        make_creation(logs, &request);
    aws_delivery_send(delivery, now, &request);
}

// --- Answers ---

struct reply {
    const struct aws_reply *aws;
    enum logs_meaning meaning;
};

static void take_events(struct logs *logs, const struct reply *reply)
{
    const struct logs_events *events = &logs->events;
    struct logs_rejection rejection;
    logs_events_read_answer(
        events, reply->aws->answer->body, reply->aws->answer->n_body_bytes, &rejection);
    scoped_free char *reason = logs_events_tell(events, &rejection);
    for (size_t i = 0; i < events->n_events; i++)
        if (i < rejection.first || i >= rejection.end)
            aws_delivery_refuse(&logs->delivery, events->order[i], reason);
    aws_delivery_succeed(&logs->delivery, reply->aws);
}

static void refuse_event(struct logs *logs, const struct reply *reply)
{
    scoped_free char *reason = aws_trouble_words(reply->aws->answer);
    aws_delivery_refuse(&logs->delivery, logs->delivery.part.begin, reason);
    aws_delivery_settle(&logs->delivery, reply->aws);
}

static void fail(struct logs *logs, const struct reply *reply)
{
    aws_delivery_fail(&logs->delivery, reply->aws,
        &(struct aws_delivery_failure){.request = logs->step,
            .action = logs_operations[logs->step].action,
            .may_pass = reply->meaning == LOGS_ABSENT});
}

// What was created a moment ago may be missing still: later.
static void take_put(struct logs *logs, const struct reply *reply)
{
    bool is_halved = (reply->meaning == LOGS_INVALID || reply->meaning == LOGS_TOO_LARGE) &&
        aws_delivery_halve(&logs->delivery, reply->aws->answer);
    if (is_halved)
        return;
    if (reply->meaning == LOGS_DONE)
        take_events(logs, reply);
    else if (reply->meaning == LOGS_ACCEPTED)
        aws_delivery_succeed(&logs->delivery, reply->aws);
    else if (reply->meaning == LOGS_INVALID)
        refuse_event(logs, reply);
    else if (reply->meaning == LOGS_ABSENT && !logs->is_stream_made)
        logs->step = LOGS_CREATE_STREAM;
    else
        fail(logs, reply);
}

static void take_stream(struct logs *logs, const struct reply *reply)
{
    if (reply->meaning == LOGS_ABSENT && !logs->is_group_made)
        logs->step = LOGS_CREATE_GROUP;
    else if (reply->meaning != LOGS_DONE)
        fail(logs, reply);
    else
        logs->step = LOGS_PUT;
    logs->is_stream_made = logs->step == LOGS_PUT;
}

static void take_group(struct logs *logs, const struct reply *reply)
{
    if (reply->meaning != LOGS_DONE) {
        fail(logs, reply);
        return;
    }
    if (reply->aws->outcome == AWS_DONE)
        log_info("logs: created log group %s", logs->group);
    logs->is_group_made = true;
    logs->step = LOGS_CREATE_STREAM;
}

static void take(struct aws_delivery *delivery, const struct aws_reply *aws)
{
    struct logs *logs = (struct logs *)delivery;
    struct reply reply = {aws, logs_judge(logs->step, aws->outcome, aws->answer)};
    aws_delivery_note(delivery, aws->answer, logs->step == LOGS_PUT);
    if (logs->step == LOGS_CREATE_GROUP)
        take_group(logs, &reply);
    else if (logs->step == LOGS_CREATE_STREAM)
        take_stream(logs, &reply);
    else
        take_put(logs, &reply);
    if (delivery->batch == NULL)
        logs_events_finish(&logs->events);
}

// --- The sink ---

extern const struct sink_ops sink_logs;

static const struct aws_delivery_kind kind = {.ops = &sink_logs,
    .service = AWS_LOGS,
    .items = "documents",
    .action = LOGS_PUT_ACTION,
    .policy = "packaging/iam/logs.json",
    .send = send,
    .take = take};

static int logs_create(const struct sink_setting *setting, struct sink **ret_sink)
{
    const struct logs_options *wanted = setting->options;
    struct logs *logs = xcalloc(1, sizeof(*logs));
    logs->group = setting->log_group;
    logs->wanted_stream = wanted->stream;
    aws_delivery_init(&logs->delivery, &kind, setting);
    *ret_sink = &logs->delivery.sink;
    return 0;
}

static void logs_destroy(struct sink *sink)
{
    struct logs *logs = (struct logs *)sink;
    if (logs == NULL)
        return;
    aws_delivery_finish(&logs->delivery);
    logs_events_finish(&logs->events);
    free(logs->stream);
    free(logs->body);
    free(logs);
}

static void logs_limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    (void)sink;
    logs_events_limits(ret_limits);
}

// Documents wait for the instance id themselves (identity.wait): what goes out while it is not
// known has done so, or need not.
static char *find_stream(struct logs *logs)
{
    return logs->wanted_stream != NULL ? xstrdup(logs->wanted_stream)
                                       : logs_stream_of(aws_delivery_who(&logs->delivery));
}

static void choose_stream(struct logs *logs)
{
    scoped_free char *stream = find_stream(logs);
    if (logs->stream != NULL && strcmp(logs->stream, stream) == 0)
        return;
    free(logs->stream);
    logs->stream = xstrdup(stream);
    log_info("logs: documents go to log group %s, stream %s", logs->group, logs->stream);
}

static void logs_submit(struct sink *sink, const struct batch *batch)
{
    struct logs *logs = (struct logs *)sink;
    choose_stream(logs);
    logs->step = LOGS_PUT;
    logs->is_stream_made = logs->is_group_made = false;
    aws_delivery_submit(sink, batch);
}

static void logs_check(const struct sink_setting *setting, struct sink_finding *ret_finding)
{
    aws_check(&kind, setting, ret_finding);
}

const struct sink_ops sink_logs = {
    .name = "logs",
    .table = {.section = "logs",
        .rows = logs_rows,
        .n_rows = LOGS_N_ROWS,
        .options_size = sizeof(struct logs_options)},
    .form = SINK_FORM_EMF,
    .needs_http = true,
    .create = logs_create,
    .limits = logs_limits,
    .is_ready = aws_delivery_is_ready,
    .submit = logs_submit,
    .work = aws_delivery_work,
    .wait = aws_delivery_wait,
    .hurry = aws_delivery_hurry,
    .destroy = logs_destroy,
    .check = logs_check,
};
