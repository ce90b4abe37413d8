// SPDX-License-Identifier: BSD-2-Clause
#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(feature = "alloc")]
mod boxed;
mod config;
mod memory;
mod numbers;
mod ops;
mod outcome;
mod text;
mod vcpu;
mod vm;

pub use vpsci_sys as sys;

pub use config::{Config, Local, PowerState, TrustedOs};
pub use memory::{Block, BLOCK_SIZE};
pub use numbers::{
    Capabilities, Error, Function, Ipa, MpState, Mpidr, Options, ResultCode, State, System,
    Version, Wait,
};
pub use ops::Ops;
pub use outcome::{Ask, Entry, Outcome, Request};
pub use text::{function_name, library_version, result_name};
pub use vcpu::{GuestCall, Owner, Owners, Vcpu};
pub use vm::{FunctionInfo, Vm};
