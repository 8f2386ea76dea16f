//! Counts of which most are 0: those alone that are not.

/// Rows of counts, as words of documents or genes of cells: a sparse matrix.
///
/// ```
/// use elbo_data::Sparse;
///
/// let counts = Sparse { offsets: vec![0, 2, 2], columns: vec![0, 4], counts: vec![1, 2], width: 5, names: None };
/// assert_eq!(counts.rows(), 2);
/// assert_eq!((counts.at(0, 4), counts.at(0, 3)), (2, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sparse {
    /// Row r has the entries `offsets[r]..offsets[r + 1]`; one more than there are rows.
    pub offsets: Vec<usize>,
    /// The column of each entry, from 0, rising within a row.
    pub columns: Vec<u32>,
    /// The count of each, at least 1.
    pub counts: Vec<u32>,
    /// The number of columns.
    pub width: usize,
    /// Their names.
    pub names: Option<Vec<String>>,
}

impl Sparse {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The columns of a row that are not 0, and their counts.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, row: usize) -> (&[u32], &[u32]) {
        let entries = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[entries.clone()], &self.counts[entries])
    }

    /// The count of a row in a column, both from 0.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn at(&self, row: usize, column: usize) -> u32 {
        let (columns, counts) = self.row(row);
        columns.binary_search_by(|&other| (other as usize).cmp(&column)).map_or(0, |place| counts[place])
    }

    /// These rows, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        let mut chosen = Self {
            offsets: vec![0],
            columns: Vec::new(),
            counts: Vec::new(),
            width: self.width,
            names: self.names.clone(),
        };
        for &row in rows {
            let (columns, counts) = self.row(row);
            chosen.columns.extend_from_slice(columns);
            chosen.counts.extend_from_slice(counts);
            chosen.offsets.push(chosen.columns.len());
        }
        chosen
    }

    /// These columns, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such column, or one is chosen twice.
    #[must_use]
    pub fn at_columns(&self, columns: &[usize]) -> Self {
        let mut place = vec![None; self.width];
        for (new, &old) in columns.iter().enumerate() {
            let before = place[old].replace(new as u32);
            assert!(before.is_none(), "column {old} is chosen twice");
        }
        let names = self.names.as_ref().map(|names| columns.iter().map(|&old| names[old].clone()).collect());
        let mut kept =
            Self { offsets: vec![0], columns: Vec::new(), counts: Vec::new(), width: columns.len(), names };
        for row in 0..self.rows() {
            let (of, counts) = self.row(row);
            let moved =
                of.iter().zip(counts).filter_map(|(&old, &count)| Some((place[old as usize]?, count)));
            let mut entries: Vec<(u32, u32)> = moved.collect();
            entries.sort_unstable();
            for (column, count) in entries {
                kept.columns.push(column);
                kept.counts.push(count);
            }
            kept.offsets.push(kept.columns.len());
        }
        kept
    }
}
