//! What holds of the workspace as a whole: its floors, and its documents.

#![allow(missing_docs)]

mod documents;
mod floors;
