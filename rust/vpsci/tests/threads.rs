// SPDX-License-Identifier: BSD-2-Clause
//! Several threads: one starts a vCPU that the other runs.
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use vpsci::{Block, Config, Function, GuestCall, Mpidr, Outcome, ResultCode, System, Vm};

const ROUNDS: u64 = 2000;

fn call(function: u32, args: [u64; 3]) -> GuestCall {
    GuestCall {
        function: function.into(),
        args,
        ..Default::default()
    }
}

/// One thread turns the other's vCPU on, again and again; the other enters where it was told to and
/// turns off.
#[test]
fn one_thread_starts_what_another_runs() {
    let mpidrs = [Mpidr(0), Mpidr(1)];
    let config = Config::new(&mpidrs);
    let mut memory = vec![Block::NEW; config.blocks()];
    let mut vm = Vm::init(&mut memory, config).unwrap();
    let entered = AtomicU32::new(0);

    let (shared, mut owners) = vm.owners();
    let (mut first, mut second) = (owners.next().unwrap(), owners.next().unwrap());
    assert!(owners.next().is_none());
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                loop {
                    let on = call(Function::CpuOn.id64(), [1, 0x1000 + 4 * round, round]);
                    match first.call(&on) {
                        Outcome::Return {
                            x0: 0,
                            start: Some(_),
                            ..
                        } => break,
                        Outcome::Return {
                            x0, start: None, ..
                        } => {
                            let result = ResultCode::from_x0(x0);
                            let is_on = [ResultCode::OnPending, ResultCode::AlreadyOn];
                            assert!(is_on.contains(&result), "{result:?}");
                        }
                        other => panic!("{other:?}"),
                    }
                    thread::yield_now();
                }
            }
            while shared.on_count() > 1 {
                thread::yield_now();
            }
            match first.call(&call(Function::SystemOff.id32(), [0; 3])) {
                Outcome::Wait {
                    request: Some(request),
                    ..
                } => {
                    request.answer(ResultCode::Success).unwrap();
                }
                other => panic!("{other:?}"),
            }
        });
        scope.spawn(|| {
            while shared.system() != System::Stopped {
                match second.next() {
                    Outcome::Enter { entry, .. } => {
                        let round = entered.fetch_add(1, Ordering::Relaxed).into();
                        assert_eq!(
                            (entry.address.0, entry.context),
                            (0x1000 + 4 * round, round)
                        );
                        let off = second.call(&call(Function::CpuOff.id32(), [0; 3]));
                        assert!(matches!(off, Outcome::Wait { .. }), "{off:?}");
                    }
                    Outcome::Wait { .. } => thread::yield_now(),
                    other => panic!("{other:?}"),
                }
            }
        });
    });
    assert_eq!(entered.into_inner(), ROUNDS as u32);

    vm.reset();
    assert_eq!((vm.system(), vm.on_count()), (System::Running, 1));
}

/// A thread that owns no vCPU answers for one that waits.
#[test]
fn an_answer_comes_from_another_thread() {
    let mpidrs = [Mpidr(0)];
    let config = Config::new(&mpidrs).capabilities(vpsci::Capabilities::SYSTEM_SUSPEND);
    let mut memory = vec![Block::NEW; config.blocks()];
    let mut vm = Vm::init(&mut memory, config).unwrap();
    let (shared, mut owners) = vm.owners();
    let mut owner = owners.next().unwrap();

    thread::scope(|scope| {
        scope.spawn(move || {
            let vcpu = shared.vcpu(0).unwrap();
            let request = loop {
                match vcpu.pending_request() {
                    Some(request) => break request,
                    None => thread::yield_now(),
                }
            };
            request.answer(ResultCode::Success).unwrap();
            assert!(vcpu.wake());
        });
        let call = call(Function::SystemSuspend.id64(), [0x4000, 1, 0]);
        assert!(matches!(owner.call(&call), Outcome::Wait { .. }));
        loop {
            match owner.next() {
                Outcome::Wait { .. } => thread::yield_now(),
                Outcome::Enter { entry, .. } => break assert_eq!(entry.address.0, 0x4000),
                other => panic!("{other:?}"),
            }
        }
    });
}
