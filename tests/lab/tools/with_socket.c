/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * with_socket PATH NAME COMMAND [ARGUMENT]...
 *
 * Runs a command as a service manager does for a socket unit: it gets a Unix socket that listens at PATH as
 * descriptor 3, and the name NAME of it (sd_listen_fds(3)).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STATUS_FAILED = 125, FIRST = 3 };

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0) {
        return -1;
    }
    return fd == FIRST ? fd : dup2(fd, FIRST);
}

int main(int argc, char **argv)
{
    char pid[16];

    if (argc < 4 || listen_at(argv[1]) < 0) {
        perror("with_socket");
        return STATUS_FAILED;
    }
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", argv[2], 1);
    execvp(argv[3], argv + 3);
    perror("with_socket");
    return STATUS_FAILED;
}
