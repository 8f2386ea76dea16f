//! Sixteen f32 at a time, the accumulators of a product, and eight f64.

/// The number of f64 that are summed apart, in the registers of a level.
pub const LANES: usize = 8;

/// Neighbours of a row. Rows are padded to whole lanes, with components that are 0 and count for nothing.
pub type Lanes = [f64; LANES];

/// Sixteen numbers in the registers of a level.
pub(crate) trait Vector: Copy {
    /// The rows of a tile of a product: as many as the registers hold.
    const ROWS: usize;
    /// Whether a tile holds a whole [`Row`](crate::Row) of 32 columns, or half of it at a time.
    const WHOLE: bool;
    /// Eight f64 in the registers of the same level.
    type Double: Double;

    /// Sixteen times the same.
    fn splat(x: f32) -> Self;
    /// Sixteen neighbours.
    fn load(x: &[f32; 16]) -> Self;
    /// Back to memory.
    fn store(self, x: &mut [f32; 16]);
    /// `self + a · b`, rounded once.
    fn add_product(self, a: Self, b: Self) -> Self;
    /// Sixteen rows of sixteen become columns.
    fn transpose(rows: [Self; 16]) -> [Self; 16];
}

/// Eight f64 in the registers of a level. Products and sums are rounded one by one.
pub(crate) trait Double: Copy {
    /// Eight times the same.
    fn splat(x: f64) -> Self;
    /// Eight neighbours.
    fn load(x: &Lanes) -> Self;
    /// Back to memory.
    fn store(self, x: &mut Lanes);
    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self · other`.
    fn multiply(self, other: Self) -> Self;
}

impl Double for Lanes {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        [x; LANES]
    }

    #[inline(always)]
    fn load(x: &Lanes) -> Self {
        *x
    }

    #[inline(always)]
    fn store(self, x: &mut Lanes) {
        *x = self;
    }

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self[i] += other[i];
        }
        self
    }

    #[inline(always)]
    fn multiply(mut self, other: Self) -> Self {
        for i in 0..LANES {
            self[i] *= other[i];
        }
        self
    }
}

impl Vector for [f32; 16] {
    const ROWS: usize = 4;
    const WHOLE: bool = false;
    type Double = Lanes;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        [x; 16]
    }

    #[inline(always)]
    fn load(x: &[f32; 16]) -> Self {
        *x
    }

    #[inline(always)]
    fn store(self, x: &mut [f32; 16]) {
        *x = self;
    }

    #[inline(always)]
    fn add_product(mut self, a: Self, b: Self) -> Self {
        for i in 0..16 {
            self[i] = a[i].mul_add(b[i], self[i]);
        }
        self
    }

    #[inline(always)]
    fn transpose(rows: [Self; 16]) -> [Self; 16] {
        std::array::from_fn(|i| std::array::from_fn(|j| rows[j][i]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

// The methods are only ever inlined into functions that `kernel!` compiles with these instructions.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_add_pd, _mm256_fmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps,
        _mm256_mul_pd, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps, _mm512_add_pd,
        _mm512_castpd_ps, _mm512_castps_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mul_pd,
        _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps, _mm512_shuffle_f32x4,
        _mm512_storeu_pd, _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd,
        _mm512_unpacklo_ps,
    };

    use super::{Double, Lanes, Vector};

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    impl Vector for Avx512 {
        const ROWS: usize = 8;
        const WHOLE: bool = true;
        type Double = Avx512Double;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            // SAFETY: `kernel!` has checked that the machine has AVX-512 F.
            Self(unsafe { _mm512_set1_ps(x) })
        }

        #[inline(always)]
        fn load(x: &[f32; 16]) -> Self {
            // SAFETY: as above; the reference is to sixteen numbers, and no alignment is needed.
            Self(unsafe { _mm512_loadu_ps(x.as_ptr()) })
        }

        #[inline(always)]
        fn store(self, x: &mut [f32; 16]) {
            // SAFETY: as for `load`.
            unsafe { _mm512_storeu_ps(x.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn add_product(self, a: Self, b: Self) -> Self {
            // SAFETY: as for `splat`.
            Self(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
        }

        #[inline(always)]
        fn transpose(rows: [Self; 16]) -> [Self; 16] {
            // Pairs of rows, pairs of those, then quarters of registers, twice: four times sixteen shuffles.
            // SAFETY: as for `splat`.
            unsafe {
                let mut out = rows;
                let mut pairs = [_mm512_setzero_pd(); 16];
                for i in 0..8 {
                    let (x, y) = (rows[2 * i].0, rows[2 * i + 1].0);
                    pairs[2 * i] = _mm512_castps_pd(_mm512_unpacklo_ps(x, y));
                    pairs[2 * i + 1] = _mm512_castps_pd(_mm512_unpackhi_ps(x, y));
                }
                let mut fours = [_mm512_setzero_ps(); 16];
                for i in 0..4 {
                    for j in 0..2 {
                        let (x, y) = (pairs[4 * i + j], pairs[4 * i + j + 2]);
                        fours[4 * i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
                        fours[4 * i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
                    }
                }
                for j in 0..4 {
                    let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[j], fours[j + 4]);
                    let odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[j], fours[j + 4]);
                    let even_below = _mm512_shuffle_f32x4::<0b10_00_10_00>(fours[j + 8], fours[j + 12]);
                    let odd_below = _mm512_shuffle_f32x4::<0b11_01_11_01>(fours[j + 8], fours[j + 12]);
                    out[j] = Self(_mm512_shuffle_f32x4::<0b10_00_10_00>(even, even_below));
                    out[j + 4] = Self(_mm512_shuffle_f32x4::<0b10_00_10_00>(odd, odd_below));
                    out[j + 8] = Self(_mm512_shuffle_f32x4::<0b11_01_11_01>(even, even_below));
                    out[j + 12] = Self(_mm512_shuffle_f32x4::<0b11_01_11_01>(odd, odd_below));
                }
                out
            }
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256, __m256);

    impl Vector for Avx2 {
        const ROWS: usize = 6;
        const WHOLE: bool = false;
        type Double = Avx2Double;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            // SAFETY: `kernel!` has checked that the machine has AVX2 and FMA.
            let x = unsafe { _mm256_set1_ps(x) };
            Self(x, x)
        }

        #[inline(always)]
        fn load(x: &[f32; 16]) -> Self {
            // SAFETY: as above; both halves lie inside the sixteen numbers, and no alignment is needed.
            unsafe { Self(_mm256_loadu_ps(x.as_ptr()), _mm256_loadu_ps(x[8..].as_ptr())) }
        }

        #[inline(always)]
        fn store(self, x: &mut [f32; 16]) {
            // SAFETY: as for `load`.
            unsafe {
                _mm256_storeu_ps(x.as_mut_ptr(), self.0);
                _mm256_storeu_ps(x[8..].as_mut_ptr(), self.1);
            }
        }

        #[inline(always)]
        fn add_product(self, a: Self, b: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm256_fmadd_ps(a.0, b.0, self.0), _mm256_fmadd_ps(a.1, b.1, self.1)) }
        }

        #[inline(always)]
        fn transpose(rows: [Self; 16]) -> [Self; 16] {
            let mut numbers = [[0.0; 16]; 16];
            for (row, numbers) in rows.into_iter().zip(&mut numbers) {
                row.store(numbers);
            }
            <[f32; 16]>::transpose(numbers).map(|row| Self::load(&row))
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512Double(__m512d);

    impl Double for Avx512Double {
        #[inline(always)]
        fn splat(x: f64) -> Self {
            // SAFETY: `kernel!` has checked that the machine has AVX-512 F.
            Self(unsafe { _mm512_set1_pd(x) })
        }

        #[inline(always)]
        fn load(x: &Lanes) -> Self {
            // SAFETY: as above; the reference is to eight numbers, and no alignment is needed.
            Self(unsafe { _mm512_loadu_pd(x.as_ptr()) })
        }

        #[inline(always)]
        fn store(self, x: &mut Lanes) {
            // SAFETY: as for `load`.
            unsafe { _mm512_storeu_pd(x.as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            Self(unsafe { _mm512_add_pd(self.0, other.0) })
        }

        #[inline(always)]
        fn multiply(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            Self(unsafe { _mm512_mul_pd(self.0, other.0) })
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2Double(__m256d, __m256d);

    impl Double for Avx2Double {
        #[inline(always)]
        fn splat(x: f64) -> Self {
            // SAFETY: `kernel!` has checked that the machine has AVX2.
            let x = unsafe { _mm256_set1_pd(x) };
            Self(x, x)
        }

        #[inline(always)]
        fn load(x: &Lanes) -> Self {
            // SAFETY: as above; both halves lie inside the eight numbers, and no alignment is needed.
            unsafe { Self(_mm256_loadu_pd(x.as_ptr()), _mm256_loadu_pd(x[4..].as_ptr())) }
        }

        #[inline(always)]
        fn store(self, x: &mut Lanes) {
            // SAFETY: as for `load`.
            unsafe {
                _mm256_storeu_pd(x.as_mut_ptr(), self.0);
                _mm256_storeu_pd(x[4..].as_mut_ptr(), self.1);
            }
        }

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
        }

        #[inline(always)]
        fn multiply(self, other: Self) -> Self {
            // SAFETY: as for `splat`.
            unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
        }
    }
}
