// SPDX-License-Identifier: Apache-2.0
// Exit statuses of every command; 78 is EX_CONFIG of sysexits.h, which the service does not restart
// on.
#pragma once

enum exit_status { EXIT_STATUS_DONE = 0, EXIT_STATUS_FAILED = 1, EXIT_STATUS_CONFIG = 78 };
