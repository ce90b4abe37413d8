// SPDX-License-Identifier: BSD-2-Clause
//! What only the host knows.
use core::marker::PhantomData;
use core::mem;

use crate::{sys, Ipa};

/// Questions of fact that the library asks the host. Each is asked on the thread that has called
/// the library, and several may be asked at once.
///
/// They should not call this crate: such a call is as one of another thread in the middle of the
/// call that asks.
///
/// If one of these functions panics, the program ends: a panic cannot pass through C.
pub trait Ops: Sync {
    /// Whether [`range_is_protected`](Self::range_is_protected) is there. Without it a VM has no
    /// MEM_PROTECT_CHECK_RANGE.
    const HAS_RANGES: bool = false;

    /// Whether [`now`](Self::now) is there. Without it a VM has no statistics.
    const HAS_CLOCK: bool = false;

    /// May a vCPU start at `address`? Alignment has been checked.
    fn entry_is_valid(&self, address: Ipa) -> bool {
        let _ = address;
        true
    }

    /// Is all of this memory cleared on a reset while MEM_PROTECT is on? `length` is not 0, and
    /// base + length - 1 does not wrap.
    fn range_is_protected(&self, base: Ipa, length: u64) -> bool {
        let _ = (base, length);
        false
    }

    /// Microseconds since a fixed moment; should never decrease. Used for statistics only.
    fn now(&self) -> u64 {
        0
    }
}

/// The table of C functions for a type.
pub(crate) struct Table<O>(PhantomData<O>);

impl<O: Ops> Table<O> {
    pub(crate) const TABLE: &'static sys::vpsci_ops = &sys::vpsci_ops {
        entry_is_valid: Some(entry_is_valid::<O>),
        range_is_protected: if O::HAS_RANGES {
            Some(range_is_protected::<O>)
        } else {
            None
        },
        now: if O::HAS_CLOCK { Some(now::<O>) } else { None },
    };
}

/// Calls a function of the host. A panic in it ends the program: this value is then dropped while
/// the stack unwinds, and a second panic aborts.
fn guarded<T>(function: impl FnOnce() -> T) -> T {
    struct Abort;

    impl Drop for Abort {
        fn drop(&mut self) {
            panic!("a panic in vpsci::Ops");
        }
    }

    let abort = Abort;
    let result = function();
    mem::forget(abort);
    result
}

/// # Safety
/// `host` points to an O that stays.
unsafe extern "C" fn entry_is_valid<O: Ops>(host: *mut sys::c_void, at: sys::vpsci_ipa) -> bool {
    // SAFETY: by the contract. O is Sync, so that any thread may have such a reference.
    let ops = unsafe { &*host.cast::<O>() };
    guarded(|| ops.entry_is_valid(Ipa(at.value)))
}

/// # Safety
/// `host` points to an O that stays.
unsafe extern "C" fn range_is_protected<O: Ops>(
    host: *mut sys::c_void,
    base: sys::vpsci_ipa,
    length: u64,
) -> bool {
    // SAFETY: as in entry_is_valid().
    let ops = unsafe { &*host.cast::<O>() };
    guarded(|| ops.range_is_protected(Ipa(base.value), length))
}

/// # Safety
/// `host` points to an O that stays.
unsafe extern "C" fn now<O: Ops>(host: *mut sys::c_void) -> u64 {
    // SAFETY: as in entry_is_valid().
    let ops = unsafe { &*host.cast::<O>() };
    guarded(|| ops.now())
}
