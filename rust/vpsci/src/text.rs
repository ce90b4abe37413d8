// SPDX-License-Identifier: BSD-2-Clause
//! Words for people, which the library has as texts of C.
use core::{slice, str};

use crate::sys;

/// The text at `from`, or `None` if that is NULL.
///
/// # Safety
/// Anything else than NULL is a text that ends with a zero and stays, unchanged, for ever.
pub(crate) unsafe fn from_c(from: *const sys::c_char) -> Option<&'static str> {
    if from.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: by the contract each byte up to the zero can be read.
    while unsafe { *from.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: these bytes have just been read, and stay by the contract.
    str::from_utf8(unsafe { slice::from_raw_parts(from, length) }).ok()
}

/// "CPU_ON" and the like for a function ID of PSCI, or of a general call that the library answers.
pub fn function_name(id: u32) -> Option<&'static str> {
    // SAFETY: the function takes any number, and returns a text that ends with a zero, or NULL.
    unsafe { from_c(sys::vpsci_function_name(id)) }
}

/// What x0 means as result of the function with this ID: "SUCCESS", "DENIED"; of AFFINITY_INFO
/// "ON", "OFF"; and the like. `None` for a number, such as a count or a version.
pub fn result_name(id: u32, x0: u64) -> Option<&'static str> {
    // SAFETY: the function takes any numbers, and returns a text that ends with a zero, or NULL.
    unsafe { from_c(sys::vpsci_result_name(id, x0 as i64)) }
}

/// The version of the library that is running: major << 16 | minor << 8 | patch.
pub fn library_version() -> u32 {
    // SAFETY: the function has no precondition.
    unsafe { sys::vpsci_library_version() }
}
