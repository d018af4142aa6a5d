// SPDX-License-Identifier: Apache-2.0
// -c and -o: first the files, then what the command line sets, then all of it together is checked.
#include "base.h"
#include "command/command.h"
#include "command/configured.h"
#include "exit_status.h"

static const char shared_help[] =
    "  -c, --config FILE           read this file, instead of " CONFIG_FILE "\n"
    "                              and " CONFIG_FOLDER "/*.conf\n"
    "  -o, --option SECTION.KEY=VALUE\n"
    "                              set one key, after the files; repeatable\n"
    "      --version               the version\n"
    "  -h, --help                  this text\n"
    "\n";

// Texts are borrowed from the arguments.
struct words {
    bool is_help;
    bool is_version;
    const char *file; // NULL: the default file and folder
    size_t n_assignments;
    const char **assignments; // owned
};

// False: it is none of these.
static bool take_shared(struct words *words, struct arguments *arguments)
{
    const char *value;
    if (arguments_flag(arguments, 'h', "help"))
        words->is_help = true;
    else if (arguments_flag(arguments, 0, "version"))
        words->is_version = true;
    else if ((value = arguments_value(arguments, 'c', "config")) != NULL)
        words->file = value;
    else if ((value = arguments_value(arguments, 'o', "option")) != NULL)
        words->assignments[words->n_assignments++] = value;
    else
        return false;
    return true;
}

// EXIT_STATUS_DONE with all that is set, or EXIT_STATUS_CONFIG and a line in the log. The caller
// finishes `ret_config` in both cases.
static int read_config(const struct words *words, struct config *ret_config)
{
    config_init(ret_config);
    int r = config_read(ret_config, words->file);
    for (size_t i = 0; r == 0 && i < words->n_assignments; i++)
        r = config_set(ret_config, words->assignments[i]);
    if (r == 0)
        r = config_check(ret_config);
    return r == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_CONFIG;
}

struct config *configured_again(const struct words *words)
{
    struct config *config = xcalloc(1, sizeof(*config));
    if (read_config(words, config) == EXIT_STATUS_DONE)
        return config;
    config_finish(config);
    free(config);
    return NULL;
}

static int take_word(
    const struct configured *command, struct words *words, struct arguments *arguments, void *own)
{
    if (take_shared(words, arguments))
        return EXIT_STATUS_DONE;
    return arguments->missing != NULL ? command_refuse_word(command->name, arguments)
                                      : command->take_word(arguments, own);
}

static int show_help(const struct configured *command)
{
    scoped_free char *help = xasprintf("%s%s%s", command->about, shared_help, command->remarks);
    return command_show(help);
}

static int run(const struct configured *command, const struct words *words, const void *own)
{
    if (words->is_help)
        return show_help(command);
    if (words->is_version)
        return command_show(command_version);
    struct config config;
    int status = read_config(words, &config);
    if (status == EXIT_STATUS_DONE)
        status = command->run(&config, words, own);
    config_finish(&config);
    return status;
}

int configured_run(const struct configured *command, struct arguments *arguments, void *own)
{
    struct words words = {
        .assignments = xcalloc((size_t)arguments->n_words, sizeof(*words.assignments))};
    int status = EXIT_STATUS_DONE;
    while (status == EXIT_STATUS_DONE && arguments_word(arguments) != NULL)
        status = take_word(command, &words, arguments, own);
    if (status == EXIT_STATUS_DONE)
        status = run(command, &words, own);
    free(words.assignments);
    return status;
}
