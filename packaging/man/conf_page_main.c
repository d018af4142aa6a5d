// SPDX-License-Identifier: Apache-2.0
// conf-page PAGE: enawatch.conf(5) on the standard output.
#include <errno.h>
#include <string.h>

#include "conf_page.h"
#include "exit_status.h"

static int print_page(FILE *page)
{
    struct config config;
    config_init(&config);
    int r = conf_page_print(&config, page, stdout);
    config_finish(&config);
    return r == 0 && fflush(stdout) == 0 ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}

int main(int argc, char **argv)
{
    FILE *page = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (page == NULL) {
        log_error("%s: %s", argc == 2 ? argv[1] : "usage: conf-page PAGE", strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    int status = print_page(page);
    fclose(page);
    return status;
}
