//! Which instructions the kernels use, chosen at run time.

use std::sync::OnceLock;

/// An instruction set. Each kernel is written once and compiled for every level.
///
/// Every product of f32 is a chain of fused multiply-adds in the order of its inner index, those of f64 are rounded one
/// by one, every elementary function is made of correctly rounded operations, and every sum has a fixed order: so all
/// levels give the same bits, and differ in speed alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The instructions are those of the compiler's target. On x86-64, where that lacks FMA, each fused multiply-add is
    /// a call, which is slow.
    Portable,
    /// The instructions are AVX2 and FMA: 8 numbers at a time.
    Avx2,
    /// The instructions are AVX-512 F, BW, DQ and VL: 16 numbers at a time.
    Avx512,
}

impl Level {
    /// The best level that this machine has, or, where it is less, the one that the environment variable
    /// `ELBO_LEVEL` names (`portable`, `avx2`, `avx512`; read once).
    ///
    /// ```
    /// use elbo_kernels::Level;
    /// assert!(Level::available().contains(&Level::best()));
    /// ```
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let most = match std::env::var("ELBO_LEVEL").as_deref() {
                Ok("portable") => Self::Portable,
                Ok("avx2") => Self::Avx2,
                _ => Self::Avx512,
            };
            Self::of_machine().min(most)
        })
    }

    /// The levels that this machine has, slowest first.
    pub fn available() -> Vec<Self> {
        let levels = [Self::Portable, Self::Avx2, Self::Avx512];
        levels.into_iter().filter(|&level| level <= Self::of_machine()).collect()
    }

    /// The best level that this machine has.
    pub(crate) fn of_machine() -> Self {
        static MOST: OnceLock<Level> = OnceLock::new();
        *MOST.get_or_init(detect)
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Portable
}

/// Compiles a function for every level. Its first argument becomes the [`Level`] to run at; `V` is that level's
/// [`Vector`](crate::vector::Vector). All that it calls must be `#[inline(always)]`.
macro_rules! kernel {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<$($life:lifetime,)? $V:ident>($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        ///
        /// # Panics
        /// It panics where the machine lacks the level, or a shape is not as said.
        $vis fn $name$(<$life>)?(level: $crate::Level, $($arg: $ty),*) $(-> $ret)? {
            #[allow(clippy::inline_always, reason = "it must be compiled with the instructions of its caller")]
            #[allow(clippy::extra_unused_type_parameters, clippy::too_many_arguments)]
            #[inline(always)]
            fn body<$($life,)? $V: $crate::vector::Vector>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[allow(clippy::too_many_arguments)]
            #[target_feature(enable = "avx2,fma")]
            fn avx2$(<$life>)?($($arg: $ty),*) $(-> $ret)? {
                body::<$crate::vector::Avx2>($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[allow(clippy::too_many_arguments)]
            #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512$(<$life>)?($($arg: $ty),*) $(-> $ret)? {
                body::<$crate::vector::Avx512>($($arg),*)
            }

            assert!(level <= $crate::Level::of_machine(), "this machine has no {level:?} instructions");
            match level {
                $crate::Level::Portable => body::<[f32; 16]>($($arg),*),
                // SAFETY: the machine has AVX2 and FMA, says the assertion.
                #[cfg(target_arch = "x86_64")]
                $crate::Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: the machine has these AVX-512 instructions, says the assertion.
                #[cfg(target_arch = "x86_64")]
                $crate::Level::Avx512 => unsafe { avx512($($arg),*) },
                #[cfg(not(target_arch = "x86_64"))]
                _ => unreachable!("only x86-64 has them"),
            }
        }
    };
}
pub(crate) use kernel;
