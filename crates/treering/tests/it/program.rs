//! The program from outside: started as a process, judged by its exit code, its output and its files.

pub(crate) mod files;
pub(crate) mod process;
pub(crate) mod samples;

mod collecting;
mod configured;
mod damaged;
mod dump_beside;
mod dump_file;
mod dump_store;
mod input;
mod json;
mod lives;
mod messages;
mod refusals;
mod stopping;
mod usage;
