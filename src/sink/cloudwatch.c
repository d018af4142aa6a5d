// SPDX-License-Identifier: Apache-2.0
// Datums to CloudWatch itself, by PutMetricData: no agent, no log group. A batch is one request;
// what an error says of the data decides whether it is sent again, in halves, or refused.
// Owns the link to the service; decides about batches, and speaks to the log.
#include <limits.h>
#include <string.h>

#include "aws/link.h"
#include "base/random.h"
#include "log.h"
#include "sink.h"
#include "sink/aws_check.h"
#include "sink/bisect.h"
#include "sink/cloudwatch_body.h"
#include "sink/cloudwatch_options.h"
#include "sink/cloudwatch_trouble.h"
#include "sink/patience.h"
#include "sink/spread.h"

#define TARGET       "GraniteServiceVersion20100801.PutMetricData"
#define CONTENT_TYPE "application/x-amz-json-1.0"

#define MAX_NAMED 8 // refused datums of a batch, each with a line of the log

struct cloudwatch {
    struct sink sink;
    struct aws_link *link;
    struct cloudwatch_frame frame;
    const struct place *place;
    struct spread spread;
    struct patience patience;
    bool is_ready;      // when it worked last: nothing keeps a batch from being sent
    uint64_t turn_ns;   // boot time of our turn in this period; 0: it has come
    uint64_t wake_ns;   // boot time at which it is ready again; 0: by itself
    bool has_connected; // ever
    bool has_delivered; // ever, in which case the log knows
    // The batch in flight.
    const struct batch *batch; // borrowed; NULL: idle
    struct bisect split;
    struct cloudwatch_body body; // of the piece that is under way; empty: none is
    bool has_begun;              // a piece of it was sent
    unsigned char is_refused[CLOUDWATCH_MAX_DATUMS];
    size_t n_refused;
};

extern const struct sink_ops sink_cloudwatch;

static struct aws_link_setting link_setting(const struct sink_setting *setting)
{
    const struct cloudwatch_options *wanted = setting->options;
    return (struct aws_link_setting){.service = AWS_CLOUDWATCH,
        .name = sink_cloudwatch.name,
        .region = wanted->region,
        .endpoint = wanted->endpoint,
        .http = setting->http,
        .profiles = setting->profiles,
        .imds_endpoint = setting->imds_endpoint,
        .place = setting->place,
        .seed = random_seed()};
}

static void cloudwatch_destroy(struct sink *sink)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)sink;
    if (cloudwatch == NULL)
        return;
    aws_link_destroy(cloudwatch->link);
    cloudwatch_frame_finish(&cloudwatch->frame);
    cloudwatch_body_finish(&cloudwatch->body);
    free(cloudwatch);
}

static int cloudwatch_create(const struct sink_setting *setting, struct sink **ret_sink)
{
    const struct cloudwatch_options *wanted = setting->options;
    struct aws_link_setting link = link_setting(setting);
    struct cloudwatch *cloudwatch = xcalloc(1, sizeof(*cloudwatch));
    cloudwatch->sink.ops = &sink_cloudwatch;
    cloudwatch->place = setting->place;
    cloudwatch->spread = (struct spread){setting->period_ms, wanted->spread_ms, 0};
    cloudwatch->link = aws_link_create(&link);
    patience_init(&cloudwatch->patience, link.seed);
    cloudwatch_frame_init(
        &cloudwatch->frame, setting->namespace, wanted->compression == COMPRESSION_GZIP);
    *ret_sink = &cloudwatch->sink;
    return 0;
}

static void cloudwatch_limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    cloudwatch_frame_limits(&((const struct cloudwatch *)sink)->frame, ret_limits);
}

static bool cloudwatch_is_ready(const struct sink *sink)
{
    const struct cloudwatch *cloudwatch = (const struct cloudwatch *)sink;
    return cloudwatch->batch == NULL && cloudwatch->is_ready;
}

static void cloudwatch_submit(struct sink *sink, const struct batch *batch)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)sink;
    cloudwatch->batch = batch;
    cloudwatch->has_begun = false;
    cloudwatch->n_refused = 0;
    memset(cloudwatch->is_refused, 0, sizeof(cloudwatch->is_refused));
    bisect_begin(&cloudwatch->split, batch->n_items);
}

static void send_piece(struct cloudwatch *cloudwatch, const struct now *now)
{
    struct cloudwatch_span span = {
        cloudwatch->batch, cloudwatch->split.begin, bisect_end(&cloudwatch->split)};
    cloudwatch_body_make(&cloudwatch->body, &cloudwatch->frame, &span);
    cloudwatch->has_begun = true;
    aws_link_send(cloudwatch->link, now,
        &(struct aws_request){.target = TARGET,
            .content_type = CONTENT_TYPE,
            .encoding = cloudwatch->frame.is_gzip ? "gzip" : NULL,
            .body = cloudwatch->body.bytes,
            .n_body_bytes = cloudwatch->body.n_bytes});
}

static void end_batch(struct cloudwatch *cloudwatch, enum ship ship, struct ship_answer *ret_answer)
{
    *ret_answer = (struct ship_answer){
        .ship = ship, .n_taken = cloudwatch->split.begin, .is_refused = cloudwatch->is_refused};
    if (cloudwatch->n_refused > MAX_NAMED)
        log_error("cloudwatch: %zu datums of this batch are refused for good, the first %d of "
                  "which were named",
            cloudwatch->n_refused, MAX_NAMED);
    cloudwatch->batch = NULL;
}

static void say_delivered(struct cloudwatch *cloudwatch, const struct now *now)
{
    char lasted[OUTAGE_TEXT_MAX];
    bool was_away = patience_succeed(&cloudwatch->patience, now, lasted);
    const char *endpoint = aws_link_view(cloudwatch->link).endpoint;
    if (was_away)
        log_info("cloudwatch: delivering to %s again after %s: nothing of what waited is lost",
            endpoint, lasted);
    else if (!cloudwatch->has_delivered)
        log_info("cloudwatch: delivering to %s", endpoint);
    cloudwatch->has_delivered = true;
}

static void wait_longer(struct cloudwatch *cloudwatch, const struct now *now,
    enum cloudwatch_trouble trouble, const struct aws_answer *answer)
{
    bool is_seldom = trouble == TROUBLE_REFUSED || trouble == TROUBLE_STRANGER ||
        trouble == TROUBLE_SIZE;
    const char *endpoint = aws_link_view(cloudwatch->link).endpoint;
    scoped_free char *told = cloudwatch_tell(trouble, answer);
    if (patience_fail(&cloudwatch->patience, now, &(struct setback){trouble, is_seldom}))
        log_warning(
            "cloudwatch: cannot deliver to %s: %s; data wait, trying again", endpoint, told);
    else
        log_debug("cloudwatch: cannot deliver to %s: %s", endpoint, told);
}

static void refuse_item(struct cloudwatch *cloudwatch, const struct aws_answer *answer)
{
    size_t item = cloudwatch->split.begin;
    scoped_free char *name = cloudwatch_name_item(cloudwatch->batch, item);
    scoped_free char *told = cloudwatch_tell(TROUBLE_DATA, answer);
    cloudwatch->is_refused[item] = 1;
    if (++cloudwatch->n_refused <= MAX_NAMED)
        log_error("cloudwatch: a datum of %s is refused for good, and dropped: %s", name, told);
    bisect_settle(&cloudwatch->split);
}

// What is left of the batch goes on at once, or comes again later.
static void take_trouble(struct cloudwatch *cloudwatch, const struct now *now,
    enum cloudwatch_trouble trouble, const struct aws_answer *answer)
{
    bool is_halved = (trouble == TROUBLE_DATA || trouble == TROUBLE_SIZE) &&
        bisect_halve(&cloudwatch->split);
    if (is_halved)
        log_debug("cloudwatch: sent again in halves: %s", answer->code);
    else if (trouble == TROUBLE_DATA)
        refuse_item(cloudwatch, answer);
    else
        wait_longer(cloudwatch, now, trouble, answer);
}

static void count(struct cloudwatch *cloudwatch, const struct aws_answer *answer)
{
    size_t n_items = bisect_end(&cloudwatch->split) - cloudwatch->split.begin;
    unsigned int n = answer->n_connections;
    cloudwatch->sink.n_reconnects += n - (n > 0 && !cloudwatch->has_connected);
    cloudwatch->has_connected |= n > 0;
    if (answer->may_have_arrived)
        cloudwatch->sink.n_maybe_doubled += n_items;
}

static void take_outcome(struct cloudwatch *cloudwatch, const struct now *now,
    enum aws_outcome outcome, const struct aws_answer *answer)
{
    count(cloudwatch, answer);
    cloudwatch_body_finish(&cloudwatch->body);
    if (outcome != AWS_DONE) {
        take_trouble(cloudwatch, now, cloudwatch_judge(outcome, answer), answer);
        return;
    }
    say_delivered(cloudwatch, now);
    bisect_settle(&cloudwatch->split);
}

static bool can_send(const struct cloudwatch *cloudwatch)
{
    return cloudwatch->batch != NULL && cloudwatch->body.bytes == NULL &&
        aws_link_is_ready(cloudwatch->link) && (cloudwatch->turn_ns == 0 || cloudwatch->has_begun);
}

static void answer_batch(
    struct cloudwatch *cloudwatch, const struct now *now, struct ship_answer *ret_answer)
{
    if (cloudwatch->split.n_ends == 0)
        end_batch(cloudwatch, SHIP_TAKEN, ret_answer);
    else if (!patience_is_over(&cloudwatch->patience, now))
        end_batch(cloudwatch, SHIP_LATER, ret_answer);
}

static void find_turn(struct cloudwatch *cloudwatch, const struct now *now)
{
    cloudwatch->turn_ns = 0;
    if (cloudwatch->patience.is_hurried)
        return;
    char host[HOST_NAME_MAX + 1] = "";
    const char *id = cloudwatch->place->instance_id;
    if (id == NULL && gethostname(host, sizeof(host) - 1) == 0)
        id = host;
    cloudwatch->spread.hash = spread_hash(id != NULL ? id : "");
    cloudwatch->turn_ns = spread_until_ns(&cloudwatch->spread, now);
}

static int cloudwatch_work(struct sink *sink, const struct now *now, struct ship_answer *ret_answer)
{
    struct cloudwatch *cloudwatch = (struct cloudwatch *)sink;
    *ret_answer = (struct ship_answer){.ship = SHIP_BUSY};
    find_turn(cloudwatch, now);
    do {
        struct aws_answer answer;
        if (can_send(cloudwatch))
            send_piece(cloudwatch, now);
        enum aws_outcome outcome = aws_link_work(cloudwatch->link, now, &answer);
        if (outcome != AWS_BUSY)
            take_outcome(cloudwatch, now, outcome, &answer);
        if (cloudwatch->batch != NULL)
            answer_batch(cloudwatch, now, ret_answer);
    } while (can_send(cloudwatch));
    bool is_resting = !patience_is_over(&cloudwatch->patience, now);
    cloudwatch->is_ready = aws_link_is_ready(cloudwatch->link) && cloudwatch->turn_ns == 0 &&
        !is_resting;
    cloudwatch->wake_ns = is_resting ? cloudwatch->patience.rest_until_ns : cloudwatch->turn_ns;
    return 0;
}

// HTTP wakes the daemon by itself.
static void cloudwatch_wait(const struct sink *sink, struct sink_wait *ret_wait)
{
    const struct cloudwatch *cloudwatch = (const struct cloudwatch *)sink;
    uint64_t until_ns = aws_link_due_ns(cloudwatch->link);
    if (cloudwatch->wake_ns != 0 && cloudwatch->wake_ns < until_ns)
        until_ns = cloudwatch->wake_ns;
    *ret_wait = (struct sink_wait){.fd = -1, .until_ns = until_ns == UINT64_MAX ? 0 : until_ns};
}

static void cloudwatch_hurry(struct sink *sink)
{
    patience_hurry(&((struct cloudwatch *)sink)->patience);
}

static void cloudwatch_check(const struct sink_setting *setting, struct sink_finding *ret_finding)
{
    aws_check(&(struct aws_check){.link = link_setting(setting),
                  .action = "cloudwatch:PutMetricData",
                  .policy = "packaging/iam/cloudwatch.json"},
        ret_finding);
}

const struct sink_ops sink_cloudwatch = {
    .name = "cloudwatch",
    .table = {.section = "cloudwatch",
        .rows = cloudwatch_rows,
        .n_rows = CLOUDWATCH_N_ROWS,
        .options_size = sizeof(struct cloudwatch_options)},
    .form = SINK_FORM_DATUM,
    .needs_http = true,
    .create = cloudwatch_create,
    .limits = cloudwatch_limits,
    .is_ready = cloudwatch_is_ready,
    .submit = cloudwatch_submit,
    .work = cloudwatch_work,
    .wait = cloudwatch_wait,
    .hurry = cloudwatch_hurry,
    .destroy = cloudwatch_destroy,
    .check = cloudwatch_check,
};
