// SPDX-License-Identifier: BSD-2-Clause
//! Each outcome, and each request, of one thread.
use vpsci::{
    Ask, Block, Capabilities, Config, Entry, Error, Function, GuestCall, Ipa, MpState, Mpidr,
    Options, Outcome, Owner, PowerState, Request, ResultCode, State, System, TrustedOs, Version,
    Vm, Wait,
};

const NAMES: [Mpidr; 3] = [Mpidr(0), Mpidr(1), Mpidr(0x100)];

/// Runs a test with a VM of three vCPUs and its owners.
fn with_vm(
    describe: impl FnOnce(Config<'static, 'static>) -> Config<'static, 'static>,
    test: impl FnOnce(&Vm, Vec<Owner>),
) {
    let config = describe(Config::new(&NAMES).capabilities(Capabilities::ALL));
    let mut memory = vec![Block::NEW; config.blocks()];
    let mut vm = Vm::init(Vec::leak(std::mem::take(&mut memory)), config).unwrap();
    let (vm, owners) = vm.owners();
    let owners: Vec<_> = owners.collect();
    assert_eq!(owners.len(), 3);
    test(vm, owners);
}

fn ask64<'v>(owner: &mut Owner<'v>, function: Function, args: [u64; 3]) -> Outcome<'v> {
    owner.call(&GuestCall {
        function: function.id64().into(),
        args,
        ..Default::default()
    })
}

fn ask32<'v>(owner: &mut Owner<'v>, function: Function, args: [u64; 3]) -> Outcome<'v> {
    owner.call(&GuestCall {
        function: function.id32().into(),
        args,
        ..Default::default()
    })
}

/// The request for which a vCPU waits for an answer, or for which the system stops.
fn request_of(outcome: Outcome<'_>, wait: Wait) -> Request<'_> {
    match outcome {
        Outcome::Wait {
            why,
            request: Some(request),
        } if why == wait => request,
        other => panic!("{other:?}"),
    }
}

fn returned(x0: u64, ended: Wait) -> Outcome<'static> {
    Outcome::Return {
        x0,
        ended: Some(ended),
        start: None,
    }
}

#[test]
fn run_and_return() {
    with_vm(
        |config| config,
        |vm, mut owners| {
            assert_eq!(owners[0].next(), Outcome::Run);
            assert_eq!(owners[0].next().mp_state(), MpState::Runnable);
            let version = ask32(&mut owners[0], Function::Version, [0; 3]);
            assert_eq!(
                version,
                Outcome::Return {
                    x0: vm.version().0.into(),
                    ended: None,
                    start: None
                }
            );
            assert_eq!(vm.version(), Version::PSCI_NEWEST);
        },
    );
}

#[test]
fn foreign_calls_are_handed_back() {
    with_vm(
        |config| config,
        |_, mut owners| {
            let call = GuestCall {
                function: 0x8600_ff01,
                ..Default::default()
            };
            let not_supported = ResultCode::NotSupported.to_x0();
            assert_eq!(
                owners[0].call(&call),
                Outcome::Foreign { x0: not_supported }
            );
        },
    );
}

#[test]
fn cpu_on_starts_and_enter_says_where() {
    with_vm(
        |config| config,
        |vm, mut owners| {
            let call = GuestCall {
                function: Function::CpuOn.id64().into(),
                args: [1, 0x2000, 42],
                aarch32: false,
                big_endian: true,
            };
            let target = vm.find(Mpidr(1)).unwrap();
            assert_eq!(
                owners[0].call(&call),
                Outcome::Return {
                    x0: 0,
                    ended: None,
                    start: Some(target)
                }
            );
            assert_eq!(target.state(), State::OnPending);
            let entry = Entry {
                address: Ipa(0x2000),
                context: 42,
                aarch32: false,
                thumb: false,
                big_endian: true,
            };
            assert_eq!(
                owners[1].next(),
                Outcome::Enter {
                    entry,
                    ended: Wait::Off
                }
            );
            assert_eq!(
                owners[1].next(),
                Outcome::Run,
                "an entry is handed out once"
            );
            assert_eq!((vm.on_count(), owners[1].state()), (2, State::On));
        },
    );
}

#[test]
fn waits_end_by_a_wake() {
    with_vm(
        |config| config,
        |_, mut owners| {
            let standby = ask64(&mut owners[0], Function::CpuSuspend, [0; 3]);
            assert_eq!(
                standby,
                Outcome::Wait {
                    why: Wait::Standby,
                    request: None
                }
            );
            assert_eq!(standby.mp_state(), MpState::Suspended);
            assert!(owners[0].wake());
            assert!(!owners[0].wake(), "it was woken already");
            assert_eq!(owners[0].next(), returned(0, Wait::Standby));

            let powerdown = ask64(&mut owners[0], Function::CpuSuspend, [0x10000, 0x3000, 7]);
            assert_eq!(
                powerdown,
                Outcome::Wait {
                    why: Wait::Powerdown,
                    request: None
                }
            );
            assert_eq!(owners[0].state(), State::Powerdown);
            assert_eq!(owners[0].state().name(), Some("powerdown"));
            owners[0].vcpu().wake();
            match owners[0].next() {
                Outcome::Enter {
                    entry,
                    ended: Wait::Powerdown,
                } => {
                    assert_eq!((entry.address, entry.context), (Ipa(0x3000), 7));
                }
                other => panic!("{other:?}"),
            }
        },
    );
}

#[test]
fn off_and_frozen() {
    with_vm(
        |config| config,
        |vm, mut owners| {
            assert_eq!(
                owners[1].next(),
                Outcome::Wait {
                    why: Wait::Off,
                    request: None
                }
            );
            assert_eq!(owners[1].next().mp_state(), MpState::Stopped);
            let frozen = ask32(&mut owners[0], Function::CpuFreeze, [0; 3]);
            assert_eq!(
                frozen,
                Outcome::Wait {
                    why: Wait::Frozen,
                    request: None
                }
            );
            assert_eq!(vm.on_count(), 0);
        },
    );
}

#[test]
fn system_suspend_is_a_request() {
    with_vm(
        |config| config,
        |_, mut owners| {
            let outcome = ask64(&mut owners[0], Function::SystemSuspend, [0x3000, 7, 0]);
            let request = request_of(outcome, Wait::Answer);
            assert_eq!(
                request.what,
                Ask::SystemSuspend {
                    entry: Ipa(0x3000),
                    context: 7
                }
            );
            assert_eq!(request.vcpu, owners[0].vcpu());
            assert_eq!(owners[0].pending_request(), Some(request));

            request.answer(ResultCode::Denied).unwrap();
            assert_eq!(request.answer(ResultCode::Denied), Err(Error::State));
            assert_eq!(owners[0].pending_request(), None);
            assert_eq!(
                owners[0].next(),
                returned(ResultCode::Denied.to_x0(), Wait::Answer)
            );

            let outcome = ask64(&mut owners[0], Function::SystemSuspend, [0x3000, 7, 0]);
            request_of(outcome, Wait::Answer)
                .answer(ResultCode::Success)
                .unwrap();
            assert_eq!(
                owners[0].next(),
                Outcome::Wait {
                    why: Wait::Suspended,
                    request: None
                }
            );
            assert!(owners[0].wake());
            assert!(matches!(
                owners[0].next(),
                Outcome::Enter {
                    ended: Wait::Suspended,
                    ..
                }
            ));
        },
    );
}

#[test]
fn cpu_on_and_migrate_are_requests() {
    with_vm(
        |config| {
            config
                .options(Options::ASK_CPU_ON)
                .trusted_os(TrustedOs::Migratable { vcpu: 0 })
        },
        |vm, mut owners| {
            let (first, second) = (vm.vcpu(0).unwrap(), vm.vcpu(1).unwrap());
            let outcome = ask64(&mut owners[0], Function::CpuOn, [1, 0x2000, 42]);
            let request = request_of(outcome, Wait::Answer);
            let (entry, context) = (Ipa(0x2000), 42);
            assert_eq!(
                request.what,
                Ask::CpuOn {
                    target: second,
                    entry,
                    context
                }
            );
            assert_eq!(
                (first.state(), second.state()),
                (State::Asking, State::Starting)
            );
            assert_eq!(
                owners[1].next(),
                Outcome::Wait {
                    why: Wait::Starting,
                    request: None
                }
            );
            request.answer(ResultCode::Success).unwrap();
            assert_eq!(owners[0].next(), returned(0, Wait::Answer));
            assert!(matches!(
                owners[1].next(),
                Outcome::Enter {
                    ended: Wait::Off,
                    ..
                }
            ));

            let outcome = ask64(&mut owners[0], Function::Migrate, [1, 0, 0]);
            let request = request_of(outcome, Wait::Answer);
            assert_eq!(request.what, Ask::Migrate { target: second });
        },
    );
}

#[test]
fn system_requests_stop_all() {
    let cases: [(Function, [u64; 3], Ask); 4] = [
        (Function::SystemOff, [0; 3], Ask::SystemOff),
        (Function::SystemReset, [0; 3], Ask::SystemReset),
        (Function::SystemReset2, [0x8000_0001, 9, 0], {
            Ask::SystemReset2 {
                reset_type: 0x8000_0001,
                cookie: 9,
            }
        }),
        (
            Function::SystemOff2,
            [1, 0, 0],
            Ask::SystemOff2 { off_type: 1 },
        ),
    ];
    for (function, args, what) in cases {
        with_vm(
            |config| config,
            |vm, mut owners| {
                let request = request_of(ask32(&mut owners[0], function, args), Wait::Stopped);
                assert_eq!(request.what, what);
                assert_eq!(vm.system(), System::Stopping);
                assert_eq!(
                    owners[1].next(),
                    Outcome::Wait {
                        why: Wait::Stopped,
                        request: None
                    }
                );
                assert_eq!(request.answer(ResultCode::Unknown(1)), Err(Error::Argument));
                request.answer(ResultCode::Success).unwrap();
                assert_eq!(vm.system(), System::Stopped);
                assert_eq!(
                    owners[0].next(),
                    Outcome::Wait {
                        why: Wait::Stopped,
                        request: None
                    }
                );
            },
        );
    }
}

#[test]
fn the_host_sets_mp_states() {
    with_vm(
        |config| config,
        |_, mut owners| {
            owners[0].set_mp_state(MpState::Suspended).unwrap();
            assert_eq!(
                owners[0].next(),
                Outcome::Wait {
                    why: Wait::Held,
                    request: None
                }
            );
            assert_eq!(owners[0].mp_state(), MpState::Suspended);
            owners[0].set_mp_state(MpState::Runnable).unwrap();
            owners[2].set_mp_state(MpState::Runnable).unwrap();
            assert_eq!(owners[2].next(), Outcome::Run);
            assert_eq!(
                owners[2].set_mp_state(MpState::Unknown(3)),
                Err(Error::Argument)
            );
        },
    );
}

#[test]
fn a_vm_says_how_calls_are_read() {
    with_vm(
        |config| config,
        |vm, _| {
            let cpu_on = vm.describe_function(Function::CpuOn.id64());
            assert!(cpu_on.is_known && cpu_on.starts_core && !cpu_on.by_power_state);
            assert_eq!(cpu_on.arguments, 3);
            assert!(!vm.describe_function(0x8600_ff01).is_known);
            assert!(vm.needs_entry(0x10000) && !vm.needs_entry(0));
            let mpidrs: Vec<_> = vm.vcpus().map(|vcpu| vcpu.mpidr()).collect();
            assert_eq!(mpidrs, NAMES);
            assert_eq!(vm.find(Mpidr(2)), None);
            assert_eq!(vm.vcpu(3), None);
            vm.set_version(Version::PSCI_1_1).unwrap();
            assert_eq!(vm.version().to_string(), "1.1");
            assert_eq!(vm.set_version(Version(0x20000)), Err(Error::Version));
        },
    );
}

#[test]
fn wrong_descriptions_are_refused() {
    const CORE: u32 = 0x10001;
    const CLUSTER: u32 = 0x1010011;
    use vpsci::Local::Off;

    fn attempt(
        describe: fn(Config<'static, 'static>) -> Config<'static, 'static>,
    ) -> Option<Error> {
        let memory = Vec::leak(vec![Block::NEW; Config::new(&NAMES).blocks()]);
        Vm::init(memory, describe(Config::new(&NAMES))).err()
    }
    let states = [
        PowerState::core(CORE, Off),
        PowerState::domain(CLUSTER, 1, Off, 0),
    ];
    let unsound = [
        PowerState::domain(CLUSTER, 1, Off, 1),
        PowerState::core(CORE, Off),
    ];

    assert_eq!(attempt(|config| config), None);
    assert_eq!(attempt(|config| config.states(&[])), Some(Error::Argument));
    assert_eq!(attempt(|config| config.boot_vcpu(3)), Some(Error::Argument));
    assert_eq!(
        attempt(|config| config.version(Version(7))),
        Some(Error::Version)
    );
    assert_eq!(
        attempt(|config| config.domains(1, &[0, 0])),
        Some(Error::Argument)
    );
    assert_eq!(
        attempt(|config| config.domains(0, &[0, 0, 2])),
        Some(Error::Argument)
    );
    assert_eq!(
        attempt(|config| config.domains(4, &[0, 0, 2])),
        Some(Error::Argument)
    );
    assert_eq!(
        attempt(|config| config.domains(1, &[0, 0, 9])),
        Some(Error::States)
    );
    assert_eq!(attempt(|config| config.domains(1, &[0, 0, 2])), None);
    assert_eq!(
        attempt(|config| config.statistics(&mut [])),
        Some(Error::Memory)
    );

    let make = |states| {
        let config = Config::new(&NAMES).states(states);
        let mut memory = vec![Block::NEW; config.blocks()];
        Vm::init(&mut memory, config).err()
    };
    assert_eq!(make(&states), None);
    assert_eq!(make(&unsound), Some(Error::States));

    let config = Config::new(&NAMES);
    let mut small = vec![Block::NEW; config.blocks() - 1];
    assert_eq!(Vm::init(&mut small, config).err(), Some(Error::Memory));
    assert_eq!(Config::new(&[]).blocks(), 0);
    assert_eq!(
        Vm::init(&mut small, Config::new(&[])).err(),
        Some(Error::Argument)
    );
    let twice = [Mpidr(1), Mpidr(1)];
    assert_eq!(
        Vm::init(&mut small, Config::new(&twice)).err(),
        Some(Error::Mpidr)
    );
}

#[test]
fn numbers_without_names_stay() {
    assert_eq!(Error::from_number(-1000), Error::Unknown(-1000));
    assert_eq!(Error::Unknown(-1000).number(), -1000);
    assert_eq!(Error::Busy.to_string(), Error::from_number(-7).to_string());
    assert!(!Error::Unknown(-1000).to_string().is_empty());
    assert_eq!(
        ResultCode::from_x0(0xffff_fffe),
        ResultCode::InvalidParameters
    ); // SMC32
    assert_eq!(ResultCode::from_x0(u64::MAX), ResultCode::NotSupported);
    assert_eq!(ResultCode::from_x0(5), ResultCode::Unknown(5));
    assert_eq!(Wait::Unknown(99).name(), None);
    assert_eq!(Function::from_number(0x15), Function::SystemOff2);
    assert_eq!(vpsci::function_name(Function::CpuOn.id32()), Some("CPU_ON"));
    assert_eq!(
        vpsci::result_name(Function::CpuOn.id32(), u64::MAX - 2),
        Some("DENIED")
    );
    assert_eq!(vpsci::result_name(Function::Version.id32(), 0x10003), None);
}
