// SPDX-License-Identifier: BSD-2-Clause
//! Bindings to libvpsci: what its headers `vpsci/vpsci.h` and `vpsci/abi.h` declare, under the
//! same names. The headers are the manual; this package has them in `libvpsci/include/`. The crate
//! `vpsci` is a safe interface to all of it.
//!
//! By default the build compiles libvpsci, whose sources are in this package, with the C compiler
//! `CC`, or `cc`. With `VPSCI_SYS_USE_PKG_CONFIG=1` in the environment it links the installed
//! libvpsci that pkg-config finds.
#![no_std]
#![allow(non_camel_case_types)]

use core::marker::{PhantomData, PhantomPinned};

pub use core::ffi::c_void;

// core::ffi has these only from Rust 1.64 on.
pub type c_int = i32;
pub type c_uint = u32;
/// A byte of a text that ends with a zero. Whether C's `char` has a sign does not matter for it.
pub type c_char = u8;

// ---- vpsci/abi.h ------------------------------------------------------------------------------

pub const VPSCI_FID_32: u32 = 0x84000000;
pub const VPSCI_FID_64: u32 = 0xc4000000;
pub const VPSCI_FID_COUNT: u32 = 0x20;
pub const VPSCI_FID_BIT_FAST: u32 = 0x80000000;
pub const VPSCI_FID_BIT_64: u32 = 0x40000000;
pub const VPSCI_FID_BIT_HINT: u32 = 0x00010000;
pub const VPSCI_FID_SMCCC_VERSION: u32 = 0x80000000;
pub const VPSCI_FID_SMCCC_ARCH_FEATURES: u32 = 0x80000001;
pub const VPSCI_FID_0_1_KVM: u32 = 0x95c1ba5e;

pub type vpsci_id_0_1 = c_uint;
pub const VPSCI_ID_0_1_CPU_SUSPEND: vpsci_id_0_1 = 0;
pub const VPSCI_ID_0_1_CPU_OFF: vpsci_id_0_1 = 1;
pub const VPSCI_ID_0_1_CPU_ON: vpsci_id_0_1 = 2;
pub const VPSCI_ID_0_1_MIGRATE: vpsci_id_0_1 = 3;
pub const VPSCI_ID_0_1_COUNT: vpsci_id_0_1 = 4;

pub type vpsci_function = c_uint;
pub const VPSCI_FN_VERSION: vpsci_function = 0x00;
pub const VPSCI_FN_CPU_SUSPEND: vpsci_function = 0x01;
pub const VPSCI_FN_CPU_OFF: vpsci_function = 0x02;
pub const VPSCI_FN_CPU_ON: vpsci_function = 0x03;
pub const VPSCI_FN_AFFINITY_INFO: vpsci_function = 0x04;
pub const VPSCI_FN_MIGRATE: vpsci_function = 0x05;
pub const VPSCI_FN_MIGRATE_INFO_TYPE: vpsci_function = 0x06;
pub const VPSCI_FN_MIGRATE_INFO_UP_CPU: vpsci_function = 0x07;
pub const VPSCI_FN_SYSTEM_OFF: vpsci_function = 0x08;
pub const VPSCI_FN_SYSTEM_RESET: vpsci_function = 0x09;
pub const VPSCI_FN_FEATURES: vpsci_function = 0x0a;
pub const VPSCI_FN_CPU_FREEZE: vpsci_function = 0x0b;
pub const VPSCI_FN_CPU_DEFAULT_SUSPEND: vpsci_function = 0x0c;
pub const VPSCI_FN_NODE_HW_STATE: vpsci_function = 0x0d;
pub const VPSCI_FN_SYSTEM_SUSPEND: vpsci_function = 0x0e;
pub const VPSCI_FN_SET_SUSPEND_MODE: vpsci_function = 0x0f;
pub const VPSCI_FN_STAT_RESIDENCY: vpsci_function = 0x10;
pub const VPSCI_FN_STAT_COUNT: vpsci_function = 0x11;
pub const VPSCI_FN_SYSTEM_RESET2: vpsci_function = 0x12;
pub const VPSCI_FN_MEM_PROTECT: vpsci_function = 0x13;
pub const VPSCI_FN_MEM_PROTECT_CHECK_RANGE: vpsci_function = 0x14;
pub const VPSCI_FN_SYSTEM_OFF2: vpsci_function = 0x15;

pub type vpsci_result = c_int;
pub const VPSCI_SUCCESS: vpsci_result = 0;
pub const VPSCI_NOT_SUPPORTED: vpsci_result = -1;
pub const VPSCI_INVALID_PARAMETERS: vpsci_result = -2;
pub const VPSCI_DENIED: vpsci_result = -3;
pub const VPSCI_ALREADY_ON: vpsci_result = -4;
pub const VPSCI_ON_PENDING: vpsci_result = -5;
pub const VPSCI_INTERNAL_FAILURE: vpsci_result = -6;
pub const VPSCI_NOT_PRESENT: vpsci_result = -7;
pub const VPSCI_DISABLED: vpsci_result = -8;
pub const VPSCI_INVALID_ADDRESS: vpsci_result = -9;

pub type vpsci_affinity = c_uint;
pub const VPSCI_AFFINITY_ON: vpsci_affinity = 0;
pub const VPSCI_AFFINITY_OFF: vpsci_affinity = 1;
pub const VPSCI_AFFINITY_ON_PENDING: vpsci_affinity = 2;

pub type vpsci_migrate_type = c_uint;
pub const VPSCI_MIGRATE_TYPE_UP_CAPABLE: vpsci_migrate_type = 0;
pub const VPSCI_MIGRATE_TYPE_UP_INCAPABLE: vpsci_migrate_type = 1;
pub const VPSCI_MIGRATE_TYPE_NOT_NEEDED: vpsci_migrate_type = 2;

pub type vpsci_hw_state = c_uint;
pub const VPSCI_HW_ON: vpsci_hw_state = 0;
pub const VPSCI_HW_OFF: vpsci_hw_state = 1;
pub const VPSCI_HW_STANDBY: vpsci_hw_state = 2;

pub const VPSCI_FEATURE_OS_INITIATED: u32 = 0x1;
pub const VPSCI_FEATURE_EXTENDED_STATE: u32 = 0x2;
pub const VPSCI_FEATURE_HIBERNATE_OFF: u32 = 0x1;
pub const VPSCI_MPIDR_MASK: u64 = 0xff00ffffff;
pub const VPSCI_STATE_TYPE_ORIGINAL: u32 = 0x00010000;
pub const VPSCI_STATE_RESERVED_ORIGINAL: u32 = 0xfcfe0000;
pub const VPSCI_STATE_LEVEL_SHIFT_ORIGINAL: u32 = 24;
pub const VPSCI_STATE_TYPE_EXTENDED: u32 = 0x40000000;
pub const VPSCI_STATE_RESERVED_EXTENDED: u32 = 0xb0000000;

pub type vpsci_suspend_mode = c_uint;
pub const VPSCI_SUSPEND_MODE_PLATFORM_COORDINATED: vpsci_suspend_mode = 0;
pub const VPSCI_SUSPEND_MODE_OS_INITIATED: vpsci_suspend_mode = 1;

pub const VPSCI_RESET2_WARM: u32 = 0x0;
pub const VPSCI_RESET2_VENDOR: u32 = 0x80000000;
pub const VPSCI_OFF2_HIBERNATE_OFF: u32 = 0x1;
pub const VPSCI_VERSION_0_1: u32 = 0x00000001;
pub const VPSCI_VERSION_0_2: u32 = 0x00000002;
pub const VPSCI_VERSION_1_0: u32 = 0x00010000;
pub const VPSCI_VERSION_1_1: u32 = 0x00010001;
pub const VPSCI_VERSION_1_2: u32 = 0x00010002;
pub const VPSCI_VERSION_1_3: u32 = 0x00010003;
pub const VPSCI_VERSION_NEWEST: u32 = VPSCI_VERSION_1_3;
pub const VPSCI_SMCCC_1_0: u32 = 0x00010000;
pub const VPSCI_SMCCC_1_1: u32 = 0x00010001;
pub const VPSCI_SMCCC_1_3: u32 = 0x00010003;
pub const VPSCI_SMCCC_1_5: u32 = 0x00010005;
// ---- vpsci/vpsci.h ----------------------------------------------------------------------------

pub const VPSCI_LIBRARY_MAJOR: u32 = 1;
pub const VPSCI_LIBRARY_MINOR: u32 = 0;
pub const VPSCI_LIBRARY_PATCH: u32 = 0;
pub const VPSCI_LIBRARY_VERSION: u32 =
    VPSCI_LIBRARY_MAJOR << 16 | VPSCI_LIBRARY_MINOR << 8 | VPSCI_LIBRARY_PATCH;
pub const VPSCI_LIBRARY_TEXT: &str = "1.0.0";

pub type vpsci_limit = c_uint;
pub const VPSCI_VCPU_MAX: vpsci_limit = 4096;
pub const VPSCI_ALIGNMENT: vpsci_limit = 64;
pub const VPSCI_NO_STATE: vpsci_limit = 0xff;
pub const VPSCI_STATE_MAX: vpsci_limit = 64;
pub const VPSCI_LEVEL_MAX: vpsci_limit = 3;

pub type vpsci_error = c_int;
pub const VPSCI_E_ARGUMENT: vpsci_error = -1;
pub const VPSCI_E_MEMORY: vpsci_error = -2;
pub const VPSCI_E_MPIDR: vpsci_error = -3;
pub const VPSCI_E_STATES: vpsci_error = -4;
pub const VPSCI_E_VERSION: vpsci_error = -5;
pub const VPSCI_E_STATE: vpsci_error = -6;
pub const VPSCI_E_BUSY: vpsci_error = -7;
pub const VPSCI_E_TRUNCATED: vpsci_error = -8;
pub const VPSCI_E_MAGIC: vpsci_error = -9;
pub const VPSCI_E_NEWER: vpsci_error = -10;
pub const VPSCI_E_CHECKSUM: vpsci_error = -11;
pub const VPSCI_E_MISMATCH: vpsci_error = -12;
pub const VPSCI_E_IMPOSSIBLE: vpsci_error = -13;

pub type vpsci_capability = c_uint;
pub const VPSCI_CAP_SYSTEM_SUSPEND: vpsci_capability = 1 << 0;
pub const VPSCI_CAP_SYSTEM_RESET2: vpsci_capability = 1 << 1;
pub const VPSCI_CAP_VENDOR_RESET: vpsci_capability = 1 << 2;
pub const VPSCI_CAP_SYSTEM_OFF2: vpsci_capability = 1 << 3;
pub const VPSCI_CAP_OS_INITIATED: vpsci_capability = 1 << 4;
pub const VPSCI_CAP_CPU_FREEZE: vpsci_capability = 1 << 5;
pub const VPSCI_CAP_CPU_DEFAULT_SUSPEND: vpsci_capability = 1 << 6;
pub const VPSCI_CAP_NODE_HW_STATE: vpsci_capability = 1 << 7;
pub const VPSCI_CAP_STATISTICS: vpsci_capability = 1 << 8;
pub const VPSCI_CAP_MEM_PROTECT: vpsci_capability = 1 << 9;

pub type vpsci_option = c_uint;
pub const VPSCI_OPTION_EXTENDED_STATE: vpsci_option = 1 << 0;
pub const VPSCI_OPTION_ASK_CPU_ON: vpsci_option = 1 << 1;
pub const VPSCI_OPTION_NO_ON_PENDING: vpsci_option = 1 << 2;

pub type vpsci_trusted_os = c_uint;
pub const VPSCI_TRUSTED_OS_NONE: vpsci_trusted_os = 0;
pub const VPSCI_TRUSTED_OS_MULTIPROCESSOR: vpsci_trusted_os = 1;
pub const VPSCI_TRUSTED_OS_MIGRATABLE: vpsci_trusted_os = 2;
pub const VPSCI_TRUSTED_OS_FIXED: vpsci_trusted_os = 3;

pub type vpsci_action = c_uint;
pub const VPSCI_RUN: vpsci_action = 0;
pub const VPSCI_RETURN: vpsci_action = 1;
pub const VPSCI_ENTER: vpsci_action = 2;
pub const VPSCI_WAIT: vpsci_action = 3;
pub const VPSCI_FOREIGN: vpsci_action = 4;

pub type vpsci_wait = c_uint;
pub const VPSCI_WAIT_NOT: vpsci_wait = 0;
pub const VPSCI_WAIT_OFF: vpsci_wait = 1;
pub const VPSCI_WAIT_FROZEN: vpsci_wait = 2;
pub const VPSCI_WAIT_STARTING: vpsci_wait = 3;
pub const VPSCI_WAIT_STANDBY: vpsci_wait = 4;
pub const VPSCI_WAIT_POWERDOWN: vpsci_wait = 5;
pub const VPSCI_WAIT_SUSPENDED: vpsci_wait = 6;
pub const VPSCI_WAIT_HELD: vpsci_wait = 7;
pub const VPSCI_WAIT_ANSWER: vpsci_wait = 8;
pub const VPSCI_WAIT_STOPPED: vpsci_wait = 9;

pub type vpsci_state = c_uint;
pub const VPSCI_STATE_OFF: vpsci_state = 0;
pub const VPSCI_STATE_FROZEN: vpsci_state = 1;
pub const VPSCI_STATE_STARTING: vpsci_state = 2;
pub const VPSCI_STATE_ON_PENDING: vpsci_state = 3;
pub const VPSCI_STATE_ON: vpsci_state = 4;
pub const VPSCI_STATE_STANDBY: vpsci_state = 5;
pub const VPSCI_STATE_POWERDOWN: vpsci_state = 6;
pub const VPSCI_STATE_SUSPEND_REQUESTED: vpsci_state = 7;
pub const VPSCI_STATE_SUSPENDED: vpsci_state = 8;
pub const VPSCI_STATE_HELD: vpsci_state = 9;
pub const VPSCI_STATE_ASKING: vpsci_state = 10;

pub type vpsci_system = c_uint;
pub const VPSCI_SYSTEM_RUNNING: vpsci_system = 0;
pub const VPSCI_SYSTEM_STOPPING: vpsci_system = 1;
pub const VPSCI_SYSTEM_STOPPED: vpsci_system = 2;

pub type vpsci_mp_state = c_uint;
pub const VPSCI_MP_RUNNABLE: vpsci_mp_state = 0;
pub const VPSCI_MP_STOPPED: vpsci_mp_state = 5;
pub const VPSCI_MP_SUSPENDED: vpsci_mp_state = 10;

/// One virtual machine.
#[repr(C)]
pub struct vpsci_vm {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

/// One vCPU of a virtual machine.
#[repr(C)]
pub struct vpsci_vcpu {
    _opaque: [u8; 0],
    _neither_send_nor_sync: PhantomData<(*mut u8, PhantomPinned)>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_ipa {
    pub value: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_mpidr {
    pub value: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_power_state {
    pub value: u32,
    pub level: u8,
    pub local: u8,
    pub below: u8,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_ops {
    pub entry_is_valid: Option<unsafe extern "C" fn(host: *mut c_void, address: vpsci_ipa) -> bool>,
    pub range_is_protected:
        Option<unsafe extern "C" fn(host: *mut c_void, base: vpsci_ipa, length: u64) -> bool>,
    pub now: Option<unsafe extern "C" fn(host: *mut c_void) -> u64>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_config {
    pub size: usize,
    pub vcpu_count: u32,
    pub mpidrs: *const vpsci_mpidr,
    pub boot_vcpu: u32,
    pub version: u32,
    pub smccc_version: u32,
    pub capabilities: u32,
    pub options: u32,
    pub ids_0_1: [u32; VPSCI_ID_0_1_COUNT as usize],
    pub states: *const vpsci_power_state,
    pub state_count: u32,
    pub domains: [*const u16; VPSCI_LEVEL_MAX as usize],
    pub trusted_os: vpsci_trusted_os,
    pub trusted_os_vcpu: u32,
    pub statistics: *mut c_void,
    pub statistics_size: usize,
    pub ops: *const vpsci_ops,
    pub host: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_guest_call {
    pub function: u64,
    pub args: [u64; 3],
    pub aarch32: bool,
    pub big_endian: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_request {
    pub pending: bool,
    pub function: vpsci_function,
    pub vcpu: *mut vpsci_vcpu,
    pub target: *mut vpsci_vcpu,
    pub entry: vpsci_ipa,
    pub context: u64,
    pub r#type: u32,
    pub cookie: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_entry {
    pub address: vpsci_ipa,
    pub context: u64,
    pub aarch32: bool,
    pub thumb: bool,
    pub big_endian: bool,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_outcome {
    pub action: vpsci_action,
    pub wait: vpsci_wait,
    pub ended: vpsci_wait,
    pub x0: u64,
    pub entry: vpsci_entry,
    pub start: *mut vpsci_vcpu,
    pub request: vpsci_request,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct vpsci_function_info {
    pub arguments: u8,
    pub starts_core: bool,
    pub by_power_state: bool,
}

extern "C" {
    pub fn vpsci_size(config: *const vpsci_config) -> usize;
    pub fn vpsci_statistics_size(vcpu_count: u32, state_count: u32) -> usize;
    pub fn vpsci_init(
        memory: *mut c_void,
        size: usize,
        config: *const vpsci_config,
        vm: *mut *mut vpsci_vm,
    ) -> c_int;
    pub fn vpsci_reset(vm: *mut vpsci_vm);
    pub fn vpsci_vcpu_at(vm: *mut vpsci_vm, index: u32) -> *mut vpsci_vcpu;
    pub fn vpsci_find(vm: *mut vpsci_vm, mpidr: vpsci_mpidr) -> *mut vpsci_vcpu;
    pub fn vpsci_vcpu_index(vcpu: *const vpsci_vcpu) -> u32;
    pub fn vpsci_vcpu_mpidr(vcpu: *const vpsci_vcpu) -> vpsci_mpidr;
    pub fn vpsci_version(vm: *const vpsci_vm) -> u32;
    pub fn vpsci_version_set(vm: *mut vpsci_vm, version: u32) -> c_int;
    pub fn vpsci_call(
        vcpu: *mut vpsci_vcpu,
        call: *const vpsci_guest_call,
        out: *mut vpsci_outcome,
    );
    pub fn vpsci_describe_function(
        vm: *const vpsci_vm,
        function: u32,
        info: *mut vpsci_function_info,
    ) -> bool;
    pub fn vpsci_needs_entry(vm: *const vpsci_vm, power_state: u32) -> bool;
    pub fn vpsci_next(vcpu: *mut vpsci_vcpu, out: *mut vpsci_outcome);
    pub fn vpsci_wake(vcpu: *mut vpsci_vcpu) -> bool;
    pub fn vpsci_answer(vcpu: *mut vpsci_vcpu, result: vpsci_result) -> c_int;
    pub fn vpsci_pending_request(vcpu: *mut vpsci_vcpu, request: *mut vpsci_request) -> bool;
    pub fn vpsci_vcpu_state(vcpu: *const vpsci_vcpu) -> vpsci_state;
    pub fn vpsci_system_state(vm: *const vpsci_vm) -> vpsci_system;
    pub fn vpsci_on_count(vm: *const vpsci_vm) -> u32;
    pub fn vpsci_mem_protect(vm: *const vpsci_vm) -> bool;
    pub fn vpsci_outcome_mp_state(outcome: *const vpsci_outcome) -> vpsci_mp_state;
    pub fn vpsci_mp_state_get(vcpu: *const vpsci_vcpu) -> vpsci_mp_state;
    pub fn vpsci_mp_state_set(vcpu: *mut vpsci_vcpu, state: vpsci_mp_state) -> c_int;
    pub fn vpsci_save_size(vm: *const vpsci_vm) -> usize;
    pub fn vpsci_save(vm: *const vpsci_vm, buffer: *mut c_void, size: usize) -> isize;
    pub fn vpsci_restore(vm: *mut vpsci_vm, record: *const c_void, size: usize) -> c_int;
    pub fn vpsci_error_text(error: c_int) -> *const c_char;
    pub fn vpsci_library_version() -> u32;
    pub fn vpsci_function_name(id: u32) -> *const c_char;
    pub fn vpsci_result_name(id: u32, result: i64) -> *const c_char;
    pub fn vpsci_action_name(action: vpsci_action) -> *const c_char;
    pub fn vpsci_wait_name(wait: vpsci_wait) -> *const c_char;
    pub fn vpsci_state_name(state: vpsci_state) -> *const c_char;
    pub fn vpsci_system_name(system: vpsci_system) -> *const c_char;
}
