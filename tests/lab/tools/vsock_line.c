/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of the lab's guests that speaks over vsock, because busybox has none.
 *
 *   vsock_line listen PORT       answers each line that a client sends by "you said LINE", one client
 *                                after the other; ends after a client has sent "end"
 *   vsock_line ask PORT LINE     connects to the host, says the line, and prints the answer
 *
 * Exit status: 0, or 1 after a line on standard error.
 */
#include <sys/socket.h> /* which the next one needs */

#include <linux/vm_sockets.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 256 };

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_vm address(unsigned cid, const char *port)
{
    return (struct sockaddr_vm){
        .svm_family = AF_VSOCK,
        .svm_cid = cid,
        .svm_port = (unsigned)strtoul(port, NULL, 10),
    };
}

/* Answers one client. False: it has sent "end". A client whose connection a sleep has reset is gone. */
static bool serve(int fd)
{
    char line[LINE_SIZE];
    bool more = true;
    FILE *in = fdopen(fd, "r");

    while (more && in != NULL && fgets(line, sizeof(line), in) != NULL) {
        more = strcmp(line, "end\n") != 0;
        if (dprintf(fd, "you said %s", line) < 0) {
            break;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return more;
}

static int listen_to(const char *port)
{
    struct sockaddr_vm at = address(VMADDR_CID_ANY, port);
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    bool more = true;

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 5) != 0) {
        give_up("vsock_line: listen");
    }
    while (more) {
        int client = accept(fd, NULL, NULL);

        if (client < 0) {
            give_up("vsock_line: accept");
        }
        more = serve(client);
    }
    return 0;
}

static int ask(const char *port, const char *line)
{
    struct sockaddr_vm at = address(VMADDR_CID_HOST, port);
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    char answer[LINE_SIZE];

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        give_up("vsock_line: connect");
    }
    dprintf(fd, "%s\n", line);
    ssize_t count = read(fd, answer, sizeof(answer));
    if (count <= 0) {
        give_up("vsock_line: read");
    }
    (void)!write(STDOUT_FILENO, answer, (size_t)count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "listen") == 0) {
        return listen_to(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "ask") == 0) {
        return ask(argv[2], argv[3]);
    }
    fprintf(stderr, "usage: vsock_line listen PORT | ask PORT LINE\n");
    return 1;
}
