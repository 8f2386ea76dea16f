//! The numbers of a data set: in memory, or in a file where they take more than may be held.

use std::any::Any;
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
    /// Which of the two it is.
    const PRECISION: Precision;

    /// The nearest to a number; infinite beyond the range.
    fn of(value: f64) -> Self;
}

/// Which floats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 64 bits.
    #[default]
    Double,
}

impl Number for f32 {
    const MISSING: Self = Self::NAN;
    const PRECISION: Precision = Precision::Single;

    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    const MISSING: Self = Self::NAN;
    const PRECISION: Precision = Precision::Double;

    fn of(value: f64) -> Self {
        value
    }
}

/// Numbers written at a time: 64 KiB of f32. Linux keeps what is written at once as one page, and maps it whole for one row.
pub(crate) const PIECE: usize = 1 << 14;

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

    /// Keeps these columns of rows of `width` numbers, in this order.
    pub(crate) fn keep_columns(&mut self, width: usize, columns: &[usize]) -> Result<(), Error> {
        let mut stored = vec![T::MISSING; width];
        self.change(width, columns.len(), |row| {
            stored.copy_from_slice(row);
            columns.iter().zip(row).for_each(|(&column, value)| *value = stored[column]);
        })
    }

    /// The numbers of a file, from its start; `memory` is what they may take, in bytes.
    #[allow(unsafe_code, reason = "to map a file is to trust the system that it does not change")]
    pub(crate) fn of_file(file: File, len: usize, memory: u64) -> io::Result<Self> {
        // SAFETY: the file has no name and no other handle: nobody else can change or shorten it. `change` writes to
        // it while no slice of it is out.
        let map = Arc::new(unsafe { Mmap::map(&file) }?);
        give_back(Arc::downgrade(&map), memory / 4)?;
        Ok(Self(Place::File { map, file, len }))
    }
}

/// Gives the pages of a map back to the system whenever they take more than this many bytes, as long as the map is there.
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

pub(crate) fn spill(cause: io::Error) -> Error {
    Error::Spill { folder: env::temp_dir(), cause }
}

/// Numbers of either kind, as they were read.
#[derive(Debug)]
pub enum Numbers {
    /// 32-bit floats.
    F32(Cells<f32>),
    /// 64-bit floats.
    F64(Cells<f64>),
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(cells) => cells.len(),
            Self::F64(cells) => cells.len(),
        }
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `i`, from 0; NaN where it is missing.
    ///
    /// # Panics
    ///
    /// It panics where there is no cell number `i`.
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::F32(cells) => cells[i].into(),
            Self::F64(cells) => cells[i],
        }
    }

    /// The bytes that they hold in memory; none where they lie in a file.
    pub fn held(&self) -> u64 {
        match self {
            Self::F32(cells) => cells.held(),
            Self::F64(cells) => cells.held(),
        }
    }

    /// The cells, where they are of this kind.
    ///
    /// # Errors
    ///
    /// The numbers as they are, where they are of the other kind.
    pub fn cells<T: Number>(self) -> Result<Cells<T>, Self> {
        let held: Box<dyn Any> = match self {
            Self::F32(cells) => Box::new(cells),
            Self::F64(cells) => Box::new(cells),
        };
        let other = match held.downcast::<Cells<T>>() {
            Ok(cells) => return Ok(*cells),
            Err(other) => other,
        };
        Err(match other.downcast() {
            Ok(cells) => Self::F32(*cells),
            Err(other) => Self::F64(*other.downcast().unwrap_or_else(|_| unreachable!("one of two kinds"))),
        })
    }
}

impl From<Cells<f32>> for Numbers {
    fn from(cells: Cells<f32>) -> Self {
        Self::F32(cells)
    }
}

impl From<Cells<f64>> for Numbers {
    fn from(cells: Cells<f64>) -> Self {
        Self::F64(cells)
    }
}
