// SPDX-License-Identifier: BSD-2-Clause
//! The description of a VM.
use core::marker::PhantomData;
use core::mem;
use core::ptr;

use crate::memory::{Block, BLOCK_SIZE};
use crate::ops::{Ops, Table};
use crate::{sys, Capabilities, Mpidr, Options, Version};

/// One low-power state that CPU_SUSPEND accepts.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct PowerState(sys::vpsci_power_state);

/// What a power domain does in a low-power state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// It keeps its context.
    Standby,
    /// It loses its context.
    Off,
}

impl PowerState {
    /// A state of a core alone. `value` is what a guest passes as `power_state`, all of it.
    pub const fn core(value: u32, local: Local) -> Self {
        Self::new(value, 0, local, sys::VPSCI_NO_STATE as u8)
    }

    /// A state of a domain of `level` 1 to 3. `below` is the index of an earlier entry of the table
    /// that says what happens beneath.
    pub const fn domain(value: u32, level: u8, local: Local, below: u8) -> Self {
        Self::new(value, level, local, below)
    }

    const fn new(value: u32, level: u8, local: Local, below: u8) -> Self {
        let local = match local {
            Local::Standby => sys::VPSCI_HW_STANDBY,
            Local::Off => sys::VPSCI_HW_OFF,
        };
        Self(sys::vpsci_power_state {
            value,
            level,
            local: local as u8,
            below,
        })
    }
}

/// What the guest is told of a Trusted OS beside it. `vcpu` is an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedOs {
    None,
    /// One that runs on all cores: the same to the guest.
    Multiprocessor,
    /// It lives on one core, and MIGRATE becomes a request.
    Migratable {
        vcpu: u32,
    },
    /// It lives on one core, and MIGRATE is DENIED.
    Fixed {
        vcpu: u32,
    },
}

/// The description of a VM. What is not set is off, or has the default that the C header names.
///
/// The VM keeps what lives for `'m`. What lives for `'c` is read only when the VM is made.
pub struct Config<'c, 'm> {
    pub(crate) raw: sys::vpsci_config,
    /// No slice has a wrong length. The C interface sees only pointers.
    lengths_agree: bool,
    _read_once: PhantomData<&'c [Mpidr]>,
    _kept: PhantomData<&'m mut [Block]>,
}

/// How many there are, for the library, which accepts no number that is too large.
fn count<T>(slice: &[T]) -> u32 {
    u32::try_from(slice.len()).unwrap_or(u32::MAX)
}

impl<'c, 'm> Config<'c, 'm> {
    /// A VM with one vCPU for each name, all different, in any layout. The first is on at the
    /// start.
    pub fn new(mpidrs: &'c [Mpidr]) -> Self {
        Self {
            raw: sys::vpsci_config {
                size: mem::size_of::<sys::vpsci_config>(),
                vcpu_count: count(mpidrs),
                mpidrs: mpidrs.as_ptr().cast(),
                boot_vcpu: 0,
                version: 0,
                smccc_version: 0,
                capabilities: 0,
                options: 0,
                ids_0_1: [0; sys::VPSCI_ID_0_1_COUNT as usize],
                states: ptr::null(),
                state_count: 0,
                domains: [ptr::null(); sys::VPSCI_LEVEL_MAX as usize],
                trusted_os: sys::VPSCI_TRUSTED_OS_NONE,
                trusted_os_vcpu: 0,
                statistics: ptr::null_mut(),
                statistics_size: 0,
                ops: ptr::null(),
                host: ptr::null_mut(),
            },
            lengths_agree: true,
            _read_once: PhantomData,
            _kept: PhantomData,
        }
    }

    /// The vCPU that is on at the start and after a reset, as an index.
    pub fn boot_vcpu(mut self, index: u32) -> Self {
        self.raw.boot_vcpu = index;
        self
    }

    /// The version of PSCI; without this the newest.
    pub fn version(mut self, version: Version) -> Self {
        self.raw.version = version.0;
        self
    }

    /// The version of the SMC calling convention; without this 1.1.
    pub fn smccc_version(mut self, version: Version) -> Self {
        self.raw.smccc_version = version.0;
        self
    }

    /// What the VM offers beyond the mandatory functions.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.raw.capabilities = capabilities.bits();
        self
    }

    /// How the VM behaves where the specification leaves a choice.
    pub fn options(mut self, options: Options) -> Self {
        self.raw.options = options.bits();
        self
    }

    /// IDs of CPU_SUSPEND, CPU_OFF, CPU_ON and MIGRATE for version 0.1; without this those of KVM.
    pub fn ids_0_1(mut self, ids: [u32; 4]) -> Self {
        self.raw.ids_0_1 = ids;
        self
    }

    /// The low-power states, shallow ones first, up to 64. Without this a standby and a powerdown
    /// state of the core.
    pub fn states(mut self, states: &'m [PowerState]) -> Self {
        self.raw.states = states.as_ptr().cast();
        self.raw.state_count = count(states);
        self
    }

    /// The power domains of a level, 1 to 3: for each vCPU the lowest index of the vCPUs that share
    /// its domain. Without this, domains of that level follow the affinity fields.
    pub fn domains(mut self, level: usize, firsts: &'c [u16]) -> Self {
        match self.raw.domains.get_mut(level.wrapping_sub(1)) {
            Some(domains) if count(firsts) == self.raw.vcpu_count => *domains = firsts.as_ptr(),
            _ => self.lengths_agree = false,
        }
        self
    }

    /// What the guest is told of a Trusted OS; without this that there is none.
    pub fn trusted_os(mut self, trusted_os: TrustedOs) -> Self {
        (self.raw.trusted_os, self.raw.trusted_os_vcpu) = match trusted_os {
            TrustedOs::None => (sys::VPSCI_TRUSTED_OS_NONE, 0),
            TrustedOs::Multiprocessor => (sys::VPSCI_TRUSTED_OS_MULTIPROCESSOR, 0),
            TrustedOs::Migratable { vcpu } => (sys::VPSCI_TRUSTED_OS_MIGRATABLE, vcpu),
            TrustedOs::Fixed { vcpu } => (sys::VPSCI_TRUSTED_OS_FIXED, vcpu),
        };
        self
    }

    /// Room for statistics: [`statistics_blocks`](Self::statistics_blocks).
    pub fn statistics(mut self, memory: &'m mut [Block]) -> Self {
        self.raw.statistics_size = mem::size_of_val(memory);
        self.raw.statistics = memory.as_mut_ptr().cast();
        self
    }

    /// Whom the library asks for what only the host knows.
    pub fn ops<O: Ops>(mut self, host: &'m O) -> Self {
        self.raw.ops = Table::<O>::TABLE;
        self.raw.host = host as *const O as *mut sys::c_void;
        self
    }

    /// How many blocks of memory the VM needs; 0 if the description is wrong.
    pub fn blocks(&self) -> usize {
        // SAFETY: `raw` is complete, and its table of states has as many entries as it says.
        unsafe { sys::vpsci_size(&self.raw) / BLOCK_SIZE }
    }

    /// How many blocks of memory its statistics need; 0 if the description is wrong. Say all else
    /// about the VM first.
    pub fn statistics_blocks(&self) -> usize {
        const DEFAULT_STATES: u32 = 2;
        let states = if self.raw.states.is_null() {
            DEFAULT_STATES
        } else {
            self.raw.state_count
        };

        // SAFETY: the function takes any numbers.
        unsafe { sys::vpsci_statistics_size(self.raw.vcpu_count, states) / BLOCK_SIZE }
    }

    /// Whether all slices have as many elements as the library will read.
    pub(crate) fn lengths_agree(&self) -> bool {
        self.lengths_agree
    }
}
