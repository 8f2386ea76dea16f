//! Numbers as they are read: in memory, until they take too much of it.

use std::fs::File;
use std::io::{self, Write};

use crate::Error;
use crate::cells::{Cells, Number, PIECE, spill};

/// Numbers as they are read, in memory until they take too much of it.
pub(crate) struct SpillBuffer<T> {
    held: Vec<T>,
    /// The most numbers to hold.
    room: usize,
    memory: u64,
    /// The numbers before those held, and how many.
    file: Option<File>,
    written: usize,
}

impl<T: Number> SpillBuffer<T> {
    /// A collector that holds at most this many bytes in memory.
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

    pub(crate) fn extend(&mut self, mut values: impl ExactSizeIterator<Item = T>) -> Result<(), Error> {
        if values.len() <= self.room - self.held.len() {
            self.held.extend(values);
            return Ok(());
        }
        values.try_for_each(|value| self.push(value))
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
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn collected(numbers: usize, memory: Option<u64>) -> Cells {
        let mut collector = SpillBuffer::new(memory);
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
        thread::sleep(Duration::from_millis(20));
        assert!(memory[..] == file[..]);
        for cells in [&mut memory, &mut file] {
            cells.truncate(5);
            assert_eq!(cells[..], [2.0, -0.5, 5.0, -2.0, 8.0]);
        }
    }
}
