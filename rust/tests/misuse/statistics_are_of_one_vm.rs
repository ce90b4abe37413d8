// SPDX-License-Identifier: BSD-2-Clause
// E0382: two VMs cannot have the same statistics
use vpsci::{Block, Config, Mpidr, Vm};

pub fn run(first: &mut [Block], second: &mut [Block], statistics: &mut [Block]) {
    let config = Config::new(&[Mpidr(0)]).statistics(statistics);
    let _ = (Vm::init(first, config), Vm::init(second, config));
}
