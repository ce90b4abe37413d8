// SPDX-License-Identifier: BSD-2-Clause
//! Memory from the global allocator.
extern crate alloc;

use alloc::vec;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;

use crate::memory::Block;
use crate::{Config, Error, Vm};

/// A vector that nothing accesses but by the pointer of a VM.
pub(crate) struct Memory {
    start: *mut Block,
    length: usize,
    capacity: usize,
}

impl Memory {
    fn new(blocks: Vec<Block>) -> Self {
        let mut blocks = ManuallyDrop::new(blocks);
        Self {
            start: blocks.as_mut_ptr(),
            length: blocks.len(),
            capacity: blocks.capacity(),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: these are the parts of a vector that was not dropped.
        drop(unsafe { Vec::from_raw_parts(self.start, self.length, self.capacity) });
    }
}

impl<'m> Vm<'m> {
    /// As [`init`](Self::init), in memory that the VM owns.
    pub fn boxed(config: Config<'_, 'm>) -> Result<Self, Error> {
        let memory = Memory::new(vec![Block::NEW; config.blocks()]);
        // SAFETY: the VM alone has the memory, and keeps it.
        let mut vm = unsafe { Self::make(memory.start, memory.length, &config)? };
        vm.keep(memory);
        Ok(vm)
    }

    /// As [`save`](Self::save), into memory of its own.
    pub fn save_to_vec(&self) -> Result<Vec<u8>, Error> {
        let mut record = vec![0; self.save_size()];
        let written = self.save(&mut record)?;
        record.truncate(written);
        Ok(record)
    }
}
