// SPDX-License-Identifier: Apache-2.0
// Where records wait for delivery. The daemon may be at work in it: nothing is opened or locked.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "command/check.h"
#include "encode/document.h"
#include "engine.h"

// 0 or negative errno; in a directory that is not there yet it can be made, where its parent can be
// written.
static int look(const char *directory)
{
    struct stat status;
    if (stat(directory, &status) == 0)
        return !S_ISDIR(status.st_mode)           ? -ENOTDIR
            : access(directory, W_OK | X_OK) == 0 ? 0
                                                  : -errno;
    if (errno != ENOENT)
        return -errno;
    scoped_free char *parent = xstrdup(directory);
    char *slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    return access(slash != NULL ? parent : ".", W_OK | X_OK) == 0 ? 0 : -errno;
}

static void find(const char *directory, uint64_t max_bytes, struct finding *finding)
{
    int r = look(directory);
    if (r == 0) {
        finding->text = xasprintf("%s, of at most %" PRIu64 " MiB", directory, max_bytes >> 20);
        return;
    }
    finding->status = CHECK_WARN;
    finding->text = xasprintf(
        "%s: %s: what waits would be in memory only", directory, strerror(-r));
    finding->remedy = xasprintf("make %s writable for the user of the daemon", directory);
}

void check_journal(struct check *check)
{
    struct finding finding = {.name = "journal", .status = CHECK_OK, .details = json_object()};
    scoped_free char *directory = engine_journal_directory(check->config);
    if (check_is_replay(check)) {
        finding.text = xstrdup("in memory: a recording has nothing to keep");
    } else if (directory != NULL) {
        find(directory, check->config->journal.max_bytes, &finding);
        document_set(finding.details, "directory", document_text(directory, SIZE_MAX));
    } else {
        finding.text = xstrdup("in memory only here, as neither journal.directory nor "
                               "STATE_DIRECTORY, which systemd sets, names a place");
    }
    report_add(&check->report, finding);
}
