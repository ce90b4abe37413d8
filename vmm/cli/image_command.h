/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DORMOUSE_CLI_IMAGE_COMMAND_H
#define DORMOUSE_CLI_IMAGE_COMMAND_H

/**
 * `dormouse image ACTION FILE`: what to do with the image of a VM.
 * @return an exit status: 0, 1 after report()ing what is wrong with the image or the host, 2 if there
 *         is no such action
 */
int image_command(const char *action, const char *path);

#endif
