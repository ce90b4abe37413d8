/* SPDX-License-Identifier: BSD-2-Clause */
/* From MPIDR to vCPU, in all kinds of layouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rig.h"

static struct vpsci_mpidr mpidrs[VPSCI_VCPU_MAX];

static uint64_t name_of(uint32_t affinity)
{
    return (uint64_t)(affinity >> 24) << 32 | (affinity & 0xffffff);
}

static uint64_t dense_layout(uint32_t i)
{
    return i;
}

static uint64_t sixteen_per_aff0(uint32_t i)
{
    return (uint64_t)(i / 16) << 8 | i % 16;
}

static uint64_t by_aff1(uint32_t i)
{
    return name_of(i << 8);
}

static uint64_t by_aff3(uint32_t i)
{
    return (uint64_t)(i % 256) << 32 | (uint64_t)(i / 256) << 16;
}

static uint64_t backwards_from_the_end(uint32_t i)
{
    return name_of(UINT32_MAX - i);
}

/* Odd multipliers: no two are the same. */
static uint64_t scattered_layout(uint32_t i)
{
    return name_of(i * UINT32_C(0x9e3779b1));
}

static uint64_t (*const layouts[])(uint32_t i) = {
    dense_layout, sixteen_per_aff0, by_aff1, by_aff3, backwards_from_the_end, scattered_layout,
};

enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static void describe_vm(uint32_t count, uint64_t (*layout)(uint32_t i))
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        mpidrs[i].value = layout(i);
    }
}

static struct vpsci_config config_of(uint32_t count)
{
    return (struct vpsci_config){
        .size = sizeof(struct vpsci_config), .vcpu_count = count, .mpidrs = mpidrs};
}

static int init_vm(uint32_t count, void *memory, struct vpsci_vm **vm)
{
    const struct vpsci_config config = config_of(count);

    return vpsci_init(memory, vpsci_size(&config), &config, vm);
}

static void assert_finds_all(struct vpsci_vm *vm, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        struct vpsci_vcpu *vcpu = vpsci_find(vm, mpidrs[i]);

        assert_ptr_equal(vcpu, vpsci_vcpu_at(vm, i));
        assert_int_equal(vpsci_vcpu_index(vcpu), i);
        assert_int_equal(vpsci_vcpu_mpidr(vcpu).value, mpidrs[i].value);
    }
}

static bool is_name(uint64_t value, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (mpidrs[i].value == value) {
            return true;
        }
    }
    return false;
}

/* Names that differ in one bit from one that exists, and bits that belong to no name. */
static void assert_knows_neighbours(struct vpsci_vm *vm, uint32_t count)
{
    uint32_t i;
    unsigned bit;

    for (i = 0; i < count; i += count / 8 + 1) {
        for (bit = 0; bit < 64; bit++) {
            struct vpsci_mpidr other = {mpidrs[i].value ^ UINT64_C(1) << bit};

            assert_int_equal(vpsci_find(vm, other) != NULL, is_name(other.value, count));
        }
    }
}

static void try_count(uint32_t count)
{
    const struct vpsci_config config = config_of(count);
    void *memory = aligned_alloc(VPSCI_ALIGNMENT, vpsci_size(&config));
    struct vpsci_vm *vm;
    int i;

    assert_non_null(memory);
    for (i = 0; i < LAYOUTS; i++) {
        describe_vm(count, layouts[i]);
        assert_int_equal(init_vm(count, memory, &vm), 0);
        assert_finds_all(vm, count);
        assert_knows_neighbours(vm, count);
        assert_null(vpsci_vcpu_at(vm, count));
    }
    free(memory);
}

static void all_are_found_in_every_layout(void **state)
{
    static const uint32_t counts[] = {1,   2,   3,   4,   5,   7,    8,    9,    16,
                                      17,  33,  64,  65,  127, 128,  129,  255,  256,
                                      257, 500, 511, 512, 513, 1024, 2047, 4095, VPSCI_VCPU_MAX};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        try_count(counts[i]);
    }
}

static void name_that_comes_twice_or_often_is_refused(void **state)
{
    static _Alignas(VPSCI_ALIGNMENT) unsigned char memory[RIG_ROOM];
    struct vpsci_vm *vm;
    uint32_t twice;
    uint32_t i;

    (void)state;
    for (twice = 1; twice < 16; twice++) {
        describe_vm(16, sixteen_per_aff0);
        for (i = 0; i < twice; i++) {
            mpidrs[15 - i] = mpidrs[0];
        }
        assert_int_equal(init_vm(16, memory, &vm), VPSCI_E_MPIDR);
        assert_null(vm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_found_in_every_layout),
        cmocka_unit_test(name_that_comes_twice_or_often_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
