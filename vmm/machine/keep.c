/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --keep, between two processes of one VM. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "machine/parts.h"

/*
 * Whether the VM is a file was read from the command line, when the process before may still have saved
 * it. Its disks are the first thing that one process only can have; so after that the answer is final.
 */
bool keep_may_boot(const struct config *config)
{
    if (config->keep == NULL || config->restore != NULL) {
        return true;
    }
    if (access(config->keep, F_OK) == 0) {
        report("--keep %s: another dormouse has just saved the VM: start this one again",
               config->keep);
        return false;
    }
    if (errno != ENOENT) {
        report("--keep %s: cannot see whether the VM is saved there: %s", config->keep,
               strerror(errno));
        return false;
    }
    return true;
}
