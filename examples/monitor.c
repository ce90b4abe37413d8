/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole monitor for arm64 guests on Linux KVM, whose PSCI is libvpsci's. It boots an arm64 Image with a GICv3, and a
 * 16550 without interrupts on standard input and output. The guest turns CPUs on and off, and sleeps until its timer or
 * a key wakes it. SYSTEM_OFF ends the monitor with status 0, SYSTEM_RESET with 3. monitor.dts has the CPUs' number.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vpsci_kvm.h>

enum { GICD = 0x08000000, GICR = 0x080a0000, UART = 0x09000000, RAM = 0x40000000 };
enum { CPUS_MAX = 16, ALIGN = 2 << 20, RAM_MIN = 32 << 20, TREE_SIZE = 1 << 16, STATUS_RESET = 3 };

static struct cpu {
    struct vpsci_kvm_vcpu kvm;
    pthread_t thread;
} cpus[CPUS_MAX];

static struct {
    int fd;
    _Atomic int status; /* -1 until the system has stopped, and all vCPUs have been kicked */
    unsigned cpus;
    unsigned char *ram;
    _Alignas(8) unsigned char tree[TREE_SIZE]; /* as libfdt wants it */
    uint64_t ram_size;
    struct kvm_vcpu_init init;
    struct vpsci_vm *psci;
} vm = {.status = -1};

/* Passes on what ioctl() and the like have returned, or a function that returns -errno. */
static int must(const char *what, int result)
{
    if (result < 0) {
        errno = result == -1 ? errno : -result;
        err(1, "%s", what);
    }
    return result;
}

static void on_kick(int number)
{
    (void)number;
}

static void kick(struct cpu *cpu)
{
    vpsci_kvm_kick(&cpu->kvm);
    pthread_kill(cpu->thread, SIGUSR1);
}

static bool entry_is_valid(void *host, struct vpsci_ipa entry)
{
    return host == &vm && entry.value - RAM < vm.ram_size;
}

static void create_psci(void)
{
    static const struct vpsci_ops ops = {.entry_is_valid = entry_is_valid};
    struct vpsci_mpidr mpidrs[CPUS_MAX];
    const struct vpsci_config config = {
        .size = sizeof(config),
        .vcpu_count = vm.cpus,
        .mpidrs = mpidrs,
        .capabilities = VPSCI_CAP_SYSTEM_SUSPEND | VPSCI_CAP_SYSTEM_RESET2,
        .ops = &ops,
        .host = &vm,
    };
    size_t size = vpsci_size(&config);

    for (unsigned i = 0; i < CPUS_MAX; i++) {
        mpidrs[i].value = i; /* as KVM names its first 16 vCPUs */
    }
    int error = vpsci_init(aligned_alloc(VPSCI_ALIGNMENT, size), size, &config, &vm.psci);
    if (error != 0) {
        errx(1, "%s", vpsci_error_text(error));
    }
    must("the SMCCC filter of Linux 6.4", vpsci_kvm_forward(vm.fd));
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_kick}, NULL);
}

/* Every request is honoured. After SYSTEM_SUSPEND the vCPU waits in KVM_RUN for an interrupt. */
static void obey(const struct vpsci_outcome *out)
{
    if (out->start != NULL) {
        kick(&cpus[vpsci_vcpu_index(out->start)]);
    }
    if (!out->request.pending) {
        return;
    }
    vpsci_answer(out->request.vcpu, VPSCI_SUCCESS);
    if (out->wait == VPSCI_WAIT_STOPPED) {
        for (unsigned i = 0; i < vm.cpus; i++) {
            kick(&cpus[i]);
        }
        vm.status = out->request.function == VPSCI_FN_SYSTEM_OFF ? 0 : STATUS_RESET;
    }
}

/* ---- Running, with a UART ----------------------------------------------------------------- */

static bool has_input(void)
{
    int count = 0;

    return ioctl(STDIN_FILENO, FIONREAD, &count) == 0 && count > 0;
}

static _Atomic uint8_t uart_ier, uart_lcr; /* interrupts enabled; line control */

static uint8_t uart_read(uint64_t number)
{
    uint8_t byte = 0;

    switch (number) {
    case 0:
        (void)!read(STDIN_FILENO, &byte, has_input());
        return byte;
    case 2: /* what its interrupt would be for: input, room for output, nothing */
        return (uart_ier & 1) != 0 && has_input() ? 4 : (uart_ier & 2) != 0 ? 2 : 1;
    case 5: /* line status: output is always possible */
        return has_input() ? 0x61 : 0x60;
    default:
        return number == 1 ? uart_ier : number == 3 ? uart_lcr : 0;
    }
}

/* What is not there is ignored, and reads as zero. */
static void access_device(struct kvm_run *run)
{
    uint64_t number = run->mmio.phys_addr - UART;
    bool is_divisor = number <= 1 && (uart_lcr & 0x80) != 0;

    if (!run->mmio.is_write) {
        memset(run->mmio.data, 0, sizeof(run->mmio.data));
        run->mmio.data[0] = uart_read(number);
    } else if (number == 0 && !is_divisor) {
        while (write(STDOUT_FILENO, run->mmio.data, 1) < 0 && errno == EINTR) {
        }
    } else if (number == 1 && !is_divisor) {
        uart_ier = run->mmio.data[0];
    } else if (number == 3) {
        uart_lcr = run->mmio.data[0];
    }
}

static void *run_cpu(void *argument)
{
    struct vpsci_kvm_vcpu *cpu = argument;
    struct vpsci_outcome out;

    while (vpsci_system_state(vm.psci) != VPSCI_SYSTEM_STOPPED) {
        if (must("KVM_RUN", vpsci_kvm_run(cpu)) == 0) {
            continue; /* a kick */
        }
        if (must("a PSCI call", vpsci_kvm_exit(cpu, &out)) > 0) {
            obey(&out);
        } else if (cpu->run->exit_reason == KVM_EXIT_MMIO) {
            access_device(cpu->run);
        } else {
            errx(1, "KVM exit reason %u", cpu->run->exit_reason);
        }
    }
    return NULL;
}

/* ---- Setting up --------------------------------------------------------------------------- */

/* Returns the size of the file, which is less than the room. */
static uint64_t load(const char *path, void *to, uint64_t room)
{
    int fd = must(path, open(path, O_RDONLY));
    uint64_t size = (uint64_t)must(path, (int)read(fd, to, room));

    close(fd);
    return size < room ? size : (uint64_t)must(path, -ENOSPC);
}

static void read_tree(const char *path)
{
    int cpu, size = 0;

    load(path, vm.tree, TREE_SIZE);
    if (fdt_open_into(vm.tree, vm.tree, TREE_SIZE) != 0) { /* checks it, and makes room */
        errx(1, "%s: not a device tree; dtc makes one of monitor.dts", path);
    }
    const fdt32_t *reg = fdt_getprop(vm.tree, fdt_path_offset(vm.tree, "/memory"), "reg", &size);
    fdt_for_each_subnode(cpu, vm.tree, fdt_path_offset(vm.tree, "/cpus"))
    {
        vm.cpus += fdt_getprop(vm.tree, cpu, "device_type", NULL) != NULL;
    }
    vm.ram_size = reg != NULL && size == 2 * sizeof(*reg) ? fdt32_to_cpu(reg[1]) : 0;
    if (vm.ram_size < RAM_MIN || vm.cpus > CPUS_MAX) {
        errx(1, "%s: not a tree like monitor.dts", path);
    }
}

/* The tree is in the last 2 MiB (Linux, Documentation/arch/arm64/booting.rst). */
static void load_guest(const char *image, const char *command_line, const char *initrd)
{
    int chosen = fdt_path_offset(vm.tree, "/chosen"), length = (int)strlen(command_line) + 1;
    uint64_t header[8], room = vm.ram_size - ALIGN, at = 0, end = 0; /* of the initrd */

    load(image, vm.ram, room);
    memcpy(header, vm.ram, sizeof(header)); /* [1]: the offset, [2]: the size in memory */
    if ((uint32_t)header[7] != 0x644d5241 || header[1] >= ALIGN || header[2] > room / 2) {
        errx(1, "%s: not an arm64 Image, or too large", image);
    }
    load(image, vm.ram + header[1], room - header[1]);
    if (initrd != NULL) {
        at = (header[1] + header[2] + ALIGN) / ALIGN * ALIGN;
        end = at + load(initrd, vm.ram + at, room - at);
    }
    if (fdt_setprop(vm.tree, chosen, "bootargs", command_line, length) != 0 ||
        fdt_setprop_u32(vm.tree, chosen, "linux,initrd-start", (uint32_t)(RAM + at)) != 0 ||
        fdt_setprop_u32(vm.tree, chosen, "linux,initrd-end", (uint32_t)(RAM + end)) != 0) {
        errx(1, "the command line is too long");
    }
    memcpy(vm.ram + vm.ram_size - ALIGN, vm.tree, TREE_SIZE);
    const struct vpsci_entry entry = {{RAM + header[1]}, RAM + vm.ram_size - ALIGN, 0, 0, 0};
    must("KVM_SET_ONE_REG", vpsci_kvm_start(&cpus[0].kvm, &entry));
}

static void create_cpu(struct vpsci_kvm_vcpu *cpu, unsigned index, size_t size)
{
    cpu->fd = must("KVM_CREATE_VCPU", ioctl(vm.fd, KVM_CREATE_VCPU, (unsigned long)index));
    cpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
    must("mmap", cpu->run == MAP_FAILED ? -1 : 0);
    cpu->init = &vm.init;
    cpu->vm = vm.psci;
    cpu->vcpu = vpsci_vcpu_at(vm.psci, index);
    must("KVM_ARM_VCPU_INIT",
         vpsci_kvm_reset(cpu, index == 0 ? VPSCI_MP_RUNNABLE : VPSCI_MP_STOPPED));
}

static void set_gic(int fd, uint32_t group, uint64_t attribute, uint64_t value)
{
    struct kvm_device_attr attr = {.group = group, .attr = attribute, .addr = (uintptr_t)&value};

    must("the GICv3", ioctl(fd, KVM_SET_DEVICE_ATTR, &attr));
}

static void create_vm(void)
{
    int kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR));
    struct kvm_create_device gic = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
    struct kvm_userspace_memory_region ram = {.guest_phys_addr = RAM, .memory_size = vm.ram_size};

    vm.fd = must("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0UL));
    must("KVM_ARM_PREFERRED_TARGET", ioctl(vm.fd, KVM_ARM_PREFERRED_TARGET, &vm.init));
    vm.init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
    vm.ram = mmap(NULL, vm.ram_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must("mmap", vm.ram == MAP_FAILED ? -1 : 0);
    ram.userspace_addr = (uintptr_t)vm.ram;
    must("KVM_SET_USER_MEMORY_REGION", ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &ram));
    create_psci();
    for (unsigned i = 0; i < vm.cpus; i++) {
        create_cpu(&cpus[i].kvm, i,
                   (size_t)must("/dev/kvm", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0)));
    }
    must("the GICv3", ioctl(vm.fd, KVM_CREATE_DEVICE, &gic));
    set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, GICD);
    set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, GICR);
    set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        errx(1, "usage: monitor TREE IMAGE COMMAND-LINE [INITRD]");
    }
    read_tree(argv[1]);
    create_vm();
    load_guest(argv[2], argv[3], argv[4]);
    for (unsigned i = vm.cpus; i-- > 0;) {
        must("a thread", -pthread_create(&cpus[i].thread, NULL, run_cpu, &cpus[i].kvm));
    }
    while (vm.status < 0) {
        usleep(50000); /* then input wakes a guest that sleeps */
        for (unsigned i = 0; i < vm.cpus && has_input(); i++) {
            struct vpsci_vcpu *vcpu = cpus[i].kvm.vcpu;
            if (vpsci_vcpu_state(vcpu) == VPSCI_STATE_SUSPENDED && vpsci_wake(vcpu)) {
                kick(&cpus[i]);
            }
        }
    }
    for (unsigned i = 0; i < vm.cpus; i++) {
        pthread_join(cpus[i].thread, NULL);
    }
    return vm.status;
}
