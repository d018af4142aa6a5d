// SPDX-License-Identifier: Apache-2.0
// The manual page of the configuration: a page written by hand, and in it what the option tables
// say. Part of the build, not of the program.
#pragma once

#include <stdio.h>

#include "config.h"

// A line of the page that the options take the place of.
#define CONF_PAGE_MARK ".\\\" OPTIONS\n"

// Copies the page, mdoc(7), with the options in the place of the mark. -EINVAL, and what is wrong
// is logged: an option without help, or help that is no sentence; a page without the mark.
must_check int conf_page_print(const struct config *config, FILE *page, FILE *to);
