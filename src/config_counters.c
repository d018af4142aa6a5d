// SPDX-License-Identifier: Apache-2.0
// A part of config.c: opens what is to be read, for the daemon and for the commands that read by
// themselves.
#include <string.h>

#include "config.h"
#include "exit_status.h"

static int open_replay(const struct config *config, struct counters **ret_counters)
{
    struct replay_options options = config->replay;
    options.interval_ms = config->sample.interval_ms;
    scoped_free char *complaint = NULL;
    if (counters_replay_create(&options, ret_counters, &complaint) == 0)
        return EXIT_STATUS_DONE;
    log_error("sample.replay: %s", complaint);
    return EXIT_STATUS_CONFIG;
}

int config_open_counters(const struct config *config, struct counters **ret_counters)
{
    if (config->replay.path != NULL)
        return open_replay(config, ret_counters);
    int r = counters_ethtool_create(ret_counters);
    if (r == 0)
        return EXIT_STATUS_DONE;
    log_error("cannot ask the kernel for its interfaces: %s", strerror(-r));
    return EXIT_STATUS_FAILED;
}
