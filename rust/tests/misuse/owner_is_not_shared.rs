// SPDX-License-Identifier: BSD-2-Clause
// E0277: two threads cannot have the same owner
use vpsci::Owner;

pub fn run(owner: &Owner) {
    std::thread::scope(|scope| {
        scope.spawn(move || owner.vcpu());
    });
}
