// SPDX-License-Identifier: BSD-2-Clause
// E0505: the host is lent to the VM
use vpsci::{Block, Config, Error, Mpidr, Ops, Vm};

pub fn run<O: Ops>(memory: &mut [Block], host: O) -> Result<u32, Error> {
    let vm = Vm::init(memory, Config::new(&[Mpidr(0)]).ops(&host))?;
    drop(host);
    Ok(vm.on_count())
}
