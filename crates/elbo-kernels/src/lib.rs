//! Fused tensor operations with hand-written backward passes.
//!
//! Empty for now: every operation runs as a plain composition on the tensor engine.
