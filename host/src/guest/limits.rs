//! What a guest may spend: the limits that are the same for every guest, and the count of its memory.
//!
//! Wasmtime's own `StoreLimits` is asked about each memory by itself; sixty memories of 50 MB pass under a limit of
//! 64 MB. [`MemoryLimit`] adds up all memories and tables of a store, and remembers that it said no: a guest that runs
//! out of memory ends in some trap or other, and only the limiter knows why.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// How often running guests are made to yield.
pub const EPOCH: Duration = Duration::from_millis(10);
/// Handles that a guest may hold at once: descriptors, streams, pollables, header fields, requests.
pub const HANDLES: usize = 512;
/// Bytes that the header fields of one HTTP message may take in the host.
pub const HEADER_BYTES: usize = 16 * 1024;
/// Random bytes in one call. A call cannot be interrupted.
pub const RANDOM_BYTES: u64 = 1024 * 1024;
/// Bytes that a guest may hand to the host in one call.
pub const HOSTCALL_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that a report or a message may have in all: a file of 16 MiB, and what is said with it.
pub const REPORT_BYTES: usize = 17 * 1024 * 1024;
/// How much is kept of what an alert plugin says for the log, in characters.
pub const DETAILS: usize = 2000;
/// Files, folders and links that one run may make.
pub const NEW_FILES: u64 = 10_000;
/// Folders that one run may list at once. The host holds the whole listing of each.
pub const LISTINGS: u64 = 16;
/// HTTP requests of one run.
pub const HTTP_REQUESTS: u32 = 100;
/// HTTP connections of one run at once. One more waits for room, as long as it would for a connection.
pub const HTTP_CONNECTIONS: usize = 6;
/// Look-ups of names of one run at once, those included that it has given up.
pub const HTTP_LOOKUPS: usize = 2;
/// How long it may take to look a name up, and as long again to connect, TLS included.
pub const HTTP_CONNECT: Duration = Duration::from_secs(5);
/// How long a server may be silent before its answer, and within it.
pub const HTTP_SILENCE: Duration = Duration::from_secs(60);
/// Bytes in the bodies of all answers to one run.
pub const HTTP_ANSWER_BYTES: u64 = 64 * MIB;
/// Bytes that a guest may write to an output stream before it asks again.
pub const OUTPUT_PERMIT: usize = 64 * 1024;
/// Stack of the guest's own code, in bytes. Languages with a stack in linear memory bring their own limit as well.
pub const WASM_STACK: usize = 1024 * 1024;
/// Stack of the guest's code and of the host functions that it calls, in bytes.
pub const ASYNC_STACK: usize = 2 * 1024 * 1024;
/// Linear memories of one component.
pub const MEMORIES: u32 = 16;
/// Tables of one component.
pub const TABLES: u32 = 64;
/// Core instances of one component. A Python guest has some dozens.
pub const CORE_INSTANCES: u32 = 256;
/// The same for a program of WASI 0.3, whose every instance may wait on a stack of its own.
pub const CORE_INSTANCES_03: u32 = 32;
/// What the host keeps of a program of WASI 0.3 to let its tasks wait: tasks, streams and their ends.
pub const TASKS: usize = 8192;
/// Elements of one table.
pub const TABLE_ELEMENTS: usize = 100_000;

/// Bytes of a guest's memory that stay with the host when it ends, wiped, for the next one: fresh pages are what an
/// interpreter's start spends most of its time on.
pub const KEPT_RESIDENT: usize = 4 * 1024 * 1024;
/// Memories that are kept like that.
pub const WARM_SLOTS: u32 = 16;

const MIB: u64 = 1024 * 1024;

/// Counts what all memories and tables of one guest take together, and refuses what is over its limit.
#[derive(Debug)]
pub struct MemoryLimit {
    limit: u64,
    used: u64,
    last_grant: u64,
    asked_for: Option<u64>,
}

impl MemoryLimit {
    /// A count that starts at nothing and ends at `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            last_grant: 0,
            asked_for: None,
        }
    }

    /// What was refused, as a sentence for people. None: nothing was.
    pub fn refusal(&self) -> Option<String> {
        let asked = self.asked_for?.div_ceil(MIB);
        Some(format!(
            "asked for {asked} MB of memory, may have {} MB",
            self.limit / MIB
        ))
    }

    fn grow(&mut self, bytes: u64) -> bool {
        let asked = self.used.saturating_add(bytes);
        if asked > self.limit {
            self.asked_for = self.asked_for.max(Some(asked));
            return false;
        }
        self.used = asked;
        self.last_grant = bytes;
        true
    }

    fn take_back(&mut self) {
        self.used -= std::mem::take(&mut self.last_grant);
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Past the memory's own maximum the guest refuses itself: that is not our limit, and is not remembered.
        let own_limit = maximum.is_some_and(|maximum| desired > maximum);
        Ok(!own_limit && self.grow(desired.saturating_sub(current) as u64))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let own_limit = maximum.is_some_and(|maximum| desired > maximum);
        let elements = desired.saturating_sub(current);
        Ok(!own_limit && self.grow((elements * size_of::<usize>()) as u64))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "the limiter returns no errors")]

    use proptest::prelude::*;

    use super::*;

    const MB: usize = MIB as usize;

    #[test]
    fn memories_and_tables_are_added_up() {
        let mut limit = MemoryLimit::new(64 * MIB);
        for _ in 0..6 {
            assert!(limit.memory_growing(0, 10 * MB, None).unwrap());
        }
        assert!(limit.table_growing(0, MB / size_of::<usize>(), None).unwrap());
        assert_eq!(limit.refusal(), None);
        assert!(!limit.memory_growing(10 * MB, 14 * MB, None).unwrap());
        assert_eq!(limit.refusal().unwrap(), "asked for 65 MB of memory, may have 64 MB");
    }

    #[test]
    fn what_could_not_be_had_is_not_counted() {
        let mut limit = MemoryLimit::new(2 * MIB);
        assert!(limit.memory_growing(0, 2 * MB, None).unwrap());
        limit.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert!(limit.memory_growing(0, 2 * MB, None).unwrap());
    }

    #[test]
    fn a_guest_that_hits_its_own_maximum_did_not_hit_ours() {
        let mut limit = MemoryLimit::new(2 * MIB);
        assert!(!limit.memory_growing(0, 3 * MB, Some(MB)).unwrap());
        assert_eq!(limit.refusal(), None);
    }

    proptest! {
        #[test]
        fn no_order_of_growth_gets_past_the_limit(steps in prop::collection::vec((0_usize..8, 0_usize..40 * MB), 0..40)) {
            let mut limit = MemoryLimit::new(64 * MIB);
            let mut memories = [0_usize; 8];
            for (memory, delta) in steps {
                let desired = memories[memory] + delta;
                if limit.memory_growing(memories[memory], desired, None).unwrap() {
                    memories[memory] = desired;
                }
                prop_assert!(memories.iter().sum::<usize>() <= 64 * MB);
            }
        }
    }
}
