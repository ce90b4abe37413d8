// SPDX-License-Identifier: BSD-2-Clause
//! What the library asks the host, and what a host saves.
use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use vpsci::{
    Block, Capabilities, Config, Error, Function, GuestCall, Ipa, Mpidr, Ops, Outcome, ResultCode,
    State, Vm, Wait,
};

const NAMES: [Mpidr; 2] = [Mpidr(0), Mpidr(1)];

fn call(function: Function, args: [u64; 3]) -> GuestCall {
    GuestCall {
        function: function.id64().into(),
        args,
        ..Default::default()
    }
}

fn result(outcome: Outcome<'_>) -> ResultCode {
    match outcome {
        Outcome::Return { x0, .. } => ResultCode::from_x0(x0),
        other => panic!("{other:?}"),
    }
}

#[derive(Default)]
struct Host(AtomicU64);

impl Ops for Host {
    const HAS_RANGES: bool = true;
    const HAS_CLOCK: bool = true;

    fn entry_is_valid(&self, address: Ipa) -> bool {
        (0x4000..0x8000).contains(&address.0)
    }

    fn range_is_protected(&self, base: Ipa, length: u64) -> bool {
        base.0 + length <= 0x8000
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn the_library_asks_its_host() {
    let host = Host::default();
    let config = Config::new(&NAMES)
        .capabilities(Capabilities::ALL)
        .ops(&host);
    let mut memory = vec![Block::NEW; config.blocks()];
    let mut statistics = vec![Block::NEW; config.statistics_blocks()];
    let mut vm = Vm::init(&mut memory, config.statistics(&mut statistics)).unwrap();
    let mut owner = vm.owners().1.next().unwrap();

    let wrong = owner.call(&call(Function::CpuOn, [1, 0x1000, 0]));
    assert_eq!(result(wrong), ResultCode::InvalidAddress);
    let right = owner.call(&call(Function::MemProtectCheckRange, [0x4000, 0x1000, 0]));
    assert_eq!(result(right), ResultCode::Success);
    let wrong = owner.call(&call(Function::MemProtectCheckRange, [0x4000, 0x9000, 0]));
    assert_eq!(result(wrong), ResultCode::Denied);

    assert!(matches!(
        owner.call(&call(Function::CpuSuspend, [0; 3])),
        Outcome::Wait { .. }
    ));
    host.0.store(250, Ordering::Relaxed);
    owner.wake();
    assert!(matches!(
        owner.next(),
        Outcome::Return {
            ended: Some(Wait::Standby),
            ..
        }
    ));
    match owner.call(&call(Function::StatResidency, [0, 0, 0])) {
        Outcome::Return { x0, .. } => assert_eq!(x0, 250),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_host_without_ranges_and_clock_has_no_such_functions() {
    struct Plain;

    impl Ops for Plain {}

    let config = Config::new(&NAMES)
        .capabilities(Capabilities::ALL)
        .ops(&Plain);
    let mut memory = vec![Block::NEW; config.blocks()];
    let mut statistics = vec![Block::NEW; config.statistics_blocks()];
    let mut vm = Vm::init(&mut memory, config.statistics(&mut statistics)).unwrap();
    let mut owner = vm.owners().1.next().unwrap();

    for function in [Function::MemProtectCheckRange, Function::StatCount] {
        assert_eq!(
            result(owner.call(&call(function, [0; 3]))),
            ResultCode::NotSupported
        );
    }
}

struct Panics;

impl Ops for Panics {
    fn entry_is_valid(&self, _: Ipa) -> bool {
        panic!("on purpose");
    }
}

/// A panic must not unwind the stack through C. The test runs itself again, to see that program
/// end.
#[test]
fn a_panic_of_the_host_ends_the_program() {
    const CHILD: &str = "VPSCI_TEST_PANICS";

    if env::var_os(CHILD).is_some() {
        let config = Config::new(&NAMES).ops(&Panics);
        let mut memory = vec![Block::NEW; config.blocks()];
        let mut vm = Vm::init(&mut memory, config).unwrap();
        let mut owner = vm.owners().1.next().unwrap();
        let _ = owner.call(&call(Function::CpuOn, [1, 0, 0]));
        return;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_panic_of_the_host_ends_the_program"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        None,
        "it was to end by a signal: {output:?}"
    );
}

#[test]
fn a_vm_is_saved_and_restored() {
    let make = |memory| Vm::init(memory, Config::new(&NAMES)).unwrap();
    let mut memory = vec![Block::NEW; Config::new(&NAMES).blocks()];
    let mut others = memory.clone();
    let mut vm = make(&mut memory);
    let mut other = make(&mut others);
    let mut record = vec![0xff; vm.save_size()];

    let mut owner = vm.owners().1.next().unwrap();
    assert!(matches!(
        owner.call(&call(Function::CpuOn, [1, 0x2000, 42])),
        Outcome::Return { start: Some(_), .. }
    ));
    assert_eq!(vm.save(&mut record), Ok(vm.save_size()));
    let short = record.len() - 1;
    assert_eq!(vm.save(&mut vec![0; short]), Err(Error::Memory));

    assert_eq!(other.restore(&[]), Err(Error::Truncated));
    assert_eq!(other.restore(&record[..short]), Err(Error::Truncated));
    let mut damaged = record.clone();
    damaged[short / 2] ^= 1;
    assert_eq!(other.restore(&damaged), Err(Error::Checksum));
    assert_eq!(other.vcpu(1).unwrap().state(), State::Off);
    other.restore(&record).unwrap();
    assert_eq!(other.vcpu(1).unwrap().state(), State::OnPending);
    let mut second = other.owners().1.nth(1).unwrap();
    assert!(matches!(
        second.next(),
        Outcome::Enter {
            ended: Wait::Off,
            ..
        }
    ));
}

#[test]
fn blocks_lie_in_bytes() {
    use std::mem::MaybeUninit;

    let config = Config::new(&NAMES);
    let mut bytes = vec![MaybeUninit::uninit(); config.blocks() * vpsci::BLOCK_SIZE + 2 * 63];
    let blocks = Block::in_bytes(&mut bytes[1..]);
    assert!(blocks.len() >= config.blocks());
    assert_eq!(Vm::init(blocks, config).unwrap().on_count(), 1);
}

#[cfg(feature = "alloc")]
#[test]
fn a_vm_can_own_its_memory() {
    fn make() -> Vm<'static> {
        let names: Vec<_> = (0..100).map(Mpidr).collect();
        Vm::boxed(Config::new(&names)).unwrap()
    }

    let mut vms = vec![make(), make()];
    vms.reserve(100); // They move.
    let record = vms[0].save_to_vec().unwrap();
    vms[1].restore(&record).unwrap();
    assert_eq!(vms[1].vcpus().count(), 100);
    assert_eq!(Vm::boxed(Config::new(&[])).err(), Some(Error::Argument));
}
