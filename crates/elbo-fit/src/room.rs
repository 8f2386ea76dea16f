//! Whether what is asked for has room in memory, before any of it is taken.

use sysinfo::System;

use crate::{error::Error, text::Text};

/// Bytes that are free: of the machine, and of the group of processes that this one may be in.
fn free() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let of_machine = system.available_memory();
    let of_group = system.cgroup_limits().map(|of| of.total_memory.saturating_sub(of.rss));
    let free = of_group.filter(|free| *free > 0).map_or(of_machine, |free| free.min(of_machine));
    // Where it cannot be told, all is tried.
    if free > 0 { free } else { u64::MAX }
}

/// Refuses what takes more bytes than are free, and says what would take less.
pub(crate) fn check_room(what: &str, bytes: u64, remedy: impl Into<Text>) -> Result<(), Error> {
    let free = free();
    if bytes <= free {
        return Ok(());
    }
    Err(Error::request(format!("{what} take {} of memory, and {} are free", size(bytes), size(free)), remedy))
}

/// The bytes of this many numbers of 8 bytes; the greatest number where they are more.
pub(crate) fn numbers(sizes: &[usize]) -> u64 {
    sizes.iter().fold(8, |product: u64, &size| product.saturating_mul(size as u64))
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB")];
    let (unit, name) = units.into_iter().find(|(unit, _)| bytes as f64 >= *unit).unwrap_or((1e3, "kB"));
    format!("{:.1} {name}", bytes as f64 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_any_machine_is_refused() {
        assert!(check_room("ten numbers", numbers(&[10]), "").is_ok());
        for sizes in [&[usize::MAX, usize::MAX][..], &[1 << 60]] {
            let error = check_room("the matrices", numbers(sizes), "give fewer").unwrap_err();
            assert!(error.to_string().contains("PB of memory, and "), "{error}");
        }
        assert_eq!(size(12_345_678_901), "12.3 GB");
    }
}
