// SPDX-License-Identifier: BSD-2-Clause
// E0596: a VM that is shared cannot be restored
use vpsci::Vm;

pub fn run(vm: &Vm, record: &[u8]) {
    let _ = vm.restore(record);
}
