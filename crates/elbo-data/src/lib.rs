//! Files to data sets, and results to files.
