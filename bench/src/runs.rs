//! Runs that are no rows: opening any directory, leaving one behind, and what the memory rows start.

pub mod instructions;
pub mod leave;
pub mod load;
pub mod profile;
pub mod resident;
