//! From bytes to a checked configuration.

use std::num::{NonZeroU32, NonZeroU64};

use serde_json::error::Category;

use super::place::{offset_of, path_at};
use super::scalar::{Object, OneOf};
use super::{
    CHECKPOINT_INTERVAL, Cleanup, CleanupMode, Config, ConfigError, DIRECTORY, MetricConfig, Subscription,
    Warning, wire,
};

impl Config {
    /// Reads a configuration file's content.
    ///
    /// ```
    /// use treering::config::Config;
    ///
    /// let (config, warnings) = Config::from_slice(br#"{
    ///     "metrics": {"cpu_load": {"frequency": 60, "aggregation": null}},
    ///     "metric-store": {"retention-in-memory": "48h", "memory-cap": 0}
    /// }"#)?;
    /// assert_eq!(config.metrics["cpu_load"].interval_s.get(), 60);
    /// assert!(warnings.is_empty());
    ///
    /// let error = Config::from_slice(br#"{"metrics": {"cpu_load": {"frequency": 0}}}"#).unwrap_err();
    /// assert!(error.to_string().starts_with("metrics.cpu_load.frequency: "));
    /// # Ok::<(), treering::config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// - `Syntax`: it is not JSON.
    /// - `Key`: the first key that is unknown, missing, double, of the wrong type or out of range.
    pub fn from_slice(text: &[u8]) -> Result<(Self, Vec<Warning>), ConfigError> {
        let Object(file): Object<wire::File> =
            serde_json::from_slice(text).map_err(|error| explain(text, &error))?;
        let warnings = warnings(&file);
        Ok((checked(file), warnings))
    }
}

fn checked(file: wire::File) -> Config {
    let wire::File { metrics, store: Object(store), .. } = file;
    let checkpoints = store.checkpoints.map_or_else(Default::default, |Object(checkpoints)| checkpoints);
    let cleanup = store.cleanup.map_or_else(Default::default, |Object(cleanup)| cleanup);
    let metric = |(name, Object(metric)): (String, Object<wire::Metric>)| {
        (name, MetricConfig { interval_s: metric.frequency.0, aggregation: metric.aggregation.0 })
    };
    let subscription = |Object(wire): Object<wire::Subscription>| Subscription {
        subject: wire.subscribe_to,
        cluster: wire.cluster_tag.filter(|tag| !tag.is_empty()),
    };
    Config {
        metrics: metrics.0.into_iter().map(metric).collect(),
        retention: store.retention_in_memory.0,
        checkpoint_interval: store.checkpoint_interval.map_or(CHECKPOINT_INTERVAL, |interval| interval.0),
        directory: checkpoints.directory.unwrap_or_else(|| DIRECTORY.to_owned()).into(),
        file_format: checkpoints.file_format.map_or_else(Default::default, |OneOf(format)| format),
        max_wal_bytes: checkpoints.max_wal_size.and_then(|bytes| NonZeroU64::new(bytes.0)),
        workers: store.num_workers.and_then(|workers| NonZeroU32::new(workers.0)),
        memory_cap_gb: NonZeroU64::new(store.memory_cap.0),
        cleanup: Cleanup {
            mode: cleanup.mode.map_or_else(Default::default, |OneOf(mode)| mode),
            directory: cleanup.directory.map(Into::into),
        },
        subscriptions: store.nats_subscriptions.into_iter().flatten().map(subscription).collect(),
    }
}

/// A limit of 0, which is none, and an empty list of subscriptions ask for nothing, so they are not named.
fn warnings(file: &wire::File) -> Vec<Warning> {
    let wire::File { main, store: Object(store), nats, .. } = file;
    let main = main.as_ref().map(|Object(main)| main);
    let nats = nats.as_ref().map(|Object(nats)| nats);
    let cleanup = store.cleanup.as_ref().map(|Object(cleanup)| cleanup);
    let keys = [
        ("main.addr", main.is_some_and(|main| main.addr.is_some())),
        ("main.https-cert-file", main.is_some_and(|main| main.https_cert_file.is_some())),
        ("main.https-key-file", main.is_some_and(|main| main.https_key_file.is_some())),
        ("main.user", main.is_some_and(|main| main.user.is_some())),
        ("main.group", main.is_some_and(|main| main.group.is_some())),
        ("main.jwt-public-key", main.is_some_and(|main| main.jwt_public_key.is_some())),
        ("main.backend-url", main.is_some_and(|main| main.backend_url.is_some())),
        ("main.debug", main.is_some_and(|main| main.debug.is_some())),
        ("metric-store.memory-cap", store.memory_cap.0 > 0),
        ("metric-store.cleanup.directory", cleanup.is_some_and(|cleanup| cleanup.directory.is_some())),
        (
            "metric-store.nats-subscriptions",
            store.nats_subscriptions.as_ref().is_some_and(|list| !list.is_empty()),
        ),
        ("metric-store.debug", store.debug.is_some()),
        ("nats.address", nats.is_some_and(|nats| nats.address.is_some())),
        ("nats.username", nats.is_some_and(|nats| nats.username.is_some())),
        ("nats.password", nats.is_some_and(|nats| nats.password.is_some())),
        ("nats.creds-file-path", nats.is_some_and(|nats| nats.creds_file_path.is_some())),
    ];
    let keys: Vec<_> = keys.into_iter().filter_map(|(key, is_there)| is_there.then_some(key)).collect();
    let mut warnings = Vec::new();
    if !keys.is_empty() {
        warnings.push(Warning::WithoutEffect { keys });
    }
    if cleanup.is_some_and(|cleanup| matches!(cleanup.mode, Some(OneOf(CleanupMode::Archive)))) {
        warnings.push(Warning::ArchiveDeletesNothing);
    }
    warnings
}

/// serde_json's error in our words, and with the key that it is about.
fn explain(text: &[u8], error: &serde_json::Error) -> ConfigError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let place = format!(" at line {line} column {column}");
    let reason = message.strip_suffix(&place).unwrap_or(&message);
    if error.classify() != Category::Data {
        return ConfigError::Syntax { reason: reason.to_owned(), line, column };
    }
    // serde speaks of its structs' fields, where a file has keys.
    let reason = ["unknown field", "missing field", "duplicate field"]
        .iter()
        .find_map(|words| Some(words.replace("field", "key") + reason.strip_prefix(words)?))
        .unwrap_or_else(|| reason.to_owned());
    ConfigError::Key { path: path_at(text, offset_of(text, line, column)), reason, line, column }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use insta::assert_snapshot;

    use super::*;
    use crate::config::{Aggregation, FileFormat};

    const FULL: &str = r#"{"main":{"addr":"127.0.0.1:8082"},
 "metrics":{"cpu_load":{"frequency":60,"aggregation":null},"flops_any":{"frequency":60,"aggregation":"sum"},"clock":{"frequency":10,"aggregation":"avg"}},
 "metric-store":{"checkpoints":{"file-format":"json","directory":"/srv/c","max-wal-size":4096},"checkpoint-interval":"30m",
   "memory-cap":100,"retention-in-memory":"48h","num-workers":3,"cleanup":{"mode":"delete"},
   "nats-subscriptions":[{"subscribe-to":"hpc-nats","cluster-tag":"fritz"},{"subscribe-to":"x"}]},
 "nats":{"address":"nats://127.0.0.1:4222","username":"","password":""}}"#;

    const SMALL: &str = r#"{"metrics":{},"metric-store":{"retention-in-memory":"1h","memory-cap":0}}"#;

    fn error(text: &str) -> String {
        Config::from_slice(text.as_bytes()).unwrap_err().to_string()
    }

    /// The error for a file that is fine but for `metrics`.
    fn metrics_error(metrics: &str) -> String {
        error(&SMALL.replace("{},", &format!("{metrics},")))
    }

    /// The error for a file that is fine but for more keys of `metric-store`.
    fn store_error(keys: &str) -> String {
        error(&SMALL.replace("0}", &format!("0,\n  {keys}}}")))
    }

    #[test]
    fn every_key_arrives_in_the_model() {
        let (config, warnings) = Config::from_slice(FULL.as_bytes()).unwrap();
        let metric = |interval_s, aggregation| MetricConfig {
            interval_s: NonZeroU32::new(interval_s).unwrap(),
            aggregation,
        };
        let expected = Config {
            metrics: [
                ("clock".to_owned(), metric(10, Aggregation::Avg)),
                ("cpu_load".to_owned(), metric(60, Aggregation::None)),
                ("flops_any".to_owned(), metric(60, Aggregation::Sum)),
            ]
            .into(),
            retention: Duration::from_secs(48 * 3600),
            checkpoint_interval: Duration::from_secs(1800),
            directory: PathBuf::from("/srv/c"),
            file_format: FileFormat::Json,
            max_wal_bytes: NonZeroU64::new(4096),
            workers: NonZeroU32::new(3),
            memory_cap_gb: NonZeroU64::new(100),
            cleanup: Cleanup { mode: CleanupMode::Delete, directory: None },
            subscriptions: vec![
                Subscription { subject: "hpc-nats".to_owned(), cluster: Some("fritz".to_owned()) },
                Subscription { subject: "x".to_owned(), cluster: None },
            ],
        };
        assert_eq!(config, expected);
        assert_snapshot!(warnings[0], @"without effect in this version: main.addr, metric-store.memory-cap, metric-store.nats-subscriptions, nats.address, nats.username, nats.password");
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn what_is_left_out_has_its_default_and_no_warning() {
        let (config, warnings) = Config::from_slice(SMALL.as_bytes()).unwrap();
        assert_eq!(warnings, []);
        assert_eq!(config.checkpoint_interval, CHECKPOINT_INTERVAL);
        assert_eq!(config.directory, PathBuf::from(DIRECTORY));
        assert_eq!(config.file_format, FileFormat::Wal);
        assert_eq!((config.max_wal_bytes, config.workers, config.memory_cap_gb), (None, None, None));
        assert_eq!(config.cleanup, Cleanup::default());
        assert_eq!(config.subscriptions, []);
    }

    #[test]
    fn every_key_without_effect_is_accepted_and_named() {
        let text =
            SMALL.replace("0}", r#"0,"debug":{"a":[1]},"cleanup":{"mode":"archive","directory":"a"}}"#);
        let main = r#"{"main":{"addr":"a","https-cert-file":"b","https-key-file":"c","user":"d","group":"e",
            "jwt-public-key":"f","backend-url":"g","debug":{"h":null}},"nats":{"creds-file-path":"i"},"#;
        let (config, warnings) = Config::from_slice((main.to_owned() + &text[1..]).as_bytes()).unwrap();
        assert_eq!(config.cleanup.mode, CleanupMode::Archive);
        assert_snapshot!(warnings[0], @"without effect in this version: main.addr, main.https-cert-file, main.https-key-file, main.user, main.group, main.jwt-public-key, main.backend-url, main.debug, metric-store.cleanup.directory, metric-store.debug, nats.creds-file-path");
        assert_snapshot!(warnings[1], @"metric-store.cleanup.mode is archive, which this version cannot do yet: old files are kept (use delete to have them removed)");
    }

    #[test]
    fn unknown_keys_are_named() {
        assert_snapshot!(error(r#"{"mertics": {}}"#), @"mertics: unknown key `mertics`, expected one of `main`, `metrics`, `metric-store`, `nats` (line 1, column 10)");
        assert_snapshot!(metrics_error("{\n  \"a\": {\"frequncy\" : 60}}"), @"metrics.a.frequncy: unknown key `frequncy`, expected `frequency` or `aggregation` (line 2, column 19)");
        assert_snapshot!(store_error("\"checkpoints\": {\"compression\": true}"), @"metric-store.checkpoints.compression: unknown key `compression`, expected one of `file-format`, `directory`, `max-wal-size` (line 2, column 31)");
        assert_snapshot!(store_error("\"nats-subscriptions\": [{\"subscribe-to\": \"a\"}, {\"subject\": \"b\"}]"), @"metric-store.nats-subscriptions[1].subject: unknown key `subject`, expected `subscribe-to` or `cluster-tag` (line 2, column 58)");
    }

    #[test]
    fn no_object_takes_unknown_keys() {
        let nats = SMALL.replace("{\"metrics\"", "{\"nats\":{\"x\":1},\"metrics\"");
        assert_snapshot!(error(&nats), @"nats.x: unknown key `x`, expected one of `address`, `username`, `password`, `creds-file-path` (line 1, column 12)");
        assert_snapshot!(error("{\"main\":{\"x\":1}}"), @"main.x: unknown key `x`, expected one of `addr`, `https-cert-file`, `https-key-file`, `user`, `group`, `jwt-public-key`, `backend-url`, `debug` (line 1, column 12)");
        assert_snapshot!(store_error("\"x\": 1"), @"metric-store.x: unknown key `x`, expected one of `retention-in-memory`, `memory-cap`, `num-workers`, `checkpoint-interval`, `checkpoints`, `cleanup`, `nats-subscriptions`, `debug` (line 2, column 5)");
        assert_snapshot!(store_error("\"cleanup\": {\"x\": 1}"), @"metric-store.cleanup.x: unknown key `x`, expected `mode` or `directory` (line 2, column 17)");
    }

    #[test]
    fn missing_keys_are_named() {
        assert_snapshot!(error("{}"), @"missing key `metrics` (line 1, column 2)");
        assert_snapshot!(error("{\"metrics\":{}}\n"), @"missing key `metric-store` (line 1, column 14)");
        assert_snapshot!(error("{\"metrics\":{},\n \"metric-store\": {\"memory-cap\": 0}}"), @"metric-store: missing key `retention-in-memory` (line 2, column 34)");
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":60}}"), @"metrics.a: missing key `aggregation` (line 1, column 32)");
        assert_snapshot!(metrics_error("{\"a\":{\"aggregation\":null}}"), @"metrics.a: missing key `frequency` (line 1, column 36)");
    }

    #[test]
    fn double_keys_are_named() {
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":1,\"aggregation\":null},\n\"a\":{}}"), @"metrics.a: duplicate key `a` (line 2, column 3)");
        assert_snapshot!(store_error("\"memory-cap\" : 1"), @"metric-store.memory-cap: duplicate key `memory-cap` (line 2, column 15)");
    }

    #[test]
    fn wrong_values_are_named_with_what_would_be_right() {
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":0,\"aggregation\":null}}"), @"metrics.a.frequency: invalid value: integer `0`, expected the interval in whole seconds, 1 to 4294967295 (line 1, column 30)");
        assert_snapshot!(metrics_error("{\"a\":{\"aggregation\":null,\"frequency\":-60}}"), @"metrics.a.frequency: invalid type: integer `-60`, expected the interval in whole seconds, 1 to 4294967295 (line 1, column 51)");
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":60.5}}"), @"metrics.a.frequency: invalid type: floating point `60.5`, expected the interval in whole seconds, 1 to 4294967295 (line 1, column 33)");
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":\"60\"}}"), @r#"metrics.a.frequency: invalid type: string "60", expected the interval in whole seconds, 1 to 4294967295 (line 1, column 33)"#);
        assert_snapshot!(metrics_error("{\"a\":{\"frequency\":4294967296}}"), @"metrics.a.frequency: invalid value: integer `4294967296`, expected the interval in whole seconds, 1 to 4294967295 (line 1, column 39)");
        assert_snapshot!(metrics_error("{\"a.b\":{\"aggregation\":\"mean\"}}"), @r#"metrics."a.b".aggregation: invalid value: string "mean", expected "sum", "avg" or null (line 1, column 39)"#);
        assert_snapshot!(metrics_error("{\"a\":{\"aggregation\":true}}"), @r#"metrics.a.aggregation: invalid type: boolean `true`, expected "sum", "avg" or null (line 1, column 35)"#);
        assert_snapshot!(metrics_error("{\"a\":60}"), @"metrics.a: invalid type: integer `60`, expected an object (line 1, column 18)");
        assert_snapshot!(metrics_error("{\"a\":[60,\"sum\"]}"), @"metrics.a: invalid type: sequence, expected an object (line 1, column 16)");
        assert_snapshot!(metrics_error("[]"), @"metrics: invalid type: sequence, expected an object of metrics by name (line 1, column 11)");
        assert_snapshot!(metrics_error("{\"treering.control\": {}}"), @r#"metrics."treering.control": the name is reserved for the log, choose another one (line 1, column 30)"#);
        assert_snapshot!(store_error("\"checkpoint-interval\": \"2d\""), @r#"metric-store.checkpoint-interval: "2d" is no duration: unknown unit "d" at byte 1: use ns, us, ms, s, m or h (a day is 24h) (line 2, column 29)"#);
        assert_snapshot!(store_error("\"checkpoint-interval\": \"0\""), @r#"metric-store.checkpoint-interval: "0" is too short: it must be longer than 0s (line 2, column 28)"#);
        assert_snapshot!(store_error("\"checkpoint-interval\": \"-1h\""), @r#"metric-store.checkpoint-interval: "-1h" is too short: it must be longer than 0s (line 2, column 30)"#);
        assert_snapshot!(store_error("\"checkpoint-interval\": 3600"), @r#"metric-store.checkpoint-interval: invalid type: integer `3600`, expected a duration in quotes, such as "48h" or "1h30m" (line 2, column 29)"#);
        assert_snapshot!(store_error("\"num-workers\": 4294967296"), @"metric-store.num-workers: invalid value: integer `4294967296`, expected a whole number, 0 to 4294967295 (line 2, column 27)");
        assert_snapshot!(store_error("\"checkpoints\": {\"max-wal-size\": -1}"), @"metric-store.checkpoints.max-wal-size: invalid type: integer `-1`, expected a whole number, 0 or more (line 2, column 36)");
        assert_snapshot!(store_error("\"checkpoints\": {\"file-format\": \"parquet\"}"), @r#"metric-store.checkpoints.file-format: invalid value: string "parquet", expected "wal" or "json" (line 2, column 42)"#);
        assert_snapshot!(store_error("\"checkpoints\": {\"file-format\": 1}"), @r#"metric-store.checkpoints.file-format: invalid type: integer `1`, expected "wal" or "json" (line 2, column 34)"#);
        assert_snapshot!(store_error("\"checkpoints\": {\"directory\": {}}"), @"metric-store.checkpoints.directory: invalid type: map, expected a string (line 2, column 31)");
        assert_snapshot!(store_error("\"cleanup\": {\"mode\": \"keep\"}"), @r#"metric-store.cleanup.mode: invalid value: string "keep", expected "delete" or "archive" (line 2, column 28)"#);
        assert_snapshot!(store_error("\"cleanup\": \"delete\""), @r#"metric-store.cleanup: invalid type: string "delete", expected an object (line 2, column 21)"#);
        assert_snapshot!(store_error("\"nats-subscriptions\": [{\"subscribe-to\": 7}]"), @"metric-store.nats-subscriptions[0].subscribe-to: invalid type: integer `7`, expected a string (line 2, column 43)");
        assert_snapshot!(error("{\"main\":{\"addr\":8082}}"), @"main.addr: invalid type: integer `8082`, expected a string (line 1, column 20)");
        assert_snapshot!(error("[]"), @"invalid type: sequence, expected an object (line 1, column 0)");
        assert_snapshot!(error("7"), @"invalid type: integer `7`, expected an object (line 1, column 1)");
    }

    #[test]
    fn what_is_not_json_is_said_with_its_place() {
        assert_snapshot!(error(""), @"not JSON: EOF while parsing a value (line 1, column 0)");
        assert_snapshot!(error("{\n  \"main\": {},\n}"), @"not JSON: trailing comma (line 3, column 1)");
        assert_snapshot!(error("{\"metrics\": {\"a\": {\"frequency\": 60"), @"not JSON: EOF while parsing an object (line 1, column 34)");
        assert_snapshot!(error(&(SMALL.to_owned() + "x")), @"not JSON: trailing characters (line 1, column 74)");
        assert_snapshot!(error("main:\n  addr: x"), @"not JSON: expected value (line 1, column 1)");
    }

    #[test]
    fn every_cut_of_a_file_is_an_error_and_no_panic() {
        for len in 0..FULL.len() {
            assert!(Config::from_slice(&FULL.as_bytes()[..len]).is_err(), "{len}");
        }
    }
}
