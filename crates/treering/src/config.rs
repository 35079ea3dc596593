//! The configuration file: one JSON object with `metrics`, `metric-store`, and optional `main` and `nats`.
//!
//! [`Config::from_slice`] reads it. Every key that it may hold is known: another one is an error that names it, and so are
//! a key that is there twice and a required one that is missing. Keys that a server would use and this program does not
//! yet are checked for their type and named in a [`Warning`].

mod error;
mod model;
mod place;
mod read;
mod scalar;
mod wire;

pub use error::{ConfigError, Warning};
pub use model::{
    Aggregation, CHECKPOINT_INTERVAL, Cleanup, CleanupMode, Config, DIRECTORY, FileFormat, MetricConfig,
    Subscription,
};
