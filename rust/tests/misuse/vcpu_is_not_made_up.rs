// SPDX-License-Identifier: BSD-2-Clause
// E0451: a vCPU comes from its VM
use std::marker::PhantomData;
use std::ptr::NonNull;
use vpsci::Vcpu;

pub fn run() -> Vcpu<'static> {
    Vcpu {
        raw: NonNull::dangling(),
        _vm: PhantomData,
    }
}
