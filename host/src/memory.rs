//! Memory that is not needed any more is given back to the machine: a host idles most of its life, and shares the machine.
//!
//! The C library keeps what was freed, in case it is wanted again. What the host frees in large pieces (the files of
//! components, the bodies of webhooks) it does not want again soon.

#![expect(
    unsafe_code,
    reason = "the C library's allocator and the kernel's paging have no safe interface"
)]

use std::ops::Range;

use rustix::mm::{Advice, madvise};

/// Allocations from this size on are the kernel's from the start, and go back to it at once, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 256 * 1024;

/// Makes large allocations go back at once. For the start of the program, before there are other threads.
pub fn return_large_pieces() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes two numbers, and sets one of the allocator's parameters.
    let set = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if set == 0 {
        tracing::debug!("the allocator keeps its own threshold");
    }
}

/// Gives back what is free now. Takes about a millisecond.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it touches free memory only, under the allocator's own locks. Its result only says whether it did anything.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Takes the pages of a mapped file out of memory; they come back when they are next touched. An optimisation: where the
/// kernel does not do it, they stay.
pub fn page_out(mapped: Range<*const u8>) {
    const PAGE: usize = 4096;
    let start = mapped.start.addr().next_multiple_of(PAGE);
    let Some(length) = mapped.end.addr().checked_sub(start) else {
        return;
    };
    let address = mapped.start.with_addr(start).cast_mut().cast();
    // SAFETY: paging out changes no memory's content, whoever uses it meanwhile.
    if let Err(error) = unsafe { madvise(address, length, Advice::LinuxPageOut) } {
        tracing::debug!(%error, "pages stay in memory");
    }
}
