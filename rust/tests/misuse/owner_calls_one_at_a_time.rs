// SPDX-License-Identifier: BSD-2-Clause
// E0596: calls of an owner need it alone
use vpsci::Owner;

pub fn run(owner: &Owner) {
    let _ = owner.next();
}
