// SPDX-License-Identifier: Apache-2.0
// -c and -o: first the files, then what the command line sets, then all of it together is checked.
#include "command/configure.h"
#include "exit_status.h"

void configure_init(struct configure *configure, const struct arguments *arguments)
{
    *configure = (struct configure){
        .assignments = xcalloc((size_t)arguments->n_words, sizeof(*configure->assignments))};
}

void configure_finish(struct configure *configure)
{
    free(configure->assignments);
    *configure = (struct configure){0};
}

bool configure_take(struct configure *configure, struct arguments *arguments)
{
    const char *value = arguments_value(arguments, 'c', "config");
    if (value != NULL) {
        configure->file = value;
        return true;
    }
    value = arguments_value(arguments, 'o', "option");
    if (value != NULL)
        configure->assignments[configure->n_assignments++] = value;
    return value != NULL;
}

int configure_read(const struct configure *configure, struct config *ret_config)
{
    config_init(ret_config);
    int r = config_read(ret_config, configure->file);
    for (size_t i = 0; r == 0 && i < configure->n_assignments; i++)
        r = config_set(ret_config, configure->assignments[i]);
    if (r == 0)
        r = config_check(ret_config);
    return r == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_CONFIG;
}
