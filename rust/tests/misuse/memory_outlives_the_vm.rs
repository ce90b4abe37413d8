// SPDX-License-Identifier: BSD-2-Clause
// E0505: the memory of a VM is lent to it
use vpsci::{Block, Config, Mpidr, Vm};

pub fn run() {
    let mut memory = vec![Block::NEW; 16];
    let vm = Vm::init(&mut memory, Config::new(&[Mpidr(0)]));
    drop(memory);
    drop(vm);
}
