/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket: which clients are served. */
#include "control/qmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/report.h"
#include "control/qmp_internal.h"

static void qmp_turn_away(void *arg, int fd)
{
    static const char words[] = "{\"error\": {\"class\": \"GenericError\", "
                                "\"desc\": \"too many clients\"}}" QMP_LINE_END;

    (void)arg;
    (void)!send(fd, words, sizeof(words) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    qmp_hang_up(fd);
}

static void qmp_serve(void *arg, int fd)
{
    struct qmp *qmp = arg;

    if (qmp->client_count >= QMP_CLIENTS_MAX) {
        qmp_turn_away(qmp, fd);
    } else {
        qmp_client_add(qmp, fd);
    }
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
        .name = name,
        .ops = ops,
        .machine = machine,
    };
    const struct listener_setup setup = {
        .loop = loop,
        .option = "--qmp",
        .path = path,
        .backlog = QMP_CLIENTS_MAX,
        .serve = qmp_serve,
        .refuse = qmp_turn_away,
        .arg = qmp,
    };
    json_object_seed(0); /* It opens /dev/urandom, which the sandbox no longer lets it do. */
    if (!listener_open(&qmp->listener, &setup)) {
        free(qmp);
        return NULL;
    }
    return qmp;
}

void qmp_close(struct qmp *qmp)
{
    if (qmp == NULL) {
        return;
    }
    qmp_close_clients(qmp);
    listener_close(&qmp->listener);
    free(qmp);
}
