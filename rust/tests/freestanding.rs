// SPDX-License-Identifier: BSD-2-Clause
//! A program without std, a C library or an allocator: one vCPU starts another, which then enters.
//! It ends with status 0 if all went well. It runs on Linux, which it asks only for its end.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn)]

use core::panic::PanicInfo;

use vpsci::{Block, Config, Function, GuestCall, Mpidr, Outcome, Vm};

#[cfg(target_arch = "x86_64")]
fn exit(status: u32) -> ! {
    // SAFETY: exit_group(2) does not return.
    unsafe { core::arch::asm!("syscall", in("eax") 231, in("edi") status, options(noreturn)) }
}

#[cfg(target_arch = "aarch64")]
fn exit(status: u32) -> ! {
    // SAFETY: exit_group(2) does not return.
    unsafe { core::arch::asm!("svc 0", in("w8") 94, in("w0") status, options(noreturn)) }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    exit(101)
}

/// The names by which core refers to the unwinding of stacks, which does not exist here.
#[no_mangle]
extern "C" fn rust_eh_personality() {}

#[no_mangle]
extern "C" fn _Unwind_Resume() -> ! {
    exit(102)
}

/// # Safety
/// The C contract.
#[no_mangle]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    for at in 0..count {
        // SAFETY: by the contract. Volatile, or the compiler would make a call of memset() of it.
        unsafe { to.add(at).write_volatile(byte as u8) };
    }
    to
}

/// # Safety
/// The C contract.
#[no_mangle]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    for at in 0..count {
        // SAFETY: as above.
        unsafe { to.add(at).write_volatile(from.add(at).read()) };
    }
    to
}

fn run() -> Option<u32> {
    let mut memory = [Block::NEW; 16];
    let mut vm = Vm::init(&mut memory, Config::new(&[Mpidr(0), Mpidr(1)])).ok()?;
    let (_, mut owners) = vm.owners();
    let (mut first, mut second) = (owners.next()?, owners.next()?);
    let function = Function::CpuOn.id64().into();
    match first.call(&GuestCall {
        function,
        args: [1, 0x2000, 42],
        ..Default::default()
    }) {
        Outcome::Return {
            x0: 0,
            start: Some(vcpu),
            ..
        } if vcpu == second.vcpu() => {}
        _ => return None,
    }
    match second.next() {
        Outcome::Enter { entry, .. } if entry.address.0 == 0x2000 && entry.context == 42 => Some(0),
        _ => None,
    }
}

#[no_mangle]
extern "C" fn freestanding_main() -> ! {
    exit(run().unwrap_or(1))
}

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(".globl _start", "_start: call freestanding_main");

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(".globl _start", "_start: bl freestanding_main");
