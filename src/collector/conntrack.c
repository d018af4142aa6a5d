// SPDX-License-Identifier: Apache-2.0
// The kernel's connection tracking as a sample of the instance: in every tick how full the table
// is, once a window what was dropped for it, which is a long text on a large machine. Of the
// network namespace that the daemon runs in, which on a node is the host's.
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "collector/conntrack.h"
#include "collector/conntrack_stat.h"
#include "flow/percent.h"
#include "log.h"
#include "os/proc.h"

struct conntrack {
    struct collector base;
    char *proc;
    struct proc_file count, max, stat;
    struct conntrack_stat counters;
    bool has_begun;                         // the counters have a first value
    uint64_t told_ns;                       // boot clock of the last tick that was looked at
    bool has_told_table, has_told_counters; // the log knows that a text was not understood
};

static void open_file(const struct conntrack *self, struct proc_file *file, const char *name)
{
    if (proc_file_is_open(file))
        return;
    int r = proc_file_open(file, self->proc, name);
    if (r < 0 && r != -ENOENT)
        log_debug("conntrack: %s/%s: %s", self->proc, name, strerror(-r));
}

// The module may be loaded late.
static void open_files(struct conntrack *self)
{
    open_file(self, &self->count, "sys/net/netfilter/nf_conntrack_count");
    open_file(self, &self->max, "sys/net/netfilter/nf_conntrack_max");
    open_file(self, &self->stat, "net/stat/nf_conntrack");
}

static void say_odd(bool *has_told, const char *what)
{
    if (!*has_told)
        log_warning("conntrack: %s of this kernel is not understood: not published", what);
    *has_told = true;
}

static bool read_number(struct conntrack *self, struct proc_file *file, uint64_t *ret_value)
{
    if (!proc_file_is_open(file) || proc_file_read(file) < 0)
        return false;
    if (parse_u64(parse_trim(file->text), ret_value))
        return true;
    say_odd(&self->has_told_table, "nf_conntrack_count or nf_conntrack_max");
    return false;
}

static void read_table(struct conntrack *self, struct sample *sample)
{
    uint64_t count, max;
    bool has_count = read_number(self, &self->count, &count);
    bool has_max = read_number(self, &self->max, &max);
    if (!has_count || !has_max)
        return;
    sample_put(sample, METRIC_KERNEL_CONNTRACK_COUNT, count);
    sample_put(sample, METRIC_KERNEL_CONNTRACK_MAX, max);
    if (max > 0) // 0: no limit
        sample_put(sample, METRIC_KERNEL_CONNTRACK_USED_PERCENT, percent_hundredths(count, max));
}

static void read_counters(struct conntrack *self, struct sample *sample)
{
    if (!proc_file_is_open(&self->stat) || proc_file_read(&self->stat) < 0)
        return;
    if (conntrack_stat_take(&self->counters, self->stat.text) < 0) {
        say_odd(&self->has_told_counters, "/proc/net/stat/nf_conntrack");
        return;
    }
    sample_put(sample, METRIC_KERNEL_CONNTRACK_DROP, self->counters.totals[CONNTRACK_DROP]);
    sample_put(
        sample, METRIC_KERNEL_CONNTRACK_EARLY_DROP, self->counters.totals[CONNTRACK_EARLY_DROP]);
    sample_put(sample, METRIC_KERNEL_CONNTRACK_INSERT_FAILED,
        self->counters.totals[CONNTRACK_INSERT_FAILED]);
}

static enum collect collect(
    struct collector *collector, const struct tick *tick, struct sample *ret_sample)
{
    struct conntrack *self = (struct conntrack *)collector;
    if (self->told_ns == tick->now.boot_ns)
        return COLLECT_DONE;
    self->told_ns = tick->now.boot_ns;
    ret_sample->eni = NULL;
    ret_sample->at = tick->now;
    ret_sample->read_ns = 0;
    ret_sample->n_readings = 0;
    read_table(self, ret_sample);
    if (tick->is_last || !self->has_begun)
        read_counters(self, ret_sample);
    if (tick->is_last)
        open_files(self);
    self->has_begun = true;
    return ret_sample->n_readings > 0 ? COLLECT_SAMPLE : COLLECT_DONE;
}

static void destroy(struct collector *collector)
{
    struct conntrack *self = (struct conntrack *)collector;
    proc_file_finish(&self->count);
    proc_file_finish(&self->max);
    proc_file_finish(&self->stat);
    conntrack_stat_finish(&self->counters);
    free(self->proc);
    free(self);
}

static const struct collector_ops ops = {
    .name = "conntrack",
    .collect = collect,
    .destroy = destroy,
};

struct collector *conntrack_create(const char *proc)
{
    struct conntrack *self = xcalloc(1, sizeof(*self));
    self->base.ops = &ops;
    self->proc = xstrdup(proc);
    open_files(self);
    return &self->base;
}
