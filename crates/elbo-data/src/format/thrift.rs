//! Thrift's compact form, as far as sizes of Parquet have to be checked before their reader believes them.

/// Bytes from a place in a structure on. What reads them is `None` where they end too early, or are none.
pub(super) struct Compact<'a>(pub(super) &'a [u8]);

/// The kind of a field, or of the elements of a list.
pub(super) type Kind = u8;

impl Compact<'_> {
    /// The end of a structure.
    pub(super) const STOP: Kind = 0;
    /// A number of 32 bits.
    pub(super) const NUMBER: Kind = 5;
    /// A list.
    pub(super) const LIST: Kind = 9;
    /// A structure.
    pub(super) const STRUCTURE: Kind = 12;

    /// How deep structures are looked into.
    const DEEPEST: usize = 64;

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn pass(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    /// A number that is not negative: seven bits a byte, the lowest first.
    fn length(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number: 0, −1, 1, −2, … are written as 0, 1, 2, 3, …
    pub(super) fn number(&mut self) -> Option<i64> {
        let zigzag = self.length()?;
        Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    /// The number and the kind of the next field, of which `last` is the number before.
    pub(super) fn field(&mut self, last: i64) -> Option<(i64, Kind)> {
        let head = self.byte()?;
        let (step, kind) = (i64::from(head >> 4), head & 15);
        let id = match (kind, step) {
            (Self::STOP, _) => last,
            (_, 0) => self.number()?,
            _ => last + step,
        };
        Some((id, kind))
    }

    /// How many elements a list has, and their kind.
    pub(super) fn list(&mut self) -> Option<(u64, Kind)> {
        let head = self.byte()?;
        let few = u64::from(head >> 4);
        Some((if few == 15 { self.length()? } else { few }, head & 15))
    }

    /// Passes over what a field holds.
    pub(super) fn skip(&mut self, kind: Kind) -> Option<()> {
        self.skip_within(kind, Self::DEEPEST)
    }

    fn skip_within(&mut self, kind: Kind, deepest: usize) -> Option<()> {
        let deepest = deepest.checked_sub(1)?;
        match kind {
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.length().map(drop),
            7 => self.pass(8),
            8 => {
                let length = self.length()?;
                self.pass(length)
            }
            Self::LIST | 10 => {
                let (length, kind) = self.list()?;
                (0..length).try_for_each(|_| self.skip_element(kind, deepest))
            }
            11 => {
                let length = self.length()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                (0..length).try_for_each(|_| {
                    self.skip_element(kinds >> 4, deepest)?;
                    self.skip_element(kinds & 15, deepest)
                })
            }
            Self::STRUCTURE => loop {
                match self.field(0)?.1 {
                    Self::STOP => return Some(()),
                    kind => self.skip_within(kind, deepest)?,
                }
            },
            13 => self.pass(16),
            _ => None,
        }
    }

    /// Goes behind an element of a list or a map: there a boolean takes a byte, so that no number of elements is without bytes.
    fn skip_element(&mut self, kind: Kind, deepest: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.pass(1) } else { self.skip_within(kind, deepest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list announces 2³¹ − 1 booleans, and a map as many pairs: one look at what is left of the bytes tells.
    #[test]
    fn elements_have_bytes() {
        let most = [0xff, 0xff, 0xff, 0xff, 0x07];
        for (kind, head) in [(Compact::LIST, &[0xf1][..]), (Compact::LIST, &[0xf2]), (11, &[])] {
            let bytes = [head, &most, &[0x11, 1, 2, 1]].concat();
            assert_eq!(Compact(&bytes).skip(kind), None);
        }
    }

    #[test]
    fn fields_are_found_behind_others() {
        // 1: i32 −3; 2: "ab"; 4: [[true], []] of lists; 5: { 1: byte }; 20: map of a byte and a double; 21: i32 300.
        let map = [&[0x0b, 40, 1, 0x37, 1][..], &[0; 8]].concat();
        let bytes = [
            &[0x15, 5, 0x18, 2, b'a', b'b', 0x29, 0x29, 0x11, 1, 0x03, 0x1c, 0x13, 7, 0][..],
            &map,
            &[0x15, 0xd8, 4, 0],
        ]
        .concat();
        let mut compact = Compact(&bytes);
        assert_eq!((compact.field(0), compact.number()), (Some((1, Compact::NUMBER)), Some(-3)));
        let mut id = 1;
        for (expected, of) in [(2, 8), (4, Compact::LIST), (5, Compact::STRUCTURE), (20, 11)] {
            let kind;
            (id, kind) = compact.field(id).unwrap();
            assert_eq!((id, kind), (expected, of));
            compact.skip(kind).unwrap();
        }
        assert_eq!((compact.field(id), compact.number()), (Some((21, Compact::NUMBER)), Some(300)));
        assert_eq!((compact.field(21), compact.field(21)), (Some((21, Compact::STOP)), None));
    }

    #[test]
    fn what_ends_too_early_or_lies_too_deep_is_none() {
        assert_eq!(Compact(&[0xff; 20]).number(), None);
        assert_eq!(Compact(&[5, b'a']).skip(8), None);
        assert_eq!(Compact(&[0x1c; 1000]).skip(Compact::STRUCTURE), None);
        assert_eq!(Compact(&[0xff, 0xff, 0xff, 0xff, 0x7f]).skip(Compact::LIST), None);
    }
}
