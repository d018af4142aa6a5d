// SPDX-License-Identifier: Apache-2.0
// Certificates are made by `openssl req`, which signs as a CA since OpenSSL 3.0.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base.h"
#include "support/tls_server.h"
#include "support/unit.h"

// Standard output is `out_fd`, the rest goes nowhere.
static pid_t start_program(const char *const *words, int out_fd)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out_fd >= 0 ? out_fd : STDIN_FILENO, STDOUT_FILENO);
    assert_int_equal(
        posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

int run_quietly(const char *const *words)
{
    int status = -1;
    assert_true(waitpid(start_program(words, -1), &status, 0) > 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void name_files(struct tls_server *server)
{
    const char *folder = server->folder;
    snprintf(server->ca, sizeof(server->ca), "%s/ca", folder);
    snprintf(server->ca_key, sizeof(server->ca_key), "%s/ca-key", folder);
    snprintf(server->key, sizeof(server->key), "%s/key", folder);
    snprintf(server->certificate, sizeof(server->certificate), "%s/certificate", folder);
}

// A CA of a name of its own, and for the server one of two lines, which some reason may repeat.
static void make_certificates(const struct tls_server *server, const char *name)
{
    scoped_free char *names = xasprintf("subjectAltName=%s", name != NULL ? name : "");
    scoped_free char *ca_name = xasprintf("/CN=test CA of %s", strrchr(server->folder, '/') + 1);
    const char *ca_words[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", server->ca_key, "-out",
        server->ca, "-subj", ca_name, NULL};
    const char *words[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", server->key, "-out",
        server->certificate, "-CA", server->ca, "-CAkey", server->ca_key, "-subj", "/CN=two\nlines",
        name != NULL ? "-addext" : NULL, names, NULL};
    assert_int_equal(run_quietly(ca_words), 0);
    assert_int_equal(run_quietly(words), 0);
}

// "ACCEPT 127.0.0.1:PORT" is the first that openssl says.
static unsigned int read_port(int fd)
{
    char said[256] = "";
    const char *at = NULL;
    unsigned int port = 0;
    for (size_t n = 0; at == NULL || strchr(at, '\n') == NULL; at = strstr(said, "ACCEPT ")) {
        ssize_t r = read(fd, said + n, sizeof(said) - 1 - n);
        assert_true(r > 0);
        n += (size_t)r;
    }
    assert_int_equal(sscanf(strchr(at, ':'), ":%u", &port), 1);
    return port;
}

void tls_server_start(struct tls_server *server, const struct tls_wish *wish)
{
    *server = (struct tls_server){.folder = "/tmp/enawatch-tls-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    name_files(server);
    make_certificates(server, wish->name);
    const char *words[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-key",
        server->key, "-cert", server->certificate, wish->option, NULL};
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    server->pid = start_program(words, out[1]);
    close(out[1]);
    server->port = read_port(out[0]);
    close(out[0]);
    snprintf(server->url, sizeof(server->url), "https://127.0.0.1:%u/", server->port);
}

void tls_server_stop(const struct tls_server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
    unlink(server->ca);
    unlink(server->ca_key);
    unlink(server->key);
    unlink(server->certificate);
    rmdir(server->folder);
}
