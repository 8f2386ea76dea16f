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

/// Checks that this many columns can be told of, each of which takes some bytes besides its cells: those are in memory,
/// wherever the cells lie.
pub(crate) fn check_columns(path: &Path, columns: usize, bytes: u64) -> Result<(), Error> {
    check_room(path, bytes.saturating_mul(columns as u64), None)
}

/// The most bytes of any table.
const MOST: u64 = 1 << 42;

/// The bytes of memory that the system says are free, where it says so.
fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_take_memory_without_a_cell() {
        let path = Path::new("a.csv");
        assert!(check_columns(path, 10_000, 1 << 10).is_ok());
        let Err(Error::Room { bytes, .. }) = check_columns(path, 1 << 40, 1 << 10) else {
            panic!("a petabyte")
        };
        assert_eq!(bytes, 1 << 50);
        assert!(check_columns(path, usize::MAX, 2).is_err());
    }
}
