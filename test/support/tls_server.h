// SPDX-License-Identifier: Apache-2.0
// A server of TLS on the loopback interface: openssl(1), with a certificate and a CA that it has
// just made, good for two days. It answers every GET with a page about the connection, and closes.
#pragma once

#include <sys/types.h>

struct tls_wish {
    const char *name;   // whose certificate it is: "IP:127.0.0.1", "DNS:host.test"; NULL: nobody's
    const char *option; // a further word for `openssl s_server`; NULL: none
};

struct tls_server {
    char folder[32], ca[64], ca_key[64], key[64], certificate[64]; // paths
    char url[64];                                                  // by address
    pid_t pid;
    unsigned int port;
};

void tls_server_start(struct tls_server *server, const struct tls_wish *wish);
void tls_server_stop(const struct tls_server *server); // and removes its files

// Runs a program to its end; what it says goes nowhere. Its exit status.
int run_quietly(const char *const *words);
