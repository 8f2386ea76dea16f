//! The numbers of a data set: in memory, or in a file where they take more than may be held.

use std::env;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::ops::Deref;
use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use bytemuck::Pod;
use memmap2::Mmap;

use crate::Error;

/// Numbers, row after row: a slice, wherever they lie.
///
/// Those that take more memory than [`ReadOptions::memory`](crate::ReadOptions::memory) lie in a temporary file that
/// has no name and ends with the program, in the folder [`std::env::temp_dir`] (`TMPDIR` on Unix). It is mapped; on
/// Linux, what was read of it is given back whenever it has come to a quarter of that memory.
#[derive(Debug)]
pub struct Cells<T = f32>(Place<T>);

#[derive(Debug)]
enum Place<T> {
    Memory(Vec<T>),
    File { map: Arc<Mmap>, file: File, len: usize },
}

/// What cells are: `f32`, which neural networks compute with, or `f64`.
pub trait Number: Pod + PartialOrd + FromStr + Into<f64> {
    /// What a missing cell is.
    const MISSING: Self;

    /// The nearest to a number; infinite beyond the range.
    fn of(value: f64) -> Self;
}

impl Number for f32 {
    const MISSING: Self = Self::NAN;

    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    const MISSING: Self = Self::NAN;

    fn of(value: f64) -> Self {
        value
    }
}

/// Numbers written at a time: 64 KiB of f32. Linux keeps what is written at once as one page, and maps it whole for one row.
const PIECE: usize = 1 << 14;

/// How often to look at the memory that the mapped file takes: a pass over all rows reads some ten MiB meanwhile.
const LOOK: Duration = Duration::from_millis(5);

impl<T: Number> Cells<T> {
    /// The bytes that they hold in memory; none where they lie in a file.
    pub fn held(&self) -> u64 {
        match &self.0 {
            Place::Memory(values) => size_of_val(values.as_slice()) as u64,
            Place::File { .. } => 0,
        }
    }

    /// Keeps the first `len` numbers only.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Place::Memory(values) => values.truncate(len),
            Place::File { len: all, .. } => *all = len.min(*all),
        }
    }

    /// Replaces each row of `width` numbers by the first `kept` of what `change` makes of it.
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where the temporary file cannot be written.
    ///
    /// # Panics
    ///
    /// If `width` is 0 or less than `kept`.
    pub fn change(
        &mut self,
        width: usize,
        kept: usize,
        mut change: impl FnMut(&mut [T]),
    ) -> Result<(), Error> {
        let mut change_rows = |values: &mut Vec<T>| {
            let rows = values.len() / width;
            for row in 0..rows {
                let start = row * width;
                change(&mut values[start..start + width]);
                values.copy_within(start..start + kept, row * kept);
            }
            values.truncate(rows * kept);
        };
        match &mut self.0 {
            Place::Memory(values) => change_rows(values),
            Place::File { map, file, len } => {
                file.rewind().map_err(spill)?;
                // What is written never overtakes what is read. Not through the map: on a full disk that is a signal.
                for piece in numbers::<T>(map, *len).chunks(PIECE.next_multiple_of(width)) {
                    let mut values = piece.to_vec();
                    change_rows(&mut values);
                    file.write_all(bytemuck::cast_slice(&values)).map_err(spill)?;
                }
                *len = *len / width * kept;
            }
        }
        Ok(())
    }

    /// The numbers of a file, from its start; `memory` is what they may take, in bytes.
    #[allow(unsafe_code, reason = "to map a file is to trust the system that it does not change")]
    fn of_file(file: File, len: usize, memory: u64) -> io::Result<Self> {
        // SAFETY: the file has no name and no other handle: nobody else can change or shorten it. `change` writes to
        // it while no slice of it is out.
        let map = Arc::new(unsafe { Mmap::map(&file) }?);
        give_back(Arc::downgrade(&map), memory / 4)?;
        Ok(Self(Place::File { map, file, len }))
    }
}

/// Gives the pages of a map back whenever they take more than so many bytes, for as long as the map is there.
#[allow(unsafe_code, reason = "that a page given back is read again is the system's promise")]
fn give_back(map: Weak<Mmap>, most: u64) -> io::Result<()> {
    let own = mapped_bytes();
    if own == 0 {
        return Ok(());
    }
    let look = move || {
        while let Some(map) = map.upgrade() {
            if mapped_bytes() > own + most {
                #[cfg(unix)]
                // SAFETY: nothing is written through the map: a page read again comes from the file as it was. Where
                // the system refuses, the memory is its own to take.
                let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            }
            drop(map);
            thread::sleep(LOOK);
        }
    };
    thread::Builder::new().name("pages".into()).spawn(look).map(drop)
}

/// The resident memory of this process that mapped files take, its own program first, in bytes; 0 where the system
/// does not tell: it is not Linux.
fn mapped_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssFile:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).map_or(0, |kib: u64| kib << 10)
}

impl<T: Number> Deref for Cells<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Memory(values) => values,
            Place::File { map, len, .. } => numbers(map, *len),
        }
    }
}

impl<T> From<Vec<T>> for Cells<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Place::Memory(values))
    }
}

fn numbers<T: Number>(map: &Mmap, len: usize) -> &[T] {
    &bytemuck::cast_slice(map)[..len]
}

fn spill(cause: io::Error) -> Error {
    Error::Spill { folder: env::temp_dir(), cause }
}

/// Numbers as they are read, in memory until they take too much of it.
pub(crate) struct Collector<T> {
    held: Vec<T>,
    /// The most numbers to hold.
    room: usize,
    memory: u64,
    /// The numbers before those held, and how many.
    file: Option<File>,
    written: usize,
}

impl<T: Number> Collector<T> {
    /// A collector that holds so many bytes at most.
    pub(crate) fn new(memory: Option<u64>) -> Self {
        let memory = memory.unwrap_or(u64::MAX);
        let room = (memory / size_of::<T>() as u64) as usize;
        Self { held: Vec::new(), room, memory, file: None, written: 0 }
    }

    pub(crate) fn push(&mut self, value: T) -> Result<(), Error> {
        if self.held.len() >= self.room {
            self.write().map_err(spill)?;
        }
        self.held.push(value);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Cells<T>, Error> {
        if self.file.is_some() {
            self.write().map_err(spill)?;
        }
        match self.file {
            Some(file) => Cells::of_file(file, self.written, self.memory).map_err(spill),
            None => Ok(self.held.into()),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        for piece in self.held.chunks(PIECE) {
            file.write_all(bytemuck::cast_slice(piece))?;
        }
        self.written += self.held.len();
        self.held = Vec::with_capacity(PIECE);
        self.room = PIECE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(numbers: usize, memory: Option<u64>) -> Cells {
        let mut collector = Collector::new(memory);
        for number in 0..numbers {
            collector.push(number as f32).unwrap();
        }
        collector.finish().unwrap()
    }

    #[test]
    fn in_memory_as_long_as_they_fit() {
        assert_eq!(collected(6, None).held(), 24);
        assert_eq!(collected(6, Some(24)).held(), 24);
        for memory in [0, 3, 23] {
            let cells = collected(6, Some(memory));
            assert_eq!((cells.held(), &cells[..]), (0, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..]));
        }
    }

    #[test]
    fn a_file_and_memory_hold_the_same() {
        // More than two pieces, and not whole ones.
        let numbers = 3 * 200_001;
        let (mut memory, mut file) = (collected(numbers, None), collected(numbers, Some(1000)));
        assert!(memory.held() > 0 && file.held() == 0);
        for cells in [&mut memory, &mut file] {
            cells
                .change(3, 2, |row| {
                    row[0] = row[2];
                    row[1] *= -0.5;
                })
                .unwrap();
            assert_eq!(cells.len(), 2 * 200_001);
            assert_eq!(cells[cells.len() - 2..], [600_002.0, -300_000.5]);
        }
        assert!(memory[..] == file[..]);
        // Past the time after which pages are given back.
        thread::sleep(4 * LOOK);
        assert!(memory[..] == file[..]);
        for cells in [&mut memory, &mut file] {
            cells.truncate(5);
            assert_eq!(cells[..], [2.0, -0.5, 5.0, -2.0, 8.0]);
        }
    }
}
