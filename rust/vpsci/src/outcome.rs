// SPDX-License-Identifier: BSD-2-Clause
//! What a vCPU is to do, and what the host is to decide.
use core::mem::MaybeUninit;
use core::ptr;

use crate::{sys, Error, Function, Ipa, MpState, ResultCode, Vcpu, Wait};

/// What a vCPU is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the vCPU has to do what it says"]
pub enum Outcome<'v> {
    /// Run the guest: its registers are as they should be.
    Run,
    /// Write x0, then run the guest.
    Return {
        x0: u64,
        /// The wait that has ended; `None` for the result of a call.
        ended: Option<Wait>,
        /// After a CPU_ON: kick this vCPU, it has been told to start.
        start: Option<Vcpu<'v>>,
    },
    /// Reset the vCPU, start it at `entry`.
    Enter {
        entry: Entry,
        /// The wait that has ended, which says which timers the vCPU has: after [`Wait::Off`] and
        /// [`Wait::Suspended`] as after a reset; after [`Wait::Powerdown`] they went on.
        ended: Wait,
    },
    /// Do not run. Ask again after a kick.
    Wait {
        why: Wait,
        /// What the host has to decide; `None` if there is nothing, or if it was decided meanwhile.
        request: Option<Request<'v>>,
    },
    /// As `Return` with NOT_SUPPORTED, which is `x0`; but the call is neither PSCI's nor one of the
    /// general calls, and a monitor that implements it may answer instead.
    Foreign { x0: u64 },
}

/// Where and how a vCPU starts: at the highest exception level that the guest has, MMU and caches
/// off, all exceptions masked, x0 the context ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub address: Ipa,
    pub context: u64,
    /// In AArch32 state, as the caller was.
    pub aarch32: bool,
    /// T32; bit 0 of the address given is already cleared.
    pub thumb: bool,
    /// As the caller was: SCTLR_ELx.EE, or CPSR.E.
    pub big_endian: bool,
}

impl Entry {
    fn from_raw(raw: &sys::vpsci_entry) -> Self {
        Self {
            address: Ipa(raw.address.value),
            context: raw.context,
            aarch32: raw.aarch32,
            thumb: raw.thumb,
            big_endian: raw.big_endian,
        }
    }
}

impl<'v> Outcome<'v> {
    /// Reads only what is defined for the action: the library leaves the rest as it was.
    ///
    /// # Safety
    /// The library has written the outcome, for a vCPU of a VM that lives for 'v.
    pub(crate) unsafe fn from_raw(raw: *const sys::vpsci_outcome) -> Self {
        // SAFETY: by the contract, action, wait, ended, start and request.pending are set, and the
        // others are where the header says so.
        unsafe {
            match (*raw).action {
                sys::VPSCI_RUN => Self::Run,
                sys::VPSCI_RETURN => Self::Return {
                    x0: (*raw).x0,
                    ended: match (*raw).ended {
                        sys::VPSCI_WAIT_NOT => None,
                        ended => Some(Wait::from_number(ended)),
                    },
                    start: Vcpu::from_raw((*raw).start),
                },
                sys::VPSCI_ENTER => Self::Enter {
                    entry: Entry::from_raw(&(*raw).entry),
                    ended: Wait::from_number((*raw).ended),
                },
                sys::VPSCI_FOREIGN => Self::Foreign { x0: (*raw).x0 },
                // VPSCI_WAIT. If there were other actions: not to run is wrong for none of them.
                _ => Self::Wait {
                    why: Wait::from_number((*raw).wait),
                    request: Request::from_raw(ptr::addr_of!((*raw).request)),
                },
            }
        }
    }

    /// The MP state with which the vCPU does in KVM_RUN what the outcome says.
    pub fn mp_state(&self) -> MpState {
        let mut raw = MaybeUninit::<sys::vpsci_outcome>::zeroed();

        // SAFETY: zero bytes are a valid outcome. The function reads its action and its wait.
        unsafe {
            let out = raw.as_mut_ptr();
            if let Self::Wait { why, .. } = *self {
                ptr::addr_of_mut!((*out).action).write(sys::VPSCI_WAIT);
                ptr::addr_of_mut!((*out).wait).write(why.number());
            }
            MpState::from_number(sys::vpsci_outcome_mp_state(out))
        }
    }
}

/// Something that the host has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'v> {
    /// Whose call it is.
    pub vcpu: Vcpu<'v>,
    /// What it asks for.
    pub what: Ask<'v>,
}

/// What a call asks the host for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ask<'v> {
    /// To start another vCPU.
    CpuOn {
        target: Vcpu<'v>,
        entry: Ipa,
        context: u64,
    },
    /// To move the Trusted OS to another vCPU.
    Migrate {
        target: Vcpu<'v>,
    },
    SystemSuspend {
        entry: Ipa,
        context: u64,
    },
    SystemOff,
    SystemReset,
    SystemReset2 {
        reset_type: u32,
        cookie: u64,
    },
    /// SYSTEM_OFF2; type 1 is HIBERNATE_OFF.
    SystemOff2 {
        off_type: u32,
    },
    /// A function that this version of the crate has no name for.
    Unknown(Function),
}

impl<'v> Request<'v> {
    /// # Safety
    /// The library has written the request, for a vCPU of a VM that lives for 'v.
    pub(crate) unsafe fn from_raw(raw: *const sys::vpsci_request) -> Option<Self> {
        // SAFETY: by the contract; all of a request that is pending is set.
        let raw = unsafe {
            if !(*raw).pending {
                return None;
            }
            &*raw
        };
        let (entry, context) = (Ipa(raw.entry.value), raw.context);
        // SAFETY: by the contract.
        let (vcpu, target) = unsafe { (Vcpu::from_raw(raw.vcpu)?, Vcpu::from_raw(raw.target)) };
        let what = match (Function::from_number(raw.function), target) {
            (Function::CpuOn, Some(target)) => Ask::CpuOn {
                target,
                entry,
                context,
            },
            (Function::Migrate, Some(target)) => Ask::Migrate { target },
            (Function::SystemSuspend, _) => Ask::SystemSuspend { entry, context },
            (Function::SystemOff, _) => Ask::SystemOff,
            (Function::SystemReset, _) => Ask::SystemReset,
            (Function::SystemReset2, _) => Ask::SystemReset2 {
                reset_type: raw.r#type,
                cookie: raw.cookie,
            },
            (Function::SystemOff2, _) => Ask::SystemOff2 {
                off_type: raw.r#type,
            },
            (function, _) => Ask::Unknown(function),
        };
        Some(Self { vcpu, what })
    }

    /// Answers the request, once, at any time and on any thread. Then kick the vCPU that asked, and
    /// the target of a CPU_ON; all, if the system was stopped.
    ///
    /// [`ResultCode::Success`] honours it. An error code refuses it: the caller gets the code, and
    /// all else is unchanged.
    ///
    /// [`Error::State`]: it was answered already, or the VM was reset.
    pub fn answer(self, result: ResultCode) -> Result<(), Error> {
        self.vcpu.answer(result)
    }
}
