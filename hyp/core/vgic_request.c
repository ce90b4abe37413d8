/* SPDX-License-Identifier: BSD-2-Clause */
#include "vgic_request.h"

#include "arch.h"
#include "vgic_list.h"
#include "vm.h"

/* A pending state that was dropped is not given back. */
static void (*const vgic_actions[VGIC_REQUEST_COUNT])(struct vcpu *vcpu, unsigned intid) = {
    [VGIC_DROP] = vgic_drop,
    [VGIC_RETURN] = vgic_return,
    [VGIC_END] = vgic_finish,
};

static void vgic_serve_word(struct vcpu *vcpu, unsigned request, unsigned word)
{
    uint32_t *bits = &vcpu->gic.requests[request][word];

    if (__atomic_load_n(bits, __ATOMIC_RELAXED) == 0) {
        return;
    }
    for (uint32_t left = __atomic_exchange_n(bits, 0, __ATOMIC_ACQUIRE); left != 0;
         left &= left - 1) {
        vgic_actions[request](vcpu, word * 32 + (unsigned)__builtin_ctz(left));
    }
}

void vgic_serve(struct vcpu *vcpu)
{
    uint32_t asked = __atomic_load_n(&vcpu->gic.asked, __ATOMIC_ACQUIRE);

    if (asked == vcpu->gic.served) {
        return;
    }
    for (unsigned request = 0; request < VGIC_REQUEST_COUNT; request++) {
        for (unsigned word = 0; word < VGIC_WORDS; word++) {
            vgic_serve_word(vcpu, request, word);
        }
    }
    /* A request that came meanwhile has counted `asked` on. */
    __atomic_store_n(&vcpu->gic.served, asked, __ATOMIC_RELEASE);
}

bool vgic_is_asked(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->gic.asked, __ATOMIC_ACQUIRE) !=
           __atomic_load_n(&vcpu->gic.served, __ATOMIC_ACQUIRE);
}

static void vgic_note(struct vcpu *vcpu, enum vgic_request request, unsigned word, uint32_t bits)
{
    __atomic_fetch_or(&vcpu->gic.requests[request][word], bits, __ATOMIC_RELAXED);
}

static void vgic_poke(struct vcpu *vcpu)
{
    __atomic_fetch_add(&vcpu->gic.asked, 1, __ATOMIC_RELEASE);
    if (vcpu->core == arch_core()) {
        vgic_serve(vcpu);
    } else {
        arch_kick(vcpu->core);
    }
}

void vgic_ask(struct vcpu *vcpu, enum vgic_request request, unsigned word, uint32_t bits)
{
    vgic_note(vcpu, request, word, bits);
    vgic_poke(vcpu);
}

void vgic_ask_all(struct vm *vm, enum vgic_request request, unsigned word, uint32_t bits)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        vgic_ask(&vm->vcpus[i], request, word, bits);
    }
}

void vgic_spare(struct vcpu *vcpu, unsigned intid)
{
    uint32_t *bits = &vcpu->gic.requests[VGIC_DROP][intid / 32];
    uint32_t bit = 1u << intid % 32;

    if ((__atomic_load_n(bits, __ATOMIC_RELAXED) & bit) != 0) {
        __atomic_fetch_and(bits, ~bit, __ATOMIC_RELAXED);
    }
}

/* An interrupt that is being taken may be spared: it is returned to the hardware, which has it
 * disabled. */
void vgic_ask_to_forget(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        for (unsigned word = 0; word < VGIC_WORDS; word++) {
            for (unsigned request = 0; request < VGIC_REQUEST_COUNT; request++) {
                vgic_note(&vm->vcpus[i], request, word, UINT32_MAX);
            }
        }
        vgic_poke(&vm->vcpus[i]);
    }
}
