//! The tools that say what is on disk, and make something else of it.

mod made;

mod hostile;
mod ls;
mod verify;
mod verify_beside;
mod verify_host;
