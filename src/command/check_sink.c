// SPDX-License-Identifier: Apache-2.0
// Where documents would go. What can be known of it, each sink knows by itself.
#include "command/check.h"
#include "encode/document.h"

void check_sink(struct check *check)
{
    static const enum check_status statuses[] = {
        [SINK_WORKS] = CHECK_OK, [SINK_UNCERTAIN] = CHECK_WARN, [SINK_FAILS] = CHECK_FAIL};
    const struct sink_ops *ops = outside_sink_ops(&check->outside);
    struct sink_setting setting = outside_sink_setting(&check->outside);
    struct sink_finding found;
    ops->check(&setting, &found);
    json_t *details = json_object();
    document_set(details, "sink", document_text(ops->name, SIZE_MAX));
    report_add(&check->report,
        (struct finding){"sink", statuses[found.health], found.text, found.remedy, details});
}
