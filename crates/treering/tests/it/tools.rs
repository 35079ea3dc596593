//! The tools that say what is on disk, and make something else of it.

mod injury;
mod made;

mod convert;
#[cfg(target_os = "linux")]
mod hostile;
mod ls;
mod pages;
mod repair;
mod repair_store;
mod verify;
mod verify_beside;
mod verify_host;
