// SPDX-License-Identifier: BSD-2-Clause
// compiles: what the other files here do wrong, done right.
use vpsci::{Block, Config, Error, Mpidr, Owner, Vcpu, Vm};

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

pub fn run(memory: &mut [Block]) -> Result<(), Error> {
    let mut vm = Vm::init(memory, Config::new(&[Mpidr(0)]))?;
    let (shared, mut owners) = vm.owners();
    let mut owner = owners.next().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || owner.next());
        scope.spawn(|| shared.vcpu(0).unwrap().wake());
    });
    vm.reset();
    is_send::<Owner>();
    is_send::<Vm>();
    is_sync::<Vm>();
    is_sync::<Vcpu>();
    Ok(())
}
