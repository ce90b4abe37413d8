// SPDX-License-Identifier: BSD-2-Clause
// E0505: the table of states is lent to the VM
use vpsci::{Block, Config, Error, Mpidr, PowerState, Vm};

pub fn run(memory: &mut [Block], states: Vec<PowerState>) -> Result<bool, Error> {
    let vm = Vm::init(memory, Config::new(&[Mpidr(0)]).states(&states))?;
    drop(states);
    Ok(vm.needs_entry(0))
}
