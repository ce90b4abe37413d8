// SPDX-License-Identifier: BSD-2-Clause
// E0505: a request can be answered only while its VM lives
use vpsci::{ResultCode, Vm};

pub fn run(vm: Vm) {
    let request = vm.vcpu(0).unwrap().pending_request().unwrap();
    drop(vm);
    let _ = request.answer(ResultCode::Denied);
}
