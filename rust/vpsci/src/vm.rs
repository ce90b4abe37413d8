// SPDX-License-Identifier: BSD-2-Clause
//! One virtual machine.
use core::marker::PhantomData;
use core::mem::{self, MaybeUninit};
use core::ptr::{self, NonNull};

use crate::memory::Block;
use crate::vcpu::{Owners, Vcpu};
use crate::{sys, Config, Error, Mpidr, System, Version};

/// One virtual machine. Its type says which calls may run at the same time:
///
/// - any thread may make those by `&self`, at any time;
/// - those by `&mut self` are exclusive: no other call for this VM is in progress;
/// - calls of the owner of a vCPU, the one thread that runs it, are those of [`Owner`].
///
/// [`Owner`]: crate::Owner
pub struct Vm<'m> {
    raw: NonNull<sys::vpsci_vm>,
    vcpu_count: u32,
    #[cfg(feature = "alloc")]
    _memory: Option<crate::boxed::Memory>,
    _borrowed: PhantomData<&'m mut [Block]>,
}

// SAFETY: the library has no state but the VM's memory. Its functions "any thread" may be called on
// any thread at the same time; the others need `&mut`. Its host is Sync.
unsafe impl Send for Vm<'_> {}
// SAFETY: as above.
unsafe impl Sync for Vm<'_> {}

/// How much the library reads of a call, for monitors that need a system call to read a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// The ID is PSCI's, or that of a general call that the library answers.
    pub is_known: bool,
    /// How many of the arguments are read: 0 to 3.
    pub arguments: u8,
    /// The call gives an entry point, and `big_endian` says how that starts.
    pub starts_core: bool,
    /// CPU_SUSPEND: only if [`Vm::needs_entry`] says so of the first argument. Otherwise only that
    /// argument is read.
    pub by_power_state: bool,
}

impl<'m> Vm<'m> {
    /// Makes a VM in memory of [`Config::blocks`]: its boot vCPU is on, the others are off.
    pub fn init(memory: &'m mut [Block], config: Config<'_, 'm>) -> Result<Self, Error> {
        // SAFETY: this VM alone has the memory, as long as it lives.
        unsafe { Self::make(memory.as_mut_ptr(), memory.len(), &config) }
    }

    /// # Safety
    /// Nothing else uses these `count` blocks while the VM lives.
    pub(crate) unsafe fn make(
        memory: *mut Block,
        count: usize,
        config: &Config<'_, 'm>,
    ) -> Result<Self, Error> {
        let mut raw = ptr::null_mut();

        if !config.lengths_agree() {
            return Err(Error::Argument);
        }
        // SAFETY: the memory is as large as it says, and the VM's own. All that the configuration
        // points to is as long as it says; what the VM keeps lives for 'm.
        let error = unsafe {
            let size = count * mem::size_of::<Block>();
            sys::vpsci_init(memory.cast(), size, &config.raw, &mut raw)
        };
        Error::check(error)?;
        Ok(Self {
            raw: NonNull::new(raw).ok_or(Error::Memory)?,
            vcpu_count: config.raw.vcpu_count,
            #[cfg(feature = "alloc")]
            _memory: None,
            _borrowed: PhantomData,
        })
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn keep(&mut self, memory: crate::boxed::Memory) {
        self._memory = Some(memory);
    }

    /// The VM in C, for functions of [`sys`]. What is done with it has to follow their contracts.
    pub fn as_ptr(&self) -> *mut sys::vpsci_vm {
        self.raw.as_ptr()
    }

    // ---- Exclusive ----------------------------------------------------------------------------

    /// Hands out the right to run each vCPU, in the order of their indices, and the VM for calls of
    /// any thread meanwhile. Both end before the next exclusive call.
    pub fn owners(&mut self) -> (&Self, Owners<'_>) {
        let vm: &Self = self;
        (vm, Owners::new(vm))
    }

    /// Puts every vCPU back as at the start, after the machine was reset.
    pub fn reset(&mut self) {
        // SAFETY: `&mut` excludes every other call.
        unsafe { self.reset_in_place() }
    }

    /// As [`reset`](Self::reset), for monitors whose threads keep their [`Owner`]s over a reset.
    ///
    /// # Safety
    /// No other call for this VM is in progress: all its threads are stopped outside of the library.
    ///
    /// [`Owner`]: crate::Owner
    pub unsafe fn reset_in_place(&self) {
        // SAFETY: by the contract.
        unsafe { sys::vpsci_reset(self.as_ptr()) }
    }

    /// Puts the VM into a state that was saved of one with the same vCPUs, power states and
    /// domains. The record may come from any source: it is checked in full before anything is
    /// changed.
    pub fn restore(&mut self, record: &[u8]) -> Result<(), Error> {
        // SAFETY: `&mut` excludes every other call.
        unsafe { self.restore_in_place(record) }
    }

    /// As [`restore`](Self::restore), for monitors whose threads have their [`Owner`]s already.
    ///
    /// # Safety
    /// No other call for this VM is in progress: all its threads are stopped outside of the library.
    ///
    /// [`Owner`]: crate::Owner
    pub unsafe fn restore_in_place(&self, record: &[u8]) -> Result<(), Error> {
        // SAFETY: by the contract; the record is as long as it says.
        let error =
            unsafe { sys::vpsci_restore(self.as_ptr(), record.as_ptr().cast(), record.len()) };
        Error::check(error)
    }

    // ---- Any thread ---------------------------------------------------------------------------

    /// How many vCPUs there are.
    pub fn vcpu_count(&self) -> u32 {
        self.vcpu_count
    }

    /// The vCPU with this index.
    pub fn vcpu(&self, index: u32) -> Option<Vcpu<'_>> {
        // SAFETY: the function takes any index, and returns a vCPU of this VM, or NULL.
        unsafe { Vcpu::from_raw(sys::vpsci_vcpu_at(self.as_ptr(), index)) }
    }

    /// The vCPU of this name. The cost does not depend on how many there are.
    pub fn find(&self, mpidr: Mpidr) -> Option<Vcpu<'_>> {
        let mpidr = sys::vpsci_mpidr { value: mpidr.0 };
        // SAFETY: the function takes any name, and returns a vCPU of this VM, or NULL.
        unsafe { Vcpu::from_raw(sys::vpsci_find(self.as_ptr(), mpidr)) }
    }

    /// All vCPUs, in the order of their indices.
    pub fn vcpus(&self) -> impl Iterator<Item = Vcpu<'_>> {
        (0..self.vcpu_count).filter_map(move |index| self.vcpu(index))
    }

    /// The version of PSCI in force.
    pub fn version(&self) -> Version {
        // SAFETY: any thread may ask.
        Version(unsafe { sys::vpsci_version(self.as_ptr()) })
    }

    /// Pins the version. Set it before the guest runs, which may rely on what it has read.
    pub fn set_version(&self, version: Version) -> Result<(), Error> {
        // SAFETY: any thread may do this, with any number.
        Error::check(unsafe { sys::vpsci_version_set(self.as_ptr(), version.0) })
    }

    /// Where the system is now.
    pub fn system(&self) -> System {
        // SAFETY: any thread may ask.
        System::from_number(unsafe { sys::vpsci_system_state(self.as_ptr()) })
    }

    /// How many vCPUs are not off: which SYSTEM_SUSPEND requires to be 1.
    pub fn on_count(&self) -> u32 {
        // SAFETY: any thread may ask.
        unsafe { sys::vpsci_on_count(self.as_ptr()) }
    }

    /// Whether MEM_PROTECT is on. If so, memory has to be cleared after the VM was reset or has
    /// ended, before anything else can run in it.
    pub fn mem_protect(&self) -> bool {
        // SAFETY: any thread may ask.
        unsafe { sys::vpsci_mem_protect(self.as_ptr()) }
    }

    /// How much of a call the library reads.
    pub fn describe_function(&self, id: u32) -> FunctionInfo {
        let mut info = MaybeUninit::<sys::vpsci_function_info>::zeroed();

        // SAFETY: any thread may ask, for any ID. Zero bytes are a valid info.
        unsafe {
            let is_known = sys::vpsci_describe_function(self.as_ptr(), id, info.as_mut_ptr());
            let info = info.assume_init();
            FunctionInfo {
                is_known,
                arguments: info.arguments,
                starts_core: info.starts_core,
                by_power_state: info.by_power_state,
            }
        }
    }

    /// Whether a CPU_SUSPEND with this `power_state` loses the core's context, and so needs an
    /// entry point.
    pub fn needs_entry(&self, power_state: u32) -> bool {
        // SAFETY: any thread may ask, with any number.
        unsafe { sys::vpsci_needs_entry(self.as_ptr(), power_state) }
    }

    /// How many bytes [`save`](Self::save) writes.
    pub fn save_size(&self) -> usize {
        // SAFETY: any thread may ask.
        unsafe { sys::vpsci_save_size(self.as_ptr()) }
    }

    /// Writes all that the library knows of the VM, as it is at one moment. Returns how many bytes
    /// that are.
    ///
    /// [`Error::Busy`]: an owner is inside the library, half way through a change. Stop the vCPUs,
    /// then save.
    pub fn save(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        // SAFETY: any thread may save; the buffer is as long as it says.
        let written =
            unsafe { sys::vpsci_save(self.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        usize::try_from(written).map_err(|_| Error::from_number(written as i32))
    }
}
