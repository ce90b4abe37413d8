// SPDX-License-Identifier: BSD-2-Clause
// E0499: the owners of a VM are handed out once at a time
use vpsci::Vm;

pub fn run(vm: &mut Vm) {
    let (_, mut first) = vm.owners();
    let (_, mut second) = vm.owners();
    let _ = (first.next(), second.next());
}
