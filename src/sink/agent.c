// SPDX-License-Identifier: Apache-2.0
// Documents to the CloudWatch agent's EMF socket. The agent acknowledges nothing, so a document
// counts as taken when the agent's kernel has it (TCP), or when it left without an error (UDP);
// what the agent then loses before it reads or ships it, nobody here can know.
// Owns the way to the agent and its connection; decides about batches, and speaks to the log.
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>

#include "flow/outage.h"
#include "log.h"
#include "sink.h"
#include "sink/agent_check.h"
#include "sink/agent_dialer.h"
#include "sink/progress.h"

// The agent makes one log event of a line and cuts it at 256 KB, which breaks the JSON and loses
// its metrics; what stays below has room for what the service adds.
#define AGENT_TCP_BYTES ((size_t)200 * 1024)
#define AGENT_TCP_ITEMS 10000
#define AGENT_UDP_BYTES ((size_t)65507 + 1) // what IPv4 carries, and the newline that is not sent

struct agent_options {
    char *endpoint;
};

struct agent {
    struct sink sink;
    char *name; // the endpoint as it was written, for the log
    struct agent_dialer dialer;
    struct outage outage;
    bool has_greeted;          // the log knows that it was reached
    bool has_connected;        // ever
    bool has_lost;             // the last connection ended with a batch in flight
    const struct batch *batch; // in flight, borrowed; NULL: idle
    struct agent_look look;    // at the acknowledgement
};

extern const struct sink_ops sink_agent;

static void agent_destroy(struct sink *sink)
{
    struct agent *agent = (struct agent *)sink;
    if (agent == NULL)
        return;
    agent_dialer_finish(&agent->dialer);
    free(agent->name);
    free(agent);
}

static int agent_create(const struct sink_setting *setting, struct sink **ret_sink)
{
    const struct agent_options *wanted = setting->options;
    struct agent_dialer dialer;
    int r = agent_dialer_init(&dialer, wanted->endpoint);
    if (r < 0)
        return r;
    struct agent *agent = xcalloc(1, sizeof(*agent));
    agent->sink.ops = &sink_agent;
    agent->name = xstrdup(wanted->endpoint);
    agent->dialer = dialer;
    *ret_sink = &agent->sink;
    return 0;
}

static void agent_limits(const struct sink *sink, struct batch_limits *ret_limits)
{
    const struct agent *agent = (const struct agent *)sink;
    bool is_udp = agent->dialer.endpoint.is_udp;
    size_t n_bytes = is_udp ? AGENT_UDP_BYTES : AGENT_TCP_BYTES;
    *ret_limits = (struct batch_limits){
        .item_bytes = n_bytes,
        .batch_bytes = n_bytes,
        .batch_items = is_udp ? 1 : AGENT_TCP_ITEMS,
    };
}

static bool agent_is_ready(const struct sink *sink)
{
    const struct agent *agent = (const struct agent *)sink;
    return agent->dialer.state == DIALER_IS_CONNECTED && agent->batch == NULL;
}

static void agent_submit(struct sink *sink, const struct batch *batch)
{
    struct agent *agent = (struct agent *)sink;
    agent->batch = batch;
    agent->look = (struct agent_look){0};
    agent_connection_begin(&agent->dialer.connection);
}

static void say_away(
    struct agent *agent, const struct now *now, const char *what, const char *reason)
{
    if (outage_begin(&agent->outage, now))
        log_warning("agent: %s %s: %s; documents wait, trying again", what, agent->name, reason);
    else
        log_debug("agent: %s %s: %s", what, agent->name, reason);
}

// When it is proven that the agent is there: by the connection; but where the last one lost a
// batch, or there is none (UDP), by a batch that was taken. So a peer that accepts connections only
// to end them does not fill the log.
static void say_back(struct agent *agent, const struct now *now)
{
    const char *what = agent->dialer.endpoint.is_udp ? "sending" : "connected";
    char lasted[OUTAGE_TEXT_MAX];
    bool was_away = outage_end(&agent->outage, now, lasted);
    if (!agent->has_greeted)
        log_info("agent: %s to %s", what, agent->name);
    else if (was_away)
        log_info("agent: %s again after %s", what, lasted);
    agent->has_greeted = true;
}

static void tell_news(struct agent *agent, const struct now *now, int news)
{
    if (news == DIALER_CONNECTED) {
        agent->sink.n_reconnects += agent->has_connected;
        agent->has_connected = true;
    }
    if (news == DIALER_FAILED)
        say_away(agent, now, "cannot reach", agent->dialer.reason);
    else if (news == DIALER_CONNECTED && !agent->dialer.endpoint.is_udp && !agent->has_lost)
        say_back(agent, now);
}

static void answer_taken(struct agent *agent, const struct now *now, struct ship_answer *ret_answer)
{
    agent->batch = NULL;
    agent->has_lost = false;
    backoff_reset(&agent->dialer.backoff);
    say_back(agent, now);
    ret_answer->ship = SHIP_TAKEN;
}

// An agent that restarts between two batches is not worth a line; if it stays away the next
// attempt says so.
static void lose_stream(
    struct agent *agent, const struct now *now, int r, struct ship_answer *ret_answer)
{
    const char *reason = r == CONNECTION_CLOSED ? "closed by the agent" : strerror(-r);
    if (agent->batch != NULL) {
        size_t n_bytes = agent_connection_acknowledged(&agent->dialer.connection);
        ret_answer->ship = SHIP_LATER;
        ret_answer->n_taken = progress_whole_items(agent->batch, n_bytes);
        agent->batch = NULL;
        agent->has_lost = true;
        say_away(agent, now, "lost the connection to", reason);
    } else {
        log_debug("agent: lost the connection to %s: %s", agent->name, reason);
    }
    agent_dialer_rest(&agent->dialer, now);
}

static int write_batch(struct agent *agent, const struct now *now)
{
    struct agent_connection *connection = &agent->dialer.connection;
    size_t n_before = connection->n_written;
    int r = agent_connection_write(connection, agent->batch->bytes, agent->batch->n_bytes);
    if (connection->n_written != n_before)
        agent->look = (struct agent_look){0};
    agent_connection_watch(connection);
    agent_look_plan(&agent->look, now);
    return r;
}

// The drain comes first: it finds a connection that the agent has closed before anything is
// written to it. The acknowledgement is asked for before a loss is acted on: an agent that read
// everything and then closed has everything.
static void work_stream(struct agent *agent, const struct now *now, struct ship_answer *ret_answer)
{
    struct agent_connection *connection = &agent->dialer.connection;
    int r = agent_connection_drain(connection);
    if (r == 0 && agent->batch != NULL)
        r = write_batch(agent, now);
    if (agent->batch != NULL && agent_connection_acknowledged(connection) == agent->batch->n_bytes)
        answer_taken(agent, now, ret_answer);
    if (r != 0)
        lose_stream(agent, now, r, ret_answer);
}

// One document per datagram, without its newline: the agent makes one event of a datagram, however
// many lines it has.
static void work_datagram(
    struct agent *agent, const struct now *now, struct ship_answer *ret_answer)
{
    const struct batch *batch = agent->batch;
    int r = agent_connection_drain(&agent->dialer.connection);
    if (r == 0 && batch == NULL)
        return;
    if (r == 0)
        r = agent_connection_send(&agent->dialer.connection, batch->bytes, batch->n_bytes - 1);
    if (r == 0) {
        answer_taken(agent, now, ret_answer);
        return;
    }
    agent->batch = NULL;
    if (batch != NULL)
        ret_answer->ship = r == CONNECTION_TOO_LARGE ? SHIP_NEVER : SHIP_LATER;
    if (r < 0)
        tell_news(agent, now, agent_dialer_next(&agent->dialer, now, r));
}

static int agent_work(struct sink *sink, const struct now *now, struct ship_answer *ret_answer)
{
    struct agent *agent = (struct agent *)sink;
    *ret_answer = (struct ship_answer){.ship = SHIP_BUSY};
    tell_news(agent, now, agent_dialer_work(&agent->dialer, now));
    if (agent->dialer.state != DIALER_IS_CONNECTED)
        return 0;
    if (agent->dialer.endpoint.is_udp)
        work_datagram(agent, now, ret_answer);
    else
        work_stream(agent, now, ret_answer);
    return 0;
}

// The end of the connection is waited for at all times, with a batch in flight or not.
static void agent_wait(const struct sink *sink, struct sink_wait *ret_wait)
{
    const struct agent *agent = (const struct agent *)sink;
    const struct agent_dialer *dialer = &agent->dialer;
    if (dialer->state != DIALER_IS_CONNECTED) {
        agent_dialer_wait(dialer, ret_wait);
        return;
    }
    bool has_more = agent->batch != NULL && dialer->connection.n_written < agent->batch->n_bytes;
    *ret_wait = (struct sink_wait){
        .fd = dialer->connection.fd,
        .events = (short)(POLLIN | POLLRDHUP | (has_more ? POLLOUT : 0)),
        .until_ns = agent->batch != NULL ? agent->look.at_ns : 0,
    };
}

static void agent_check(const struct sink_setting *setting, struct sink_finding *ret_finding)
{
    const struct agent_options *wanted = setting->options;
    agent_check_endpoint(wanted->endpoint, ret_finding);
}

static const struct option agent_rows[] = {
    {
        .name = "endpoint",
        .type = OPTION_STRING,
        .offset = offsetof(struct agent_options, endpoint),
        .fallback = "tcp://127.0.0.1:25888",
        .check = agent_endpoint_check,
        .help = "Where the CloudWatch agent takes EMF: tcp://host:port or udp://host:port.",
    },
};

const struct sink_ops sink_agent = {
    .name = "agent",
    .table =
        {
            .section = "agent",
            .rows = agent_rows,
            .n_rows = ARRAY_SIZE(agent_rows),
            .options_size = sizeof(struct agent_options),
        },
    .form = SINK_FORM_EMF,
    .silent_taker = "the agent",
    .create = agent_create,
    .limits = agent_limits,
    .is_ready = agent_is_ready,
    .submit = agent_submit,
    .work = agent_work,
    .wait = agent_wait,
    .destroy = agent_destroy,
    .check = agent_check,
};
