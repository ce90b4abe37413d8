// SPDX-License-Identifier: BSD-2-Clause
// E0502: no thread can call while the VM is reset
use vpsci::Vm;

pub fn run(vm: &mut Vm) {
    let vcpu = vm.vcpu(0).unwrap();
    vm.reset();
    vcpu.wake();
}
