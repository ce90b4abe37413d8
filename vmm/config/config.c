/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config.h"

#include <string.h>

#include "power/wake.h"

void config_init(struct config *config)
{
    *config = (struct config){
        .name = "dormouse",
        .kernel_at = CONFIG_KERNEL_AT_NONE,
        .cpu_count = 1,
        .memory_size = UINT64_C(512) << 20,
        .on_suspend = SUSPEND_HONOUR,
        .ask_seconds = 10,
        .wake = WAKE_ALL,
        .psci_mode = PSCI_MODE_AUTO,
        .psci_version = CONFIG_PSCI_DEFAULT,
        .console = "stdio",
        .idle_cpu_percent = 5,
        .shutdown_seconds = CONFIG_SHUTDOWN_DEFAULT,
    };
}

void config_close(struct config *config)
{
    config_file_free(&config->file);
}

const char *config_metrics_socket(const struct config *config)
{
    static const char prefix[] = "unix:";

    return config->metrics != NULL && strncmp(config->metrics, prefix, strlen(prefix)) == 0
               ? config->metrics + strlen(prefix)
               : NULL;
}

bool config_has_back_ends(const struct config *config)
{
    for (unsigned i = 0; i < config->disks.count; i++) {
        if (config->disks.at[i].vhost_user) {
            return true;
        }
    }
    return false;
}

bool config_has_vhost(const struct config *config)
{
    for (unsigned i = 0; i < config->nets.count; i++) {
        const struct net_settings *net = &config->nets.at[i];

        if (net->tap[0] != '\0' && net->vhost != NET_VHOST_OFF) {
            return true;
        }
    }
    return false;
}
