/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/report.h"
#include "core/loop.h"

static void listener_refuse(const struct listener *listener, int fd)
{
    if (listener->setup.refuse != NULL) {
        listener->setup.refuse(listener->setup.arg, fd);
    } else {
        close(fd);
    }
}

/* Without a descriptor the client can be neither served nor refused, and the socket stays ready. */
static void listener_refuse_by_reserve(struct listener *listener)
{
    close(listener->reserve_fd);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        listener_refuse(listener, fd);
    }
    listener->reserve_fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
}

static void on_connection(void *arg, uint32_t events)
{
    struct listener *listener = arg;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && listener->reserve_fd >= 0) {
        listener_refuse_by_reserve(listener);
    } else if (fd >= 0) {
        listener->setup.serve(listener->setup.arg, fd);
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
static bool address_clear(const struct sockaddr_un *address, const char *option)
{
    const char *path = address->sun_path;
    struct stat status;

    if (lstat(path, &status) != 0) {
        return true; /* There is nothing, or bind() will fail with the reason. */
    }
    if (!S_ISSOCK(status.st_mode)) {
        report("%s %s: a file that is not a socket is already there", option, path);
        return false;
    }
    int in_use = address_is_in_use(address);
    if (in_use > 0) {
        report("%s %s: another program already listens there", option, path);
        return false;
    }
    if (in_use < 0 || unlink(path) != 0) {
        report("%s %s: cannot replace the socket that is already there: %s", option, path,
               strerror(in_use < 0 ? -in_use : errno));
        return false;
    }
    return true;
}

/* A client can end the VM, or be the guest's peer: only the owner may connect. */
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

static bool listener_listen(struct listener *listener, const struct sockaddr_un *address)
{
    const struct listener_setup *setup = &listener->setup;
    struct stat status;

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 || address_bind_for_owner(listener->fd, address) != 0) {
        return false;
    }
    listener->inode = lstat(setup->path, &status) == 0 ? status.st_ino : 0;
    listener->folder_fd = open_folder(setup->path);
    listener->reserve_fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
    if (listener->folder_fd < 0 || listener->reserve_fd < 0 ||
        listen(listener->fd, setup->backlog) != 0) {
        return false;
    }
    listener->source = loop_add(setup->loop, listener->fd, EPOLLIN, on_connection, listener);
    return listener->source != NULL;
}

bool listener_open(struct listener *listener, const struct listener_setup *setup)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(setup->path);

    *listener = (struct listener)LISTENER_NONE;
    listener->setup = *setup;
    if (length == 0 || length >= sizeof(address.sun_path)) {
        report("%s %s: a socket's path has 1 to %zu characters", setup->option, setup->path,
               sizeof(address.sun_path) - 1);
        return false;
    }
    memcpy(address.sun_path, setup->path, length);
    if (!address_clear(&address, setup->option)) {
        return false;
    }
    if (!listener_listen(listener, &address)) {
        report("%s %s: cannot listen there: %s", setup->option, setup->path, strerror(errno));
        listener_close(listener);
        return false;
    }
    return true;
}

void listener_hold(struct listener *listener, bool held)
{
    loop_watch(listener->source, held ? 0 : EPOLLIN);
}

/*
 * Another program may have put its socket in the place of ours. A process that is not allowed to
 * write to the folder any more leaves the socket to the next one that listens there.
 */
static void listener_remove_socket(const struct listener *listener)
{
    struct stat status;

    if (listener->inode == 0 || listener->folder_fd < 0) {
        return;
    }
    const char *name = name_in_folder(listener->setup.path);
    if (fstatat(listener->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_ino == listener->inode) {
        unlinkat(listener->folder_fd, name, 0);
    }
}

static void listener_close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void listener_close(struct listener *listener)
{
    listener_remove_socket(listener);
    loop_close(listener->source, listener->fd);
    listener_close_fd(listener->reserve_fd);
    listener_close_fd(listener->folder_fd);
    *listener = (struct listener)LISTENER_NONE;
}
