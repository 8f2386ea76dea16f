//! The line of a file on which each row stands.

/// The line of each row, from 1, kept where it is not the one after that of the row before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// (row, its line), rising by row, from row 0.
    jumps: Vec<(usize, usize)>,
}

impl Default for Lines {
    /// Row 0 stands on line 1, and each other one on the line after the row before.
    fn default() -> Self {
        Self { jumps: vec![(0, 1)] }
    }
}

impl Lines {
    /// The line of a row.
    pub fn of(&self, row: usize) -> usize {
        let next = self.jumps.partition_point(|&(first, _)| first <= row);
        let (first, line) = self.jumps[next - 1];
        line + (row - first)
    }

    /// Says on which line a row is. The rows come in their order, from 0.
    pub(crate) fn put(&mut self, row: usize, line: usize) {
        if self.of(row) != line {
            if row == 0 {
                self.jumps.clear();
            }
            self.jumps.push((row, line));
        }
    }

    /// Those of these rows, in this order.
    #[must_use]
    pub(crate) fn at_rows(&self, rows: &[usize]) -> Self {
        let mut lines = Self::default();
        for (place, &row) in rows.iter().enumerate() {
            lines.put(place, self.of(row));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_where_they_jump() {
        let truth = [3, 4, 6, 7, 20];
        let mut lines = Lines::default();
        truth.iter().enumerate().for_each(|(row, &line)| lines.put(row, line));
        assert_eq!(lines.jumps, [(0, 3), (2, 6), (4, 20)]);
        assert!(truth.iter().enumerate().all(|(row, &line)| lines.of(row) == line));
        assert_eq!((lines.of(5), Lines::default().of(7)), (21, 8));
        let chosen = lines.at_rows(&[4, 0, 1, 1]);
        assert_eq!([0, 1, 2, 3].map(|row| chosen.of(row)), [20, 3, 4, 4]);
    }
}
