/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's service manager, as base/notify.h speaks to it. */
#ifndef DORMOUSE_TESTS_SERVICE_MANAGER_H
#define DORMOUSE_TESTS_SERVICE_MANAGER_H

/* Sets NOTIFY_SOCKET to its socket, and removes the watchdog's variables. */
void service_manager_open(void);
/* Sets NOTIFY_SOCKET again: notify_open() removes it. */
void service_manager_invite(void);
void service_manager_close(void);

/* Fails the test unless the next message is `text`, or none has come. */
void service_manager_expect(const char *text);
void service_manager_expect_silence(void);

#endif
