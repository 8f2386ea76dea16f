//! The program as a user runs it: one binary, since each takes long to link.

#![allow(missing_docs)]

mod arguments;
mod audit;
mod bad_input;
mod chains;
mod common;
mod documents;
mod evidence;
mod fits;
mod formats;
mod golden;
mod infer;
mod latents;
mod mean_field;
mod memory;
mod networks;
mod objectives;
mod per_datum;
mod reading;
mod report;
mod resume;
mod runs;
mod tables;
mod threads;
mod times;
mod took_part;
mod topics;
mod units;
mod verbs;
mod verdicts;
mod wide;
