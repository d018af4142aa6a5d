// SPDX-License-Identifier: Apache-2.0
// What the user data in each file named on standard input says, a line each: "name blue", "none",
// or "doubtful: why". For user_data_differential.py.
#include <stdio.h>
#include <string.h>

#include "identity/node_config.h"

static void print_answer(const char *text, size_t n_bytes)
{
    char name[CLUSTER_NAME_MAX + 1];
    const char *reason;
    int r = node_config_from_user_data(text, n_bytes, name, &reason);
    if (r == 0)
        printf("name %s\n", name);
    else if (r == NODE_CONFIG_DOUBTFUL)
        printf("doubtful: %s\n", reason);
    else
        puts("none");
}

int main(void)
{
    static char text[1 << 20];
    char path[4096];
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        FILE *file = fopen(path, "re");
        if (file == NULL) {
            perror(path);
            return 1;
        }
        print_answer(text, fread(text, 1, sizeof(text), file));
        fclose(file);
    }
    return 0;
}
