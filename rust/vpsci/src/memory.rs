// SPDX-License-Identifier: BSD-2-Clause
//! Memory for a VM, and for its statistics.
use core::mem::MaybeUninit;

use crate::sys;

/// How much memory a [`Block`] is, in bytes.
pub const BLOCK_SIZE: usize = sys::VPSCI_ALIGNMENT as usize;

/// A piece of memory with the alignment that the library needs. A VM needs a slice of them.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub struct Block(MaybeUninit<[u8; BLOCK_SIZE]>);

const _: () = assert!(core::mem::size_of::<Block>() == BLOCK_SIZE);
const _: () = assert!(core::mem::align_of::<Block>() == BLOCK_SIZE);

impl Block {
    /// Memory that holds nothing yet, for arrays: `[Block::NEW; 16]`.
    pub const NEW: Self = Self(MaybeUninit::uninit());

    /// The blocks in memory of any alignment. They leave out up to 63 bytes at either end.
    pub fn in_bytes(bytes: &mut [MaybeUninit<u8>]) -> &mut [Self] {
        // SAFETY: a block is bytes that may be uninitialized, as these are. What is written
        // through one is as valid through the other.
        unsafe { bytes.align_to_mut::<Self>().1 }
    }
}
