//! Sixteen f32 at a time: the accumulators of a product.

/// Sixteen numbers in the registers of a level.
pub(crate) trait Vector: Copy {
    /// The rows of a tile of a product: as many as the registers hold.
    const ROWS: usize;
    /// Whether a tile holds a whole [`Row`](crate::Row) of 32 columns, or half of it at a time.
    const WHOLE: bool;

    /// Sixteen times the same.
    fn splat(x: f32) -> Self;
    /// Sixteen neighbours.
    fn load(x: &[f32; 16]) -> Self;
    /// Back to memory.
    fn store(self, x: &mut [f32; 16]);
    /// `self + a · b`, rounded once.
    fn add_product(self, a: Self, b: Self) -> Self;
}

impl Vector for [f32; 16] {
    const ROWS: usize = 4;
    const WHOLE: bool = false;

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
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

// The methods are only ever inlined into functions that `kernel!` compiles with these instructions.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::Vector;

    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    impl Vector for Avx512 {
        const ROWS: usize = 8;
        const WHOLE: bool = true;

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
    }

    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256, __m256);

    impl Vector for Avx2 {
        const ROWS: usize = 6;
        const WHOLE: bool = false;

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
    }
}
