//! Whether there is memory for what a file tells of itself, before any is taken.

use std::path::Path;

use crate::error::Error;

/// Checks that this many bytes can be held: they may lie in a temporary file, or the memory for them is free.
pub(crate) fn check_room(path: &Path, bytes: u64, memory: Option<u64>) -> Result<(), Error> {
    // Where memory is bounded, more lies in a file.
    match free() {
        Some(free) if memory.is_none() && bytes > free => {
            Err(Error::Room { path: path.to_owned(), bytes, free })
        }
        _ if bytes > MOST => Err(Error::Room { path: path.to_owned(), bytes, free: MOST }),
        _ => Ok(()),
    }
}

/// The most bytes of any table.
const MOST: u64 = 1 << 42;

/// The bytes of memory that the system says are free, where it says so.
fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}
