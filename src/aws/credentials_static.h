// SPDX-License-Identifier: Apache-2.0
// Keys that stand somewhere as they are: what the environment's and the profile's provider share.
#pragma once

#include "aws/provider.h"

// Copies `from`; takes `about`. PROVIDER_WRONG: the keys are not fit to sign with, `ret_why`: where
// they stand and that they are not.
enum provider_found static_create(const struct provider_ops *ops, const struct aws_keys *from,
    char *about, struct provider **ret_provider, char **ret_why);
void static_fetch(struct provider *provider, const struct now *now);
enum fetch static_work(
    struct provider *provider, const struct now *now, struct fetched *ret_fetched);
uint64_t static_due_ns(const struct provider *provider);
void static_destroy(struct provider *provider);
