// SPDX-License-Identifier: BSD-2-Clause
// E0499: no owner can call while the VM is reset
use vpsci::Vm;

pub fn run(vm: &mut Vm) {
    let (_, mut owners) = vm.owners();
    vm.reset();
    let _ = owners.next();
}
