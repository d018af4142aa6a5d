// SPDX-License-Identifier: Apache-2.0
// Any bytes are user data, and what nodeadm leaves: a name is one that EKS allows and stands in the
// text, nothing of the text is in a reason, and the same text gives the same again.
#include <stdbool.h>
#include <string.h>

#include "identity/node_config.h"

typedef int from_text(const char *, size_t, char[static CLUSTER_NAME_MAX + 1], const char **);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void check_name(const char *name, const char *text, size_t n_bytes)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strnlen(name, CLUSTER_NAME_MAX + 1);
    check(length > 0 && length <= CLUSTER_NAME_MAX);
    check(strspn(name, allowed) == length && *name != '-' && *name != '_');
    // JSON may write it with escapes.
    check(memmem(text, n_bytes, name, length) != NULL || memchr(text, '\\', n_bytes) != NULL);
}

static void check_text(from_text *from, const uint8_t *bytes, size_t n_bytes)
{
    char name[CLUSTER_NAME_MAX + 1] = "", again[CLUSTER_NAME_MAX + 1] = "";
    const char *reason = NULL, *other_reason = NULL;
    // Without a byte to spare, for the address sanitizer.
    char *text = malloc(n_bytes > 0 ? n_bytes : 1);
    if (n_bytes > 0)
        memcpy(text, bytes, n_bytes);
    int r = from(text, n_bytes, name, &reason);
    check(r == 0 || r == NODE_CONFIG_NONE || r == NODE_CONFIG_DOUBTFUL);
    check((reason != NULL) == (r == NODE_CONFIG_DOUBTFUL));
    check(r == 0 || *name == '\0');
    if (r == 0)
        check_name(name, text, n_bytes);
    check(from(text, n_bytes, again, &other_reason) == r);
    free(text);
    check(strcmp(name, again) == 0 && reason == other_reason);
    check(reason == NULL || strlen(reason) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    check_text(node_config_from_user_data, bytes, n_bytes);
    check_text(node_config_from_nodeadm, bytes, n_bytes);
    return 0;
}
