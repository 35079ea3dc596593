//! The file's shape: a struct per object, a field per key.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::scalar::{ByName, HowToAggregate, Interval, Object, OneOf, Positive, Small, Whole};
use super::{CleanupMode, FileFormat};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) main: Option<Object<Main>>,
    pub(super) metrics: ByName<Object<Metric>>,
    #[serde(rename = "metric-store")]
    pub(super) store: Object<Store>,
    pub(super) nats: Option<Object<Nats>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Main {
    pub(super) addr: Option<String>,
    pub(super) https_cert_file: Option<String>,
    pub(super) https_key_file: Option<String>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    pub(super) jwt_public_key: Option<String>,
    pub(super) backend_url: Option<String>,
    pub(super) debug: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    pub(super) frequency: Interval,
    pub(super) aggregation: HowToAggregate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Store {
    pub(super) retention_in_memory: Positive,
    pub(super) memory_cap: Whole,
    pub(super) num_workers: Option<Small>,
    pub(super) checkpoint_interval: Option<Positive>,
    pub(super) checkpoints: Option<Object<Checkpoints>>,
    pub(super) cleanup: Option<Object<Cleanup>>,
    pub(super) nats_subscriptions: Option<Vec<Object<Subscription>>>,
    pub(super) debug: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Checkpoints {
    pub(super) file_format: Option<OneOf<FileFormat>>,
    pub(super) directory: Option<String>,
    pub(super) max_wal_size: Option<Whole>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cleanup {
    pub(super) mode: Option<OneOf<CleanupMode>>,
    pub(super) directory: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Subscription {
    pub(super) subscribe_to: String,
    pub(super) cluster_tag: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Nats {
    pub(super) address: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) creds_file_path: Option<String>,
}
