// SPDX-License-Identifier: BSD-2-Clause
// E0599: a vCPU has one owner
use vpsci::{GuestCall, Owner};

pub fn run(owner: Owner) {
    let _ = owner.clone().call(&GuestCall::default());
}
