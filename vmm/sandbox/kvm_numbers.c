/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists carry the numbers of arm64's ioctls, so that they can be tested on any processor. An
 * arm64 build holds them against the kernel's header here.
 */
#include <asm/termbits.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>

#define CALL(name)
#define CALL_IF(name, argument, mask, value, words)
#define CALL_OWN(name, argument)
#define REFUSE(name, error)
#define IOCTL(request, number) _Static_assert((request) == (number), #request);

#include "sandbox/main.def"
#include "sandbox/vcpu.def"
#include "sandbox/vhost.def"
