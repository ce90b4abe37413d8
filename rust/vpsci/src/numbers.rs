// SPDX-License-Identifier: BSD-2-Clause
//! Numbers with names: of PSCI, and of the library.
use core::fmt;
use core::ops::{BitOr, BitOrAssign};

use crate::{sys, text};

/// Defines an enum for the numbers of a C enum. A number that has no name here stays what it is.
macro_rules! numbers {
    ($(#[$about:meta])* $name:ident: $raw:ty {
        $($(#[$meaning:meta])* $variant:ident = $number:ident,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$meaning])* $variant,)*
            /// A number that this version of the crate has no name for.
            Unknown($raw),
        }

        impl $name {
            /// The name of a number.
            pub const fn from_number(number: $raw) -> Self {
                match number {
                    $(sys::$number => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }

            /// The number, as the C header has it.
            pub const fn number(self) -> $raw {
                match self {
                    $(Self::$variant => sys::$number,)*
                    Self::Unknown(number) => number,
                }
            }
        }
    };
}

numbers! {
    /// What the library returns if it cannot do as asked. It is never what a guest gets: that is
    /// [`ResultCode`].
    Error: i32 {
        /// A number out of range, or slices whose lengths do not agree.
        Argument = VPSCI_E_ARGUMENT,
        /// The memory given is too small.
        Memory = VPSCI_E_MEMORY,
        /// An MPIDR has bits outside its affinity fields, or occurs twice.
        Mpidr = VPSCI_E_MPIDR,
        /// The table of power states, or the tree of domains, is unsound.
        States = VPSCI_E_STATES,
        /// No such version of PSCI, or of the SMC calling convention.
        Version = VPSCI_E_VERSION,
        /// Nothing to answer, or not possible in the vCPU's present state.
        State = VPSCI_E_STATE,
        /// A call or a request is in progress; try again after it.
        Busy = VPSCI_E_BUSY,
        /// A saved record ends early, or is longer than it says.
        Truncated = VPSCI_E_TRUNCATED,
        /// Not a saved record.
        Magic = VPSCI_E_MAGIC,
        /// A saved record of a newer format than this library knows.
        Newer = VPSCI_E_NEWER,
        /// A saved record was damaged.
        Checksum = VPSCI_E_CHECKSUM,
        /// A saved record of a VM that is configured otherwise.
        Mismatch = VPSCI_E_MISMATCH,
        /// A saved record of a state that no VM can be in.
        Impossible = VPSCI_E_IMPOSSIBLE,
    }
}

impl Error {
    /// What a function of the library returned: 0, or an error.
    pub(crate) fn check(number: i32) -> Result<(), Self> {
        match number {
            0 => Ok(()),
            number => Err(Self::from_number(number)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the function takes any number, and returns a text that ends with a zero.
        let words = unsafe { text::from_c(sys::vpsci_error_text(self.number())) };
        formatter.write_str(words.unwrap_or("unknown error"))
    }
}

numbers! {
    /// What a PSCI function returns to a guest, if it is not a number of its own kind.
    ResultCode: i32 {
        Success = VPSCI_SUCCESS,
        NotSupported = VPSCI_NOT_SUPPORTED,
        InvalidParameters = VPSCI_INVALID_PARAMETERS,
        Denied = VPSCI_DENIED,
        AlreadyOn = VPSCI_ALREADY_ON,
        OnPending = VPSCI_ON_PENDING,
        InternalFailure = VPSCI_INTERNAL_FAILURE,
        NotPresent = VPSCI_NOT_PRESENT,
        Disabled = VPSCI_DISABLED,
        InvalidAddress = VPSCI_INVALID_ADDRESS,
    }
}

impl ResultCode {
    /// The result in an x0 that the library gave.
    pub const fn from_x0(x0: u64) -> Self {
        Self::from_number(x0 as i32) // Results have 32 bits, extended by their sign or by zeros.
    }

    /// This result as x0 of a guest.
    pub const fn to_x0(self) -> u64 {
        self.number() as i64 as u64
    }
}

numbers! {
    /// The functions of PSCI, by the low byte of their IDs.
    Function: u32 {
        Version = VPSCI_FN_VERSION,
        CpuSuspend = VPSCI_FN_CPU_SUSPEND,
        CpuOff = VPSCI_FN_CPU_OFF,
        CpuOn = VPSCI_FN_CPU_ON,
        AffinityInfo = VPSCI_FN_AFFINITY_INFO,
        Migrate = VPSCI_FN_MIGRATE,
        MigrateInfoType = VPSCI_FN_MIGRATE_INFO_TYPE,
        MigrateInfoUpCpu = VPSCI_FN_MIGRATE_INFO_UP_CPU,
        SystemOff = VPSCI_FN_SYSTEM_OFF,
        SystemReset = VPSCI_FN_SYSTEM_RESET,
        Features = VPSCI_FN_FEATURES,
        CpuFreeze = VPSCI_FN_CPU_FREEZE,
        CpuDefaultSuspend = VPSCI_FN_CPU_DEFAULT_SUSPEND,
        NodeHwState = VPSCI_FN_NODE_HW_STATE,
        SystemSuspend = VPSCI_FN_SYSTEM_SUSPEND,
        SetSuspendMode = VPSCI_FN_SET_SUSPEND_MODE,
        StatResidency = VPSCI_FN_STAT_RESIDENCY,
        StatCount = VPSCI_FN_STAT_COUNT,
        SystemReset2 = VPSCI_FN_SYSTEM_RESET2,
        MemProtect = VPSCI_FN_MEM_PROTECT,
        MemProtectCheckRange = VPSCI_FN_MEM_PROTECT_CHECK_RANGE,
        SystemOff2 = VPSCI_FN_SYSTEM_OFF2,
    }
}

impl Function {
    /// The function ID with which a guest calls it by SMC32 or HVC32.
    pub const fn id32(self) -> u32 {
        sys::VPSCI_FID_32 | self.number()
    }

    /// The function ID with which a guest calls it by SMC64 or HVC64. Not all functions have one.
    pub const fn id64(self) -> u32 {
        sys::VPSCI_FID_64 | self.number()
    }
}

numbers! {
    /// Why a vCPU waits, and for what.
    Wait: u32 {
        /// Off: for CPU_ON.
        Off = VPSCI_WAIT_OFF,
        /// Off by CPU_FREEZE: for CPU_ON.
        Frozen = VPSCI_WAIT_FROZEN,
        /// For the host's answer to the CPU_ON that would start it.
        Starting = VPSCI_WAIT_STARTING,
        /// In CPU_SUSPEND, context kept: for a wake.
        Standby = VPSCI_WAIT_STANDBY,
        /// In CPU_SUSPEND or CPU_DEFAULT_SUSPEND: for a wake, after which it starts at its entry.
        Powerdown = VPSCI_WAIT_POWERDOWN,
        /// In SYSTEM_SUSPEND, honoured: for a wake.
        Suspended = VPSCI_WAIT_SUSPENDED,
        /// Put into [`MpState::Suspended`] by the host: for a wake.
        Held = VPSCI_WAIT_HELD,
        /// For the answer to its request.
        Answer = VPSCI_WAIT_ANSWER,
        /// The system is stopping or has stopped: SYSTEM_OFF and its like.
        Stopped = VPSCI_WAIT_STOPPED,
    }
}

numbers! {
    /// Power states of a vCPU, in more detail than a guest can see.
    State: u32 {
        Off = VPSCI_STATE_OFF,
        /// Off, by CPU_FREEZE.
        Frozen = VPSCI_STATE_FROZEN,
        /// CPU_ON is being decided by the host.
        Starting = VPSCI_STATE_STARTING,
        /// CPU_ON accepted, not yet running.
        OnPending = VPSCI_STATE_ON_PENDING,
        On = VPSCI_STATE_ON,
        /// CPU_SUSPEND, context kept.
        Standby = VPSCI_STATE_STANDBY,
        /// CPU_SUSPEND, to start at its entry.
        Powerdown = VPSCI_STATE_POWERDOWN,
        /// SYSTEM_SUSPEND is being decided by the host.
        SuspendRequested = VPSCI_STATE_SUSPEND_REQUESTED,
        /// SYSTEM_SUSPEND, honoured.
        Suspended = VPSCI_STATE_SUSPENDED,
        /// Held by the host, with [`MpState::Suspended`].
        Held = VPSCI_STATE_HELD,
        /// On, waiting for an answer to CPU_ON or MIGRATE.
        Asking = VPSCI_STATE_ASKING,
    }
}

numbers! {
    /// Where the system as a whole is.
    System: u32 {
        Running = VPSCI_SYSTEM_RUNNING,
        /// All vCPUs are to stop; the request is being decided.
        Stopping = VPSCI_SYSTEM_STOPPING,
        /// The request was honoured: off, or to be reset.
        Stopped = VPSCI_SYSTEM_STOPPED,
    }
}

numbers! {
    /// KVM's names and numbers for a vCPU's multiprocessing state (KVM_GET_MP_STATE).
    MpState: u32 {
        Runnable = VPSCI_MP_RUNNABLE,
        Stopped = VPSCI_MP_STOPPED,
        Suspended = VPSCI_MP_SUSPENDED,
    }
}

/// Gives an enum the words that the library has for it.
macro_rules! named {
    ($($name:ident by $function:ident)*) => {
        $(impl $name {
            /// A word for people, such as "off" or "powerdown"; `None` for an unknown number.
            pub fn name(self) -> Option<&'static str> {
                // SAFETY: the function takes any number, and returns a text that ends with a zero,
                // or NULL.
                unsafe { text::from_c(sys::$function(self.number())) }
            }
        })*
    };
}

named! {
    Wait by vpsci_wait_name
    State by vpsci_state_name
    System by vpsci_system_name
}

/// Defines a set of bits of a C enum.
macro_rules! flags {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $flag:ident = $number:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(u32);

        impl $name {
            $($(#[$meaning])* pub const $flag: Self = Self(sys::$number);)*

            /// None of them.
            pub const NONE: Self = Self(0);

            /// All that this version of the crate has names for.
            pub const ALL: Self = Self($(sys::$number)|*);

            /// The bits, as the C header has them.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// These and those. The operator `|` does the same, but not in constants.
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.and(other)
            }
        }

        impl BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.and(other);
            }
        }
    };
}

flags! {
    /// What a VM offers beyond the mandatory functions. A function whose capability is off returns
    /// NOT_SUPPORTED.
    Capabilities {
        /// SYSTEM_SUSPEND. Turn it on if something can wake the VM: Linux then makes "deep" its
        /// default way to suspend.
        SYSTEM_SUSPEND = VPSCI_CAP_SYSTEM_SUSPEND,
        /// SYSTEM_RESET2 with the architectural type SYSTEM_WARM_RESET.
        SYSTEM_RESET2 = VPSCI_CAP_SYSTEM_RESET2,
        /// SYSTEM_RESET2 also with vendor types. Needs `SYSTEM_RESET2`.
        VENDOR_RESET = VPSCI_CAP_VENDOR_RESET,
        /// SYSTEM_OFF2 with HIBERNATE_OFF.
        SYSTEM_OFF2 = VPSCI_CAP_SYSTEM_OFF2,
        /// OS-initiated mode.
        OS_INITIATED = VPSCI_CAP_OS_INITIATED,
        CPU_FREEZE = VPSCI_CAP_CPU_FREEZE,
        CPU_DEFAULT_SUSPEND = VPSCI_CAP_CPU_DEFAULT_SUSPEND,
        NODE_HW_STATE = VPSCI_CAP_NODE_HW_STATE,
        /// PSCI_STAT_RESIDENCY and PSCI_STAT_COUNT. Needs [`Config::statistics`] and a clock
        /// ([`Ops::HAS_CLOCK`]).
        ///
        /// [`Config::statistics`]: crate::Config::statistics
        /// [`Ops::HAS_CLOCK`]: crate::Ops::HAS_CLOCK
        STATISTICS = VPSCI_CAP_STATISTICS,
        /// MEM_PROTECT; with [`Ops::HAS_RANGES`] also MEM_PROTECT_CHECK_RANGE.
        ///
        /// [`Ops::HAS_RANGES`]: crate::Ops::HAS_RANGES
        MEM_PROTECT = VPSCI_CAP_MEM_PROTECT,
    }
}

flags! {
    /// How a VM behaves where the specification leaves a choice.
    Options {
        /// `power_state` has the extended format.
        EXTENDED_STATE = VPSCI_OPTION_EXTENDED_STATE,
        /// Every CPU_ON that the specification allows becomes a request to the host. Otherwise it
        /// is honoured at once.
        ASK_CPU_ON = VPSCI_OPTION_ASK_CPU_ON,
        /// As KVM: ON and ALREADY_ON in place of ON_PENDING.
        NO_ON_PENDING = VPSCI_OPTION_NO_ON_PENDING,
    }
}

/// A version of PSCI or of the SMC calling convention: major << 16 | minor, as
/// KVM_REG_ARM_PSCI_VERSION has it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl Version {
    pub const PSCI_0_1: Self = Self(sys::VPSCI_VERSION_0_1);
    pub const PSCI_0_2: Self = Self(sys::VPSCI_VERSION_0_2);
    pub const PSCI_1_0: Self = Self(sys::VPSCI_VERSION_1_0);
    pub const PSCI_1_1: Self = Self(sys::VPSCI_VERSION_1_1);
    pub const PSCI_1_2: Self = Self(sys::VPSCI_VERSION_1_2);
    pub const PSCI_1_3: Self = Self(sys::VPSCI_VERSION_1_3);
    /// The newest version of PSCI that the library has.
    pub const PSCI_NEWEST: Self = Self(sys::VPSCI_VERSION_NEWEST);
    pub const SMCCC_1_0: Self = Self(sys::VPSCI_SMCCC_1_0);
    pub const SMCCC_1_1: Self = Self(sys::VPSCI_SMCCC_1_1);
    pub const SMCCC_1_3: Self = Self(sys::VPSCI_SMCCC_1_3);
    pub const SMCCC_1_5: Self = Self(sys::VPSCI_SMCCC_1_5);
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0 >> 16, self.0 & 0xffff)
    }
}

/// An intermediate physical address: what a guest uses as a physical one.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ipa(pub u64);

/// A CPU's name: the affinity fields of its MPIDR_EL1, Aff3 in bits 39:32, Aff2 in 23:16, Aff1 in
/// 15:8, Aff0 in 7:0; all other bits are zero.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mpidr(pub u64);
