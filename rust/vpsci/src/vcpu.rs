// SPDX-License-Identifier: BSD-2-Clause
//! A vCPU, for any thread and for its owner.
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::{sys, Error, MpState, Mpidr, Outcome, Request, ResultCode, State, Vm};

/// A vCPU of a VM, for calls of any thread.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vcpu<'v> {
    raw: NonNull<sys::vpsci_vcpu>,
    _vm: PhantomData<&'v Vm<'v>>,
}

// SAFETY: any thread may call its functions at any time.
unsafe impl Send for Vcpu<'_> {}
// SAFETY: as above.
unsafe impl Sync for Vcpu<'_> {}

impl<'v> Vcpu<'v> {
    /// `None` for NULL.
    ///
    /// # Safety
    /// Anything else is a vCPU of a VM that lives for 'v.
    pub(crate) unsafe fn from_raw(raw: *mut sys::vpsci_vcpu) -> Option<Self> {
        Some(Self {
            raw: NonNull::new(raw)?,
            _vm: PhantomData,
        })
    }

    /// The vCPU in C, for functions of [`sys`]. What is done with it has to follow their contracts.
    pub fn as_ptr(self) -> *mut sys::vpsci_vcpu {
        self.raw.as_ptr()
    }

    /// Its place among the names of the configuration.
    pub fn index(self) -> u32 {
        // SAFETY: any thread may ask.
        unsafe { sys::vpsci_vcpu_index(self.as_ptr()) }
    }

    /// Its name.
    pub fn mpidr(self) -> Mpidr {
        // SAFETY: any thread may ask.
        Mpidr(unsafe { sys::vpsci_vcpu_mpidr(self.as_ptr()).value })
    }

    /// Wakes the vCPU, because of an interrupt or for any other reason that the host has. Returns
    /// true if it was waiting for that: its owner then must be kicked.
    pub fn wake(self) -> bool {
        // SAFETY: any thread may do this.
        unsafe { sys::vpsci_wake(self.as_ptr()) }
    }

    /// Answers the pending request of this vCPU: [`Request::answer`] says what the answers mean.
    pub fn answer(self, result: ResultCode) -> Result<(), Error> {
        // SAFETY: any thread may do this, with any number.
        Error::check(unsafe { sys::vpsci_answer(self.as_ptr(), result.number()) })
    }

    /// The request of this vCPU that waits for an answer.
    pub fn pending_request(self) -> Option<Request<'v>> {
        let mut request = MaybeUninit::uninit();

        // SAFETY: any thread may ask.
        unsafe {
            sys::vpsci_pending_request(self.as_ptr(), request.as_mut_ptr());
            Request::from_raw(request.as_ptr())
        }
    }

    /// Its power state. One that was woken or answered is on even before its owner knows.
    pub fn state(self) -> State {
        // SAFETY: any thread may ask.
        State::from_number(unsafe { sys::vpsci_vcpu_state(self.as_ptr()) })
    }

    /// What KVM_GET_MP_STATE is to report. Never set it before KVM_RUN: [`Outcome::mp_state`] is
    /// for that.
    pub fn mp_state(self) -> MpState {
        // SAFETY: any thread may ask.
        MpState::from_number(unsafe { sys::vpsci_mp_state_get(self.as_ptr()) })
    }
}

impl fmt::Debug for Vcpu<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Vcpu({})", self.index())
    }
}

/// A guest's call, as its registers hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestCall {
    /// x0; the upper half does not matter.
    pub function: u64,
    /// x1 to x3.
    pub args: [u64; 3],
    /// The caller is in AArch32 state.
    pub aarch32: bool,
    /// Its data accesses are big-endian: SCTLR_ELx.EE, or CPSR.E.
    pub big_endian: bool,
}

/// The right to run a vCPU. There is one for each, and the thread that has it is the vCPU's thread.
/// It can move to another thread, but two cannot share it.
///
/// What any thread may do with the vCPU, the owner may too: it dereferences to [`Vcpu`].
#[derive(Debug)]
pub struct Owner<'v> {
    vcpu: Vcpu<'v>,
    _not_sync: PhantomData<Cell<()>>,
}

impl<'v> Deref for Owner<'v> {
    type Target = Vcpu<'v>;

    fn deref(&self) -> &Vcpu<'v> {
        &self.vcpu
    }
}

impl<'v> Owner<'v> {
    /// The vCPU, to hand to other threads.
    pub fn vcpu(&self) -> Vcpu<'v> {
        self.vcpu
    }

    /// Carries out a guest's call, and says what the vCPU has to do next.
    pub fn call(&mut self, call: &GuestCall) -> Outcome<'v> {
        let call = sys::vpsci_guest_call {
            function: call.function,
            args: call.args,
            aarch32: call.aarch32,
            big_endian: call.big_endian,
        };
        let mut out = MaybeUninit::uninit();
        // SAFETY: this is the vCPU's only owner, and `&mut` excludes another call of it.
        unsafe {
            sys::vpsci_call(self.vcpu.as_ptr(), &call, out.as_mut_ptr());
            Outcome::from_raw(out.as_ptr())
        }
    }

    /// Says what the vCPU has to do now. Ask before every entry into the guest, or at least after
    /// every kick. [`Outcome::Return`] and [`Outcome::Enter`] are handed out once.
    #[allow(clippy::should_implement_trait)] // The name that the C header has.
    pub fn next(&mut self) -> Outcome<'v> {
        let mut out = MaybeUninit::uninit();
        // SAFETY: as in call().
        unsafe {
            sys::vpsci_next(self.vcpu.as_ptr(), out.as_mut_ptr());
            Outcome::from_raw(out.as_ptr())
        }
    }

    /// Sets the MP state by the host's decision, not by the guest's.
    ///
    /// - [`MpState::Stopped`]: the vCPU is off, as after CPU_OFF.
    /// - [`MpState::Runnable`]: one that was off is on, with the registers that it has; one that
    ///   waits for a wake is woken.
    /// - [`MpState::Suspended`]: one that runs or was off waits ([`Wait::Held`]) until a wake.
    ///
    /// [`Wait::Held`]: crate::Wait::Held
    pub fn set_mp_state(&mut self, state: MpState) -> Result<(), Error> {
        // SAFETY: as in call(); the function takes any number.
        Error::check(unsafe { sys::vpsci_mp_state_set(self.vcpu.as_ptr(), state.number()) })
    }
}

/// The owners of all vCPUs of a VM, each once.
pub struct Owners<'v> {
    vm: &'v Vm<'v>,
    next: u32,
}

impl<'v> Owners<'v> {
    /// To be made from an exclusive reference only, whose lifetime it has.
    pub(crate) fn new(vm: &'v Vm<'v>) -> Self {
        Self { vm, next: 0 }
    }
}

impl<'v> Iterator for Owners<'v> {
    type Item = Owner<'v>;

    fn next(&mut self) -> Option<Owner<'v>> {
        let vcpu = self.vm.vcpu(self.next)?;
        self.next += 1;
        Some(Owner {
            vcpu,
            _not_sync: PhantomData,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.vm.vcpu_count() - self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Owners<'_> {}
