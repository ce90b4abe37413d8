/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket. */
#include "control/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/report.h"
#include "control/qmp_internal.h"

static void qmp_turn_away(int fd)
{
    static const char words[] = "{\"error\": {\"class\": \"GenericError\", "
                                "\"desc\": \"too many clients\"}}\n";

    (void)!send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    qmp_hang_up(fd);
}

/* Without a descriptor the client can be neither served nor refused, and the socket stays ready. */
static void qmp_turn_away_by_reserve(struct qmp *qmp)
{
    close(qmp->reserve_fd);
    int fd = accept4(qmp->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        qmp_turn_away(fd);
    }
    qmp->reserve_fd = fcntl(qmp->fd, F_DUPFD_CLOEXEC, 0);
}

static void on_connection(void *arg, uint32_t events)
{
    struct qmp *qmp = arg;
    int fd = accept4(qmp->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && qmp->reserve_fd >= 0) {
        qmp_turn_away_by_reserve(qmp);
    } else if (fd >= 0 && qmp->client_count >= QMP_CLIENTS_MAX) {
        qmp_turn_away(fd);
    } else if (fd >= 0) {
        qmp_client_add(qmp, fd);
    }
}

/* Whether a program listens at `address`: 1, 0, or -errno. */
static int address_is_in_use(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -errno;
    }
    int result =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN
            ? 1
            : (errno == ECONNREFUSED ? 0 : -errno);
    close(fd);
    return result;
}

/* Removes a socket that no program listens to. False after report()ing a line. */
static bool address_clear(const struct sockaddr_un *address)
{
    const char *path = address->sun_path;
    struct stat status;

    if (lstat(path, &status) != 0) {
        return true; /* There is nothing, or bind() will fail with the reason. */
    }
    if (!S_ISSOCK(status.st_mode)) {
        report("--qmp %s: a file that is not a socket is already there", path);
        return false;
    }
    int in_use = address_is_in_use(address);
    if (in_use > 0) {
        report("--qmp %s: another program already listens there", path);
        return false;
    }
    if (in_use < 0 || unlink(path) != 0) {
        report("--qmp %s: cannot replace the socket that is already there: %s", path,
               strerror(in_use < 0 ? -in_use : errno));
        return false;
    }
    return true;
}

/* A client can end the VM: only the owner may connect, from the first moment on. */
static int address_bind_for_owner(int fd, const struct sockaddr_un *address)
{
    mode_t mask = umask(S_IRWXG | S_IRWXO | S_IXUSR);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = errno;

    umask(mask);
    errno = error;
    return result;
}

static const char *name_in_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Opens the folder of `path`: the socket is removed inside the sandbox, which looks up no paths. */
static int open_folder(const char *path)
{
    size_t length = (size_t)(name_in_folder(path) - path);
    char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = ".";

    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool qmp_listen(struct qmp *qmp, const struct sockaddr_un *address)
{
    struct stat status;

    qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (qmp->fd < 0 || address_bind_for_owner(qmp->fd, address) != 0) {
        return false;
    }
    qmp->inode = lstat(qmp->path, &status) == 0 ? status.st_ino : 0;
    qmp->folder_fd = open_folder(qmp->path);
    qmp->reserve_fd = fcntl(qmp->fd, F_DUPFD_CLOEXEC, 0);
    if (qmp->folder_fd < 0 || qmp->reserve_fd < 0 || listen(qmp->fd, QMP_CLIENTS_MAX) != 0) {
        return false;
    }
    qmp->source = loop_add(qmp->loop, qmp->fd, EPOLLIN, on_connection, qmp);
    return qmp->source != NULL;
}

static struct qmp *qmp_open_socket(struct qmp *qmp)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(qmp->path);

    if (length == 0 || length >= sizeof(address.sun_path)) {
        report("--qmp %s: a socket's path has 1 to %zu characters", qmp->path,
               sizeof(address.sun_path) - 1);
        return NULL;
    }
    memcpy(address.sun_path, qmp->path, length);
    if (!address_clear(&address)) {
        return NULL;
    }
    if (!qmp_listen(qmp, &address)) {
        report("--qmp %s: cannot listen there: %s", qmp->path, strerror(errno));
        return NULL;
    }
    return qmp;
}

struct qmp *qmp_open(struct loop *loop, const char *path, const char *name,
                     const struct operator_ops *ops, void *machine)
{
    struct qmp *qmp = calloc(1, sizeof(*qmp));

    if (qmp == NULL) {
        report("--qmp %s: %s", path, strerror(ENOMEM));
        return NULL;
    }
    *qmp = (struct qmp){
        .loop = loop,
        .path = path,
        .name = name,
        .ops = ops,
        .machine = machine,
        .fd = -1,
        .folder_fd = -1,
        .reserve_fd = -1,
    };
    json_object_seed(0); /* It opens /dev/urandom, which the sandbox no longer lets it do. */
    if (qmp_open_socket(qmp) == NULL) {
        qmp_close(qmp);
        return NULL;
    }
    return qmp;
}

/*
 * Another program may have put its socket in the place of ours. A process that is not allowed to
 * write to the folder any more leaves the socket to the next one that listens there.
 */
static void qmp_remove_socket(const struct qmp *qmp)
{
    const char *name = name_in_folder(qmp->path);
    struct stat status;

    if (qmp->inode != 0 && qmp->folder_fd >= 0 &&
        fstatat(qmp->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_ino == qmp->inode) {
        unlinkat(qmp->folder_fd, name, 0);
    }
}

static void qmp_close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void qmp_close(struct qmp *qmp)
{
    if (qmp == NULL) {
        return;
    }
    qmp_close_clients(qmp);
    qmp_remove_socket(qmp);
    loop_close(qmp->source, qmp->fd);
    qmp_close_fd(qmp->reserve_fd);
    qmp_close_fd(qmp->folder_fd);
    free(qmp);
}
