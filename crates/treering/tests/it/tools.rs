//! The tools that say what is on disk, and make something else of it.

mod injury;
mod made;

mod convert;
#[cfg(target_os = "linux")]
mod docs;
#[cfg(target_os = "linux")]
mod every_tool;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod hostile_entries;
#[cfg(target_os = "linux")]
mod hostile_names;
mod ls;
mod pages;
mod pipes;
mod repair;
mod repair_store;
mod verify;
mod verify_beside;
mod verify_host;
