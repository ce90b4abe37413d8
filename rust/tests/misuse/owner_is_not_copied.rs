// SPDX-License-Identifier: BSD-2-Clause
// E0382: a vCPU has one owner
use vpsci::Owner;

pub fn run(owner: Owner) -> (Owner, Owner) {
    (owner, owner)
}
