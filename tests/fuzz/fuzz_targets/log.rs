//! What is tried here is in `tests/src/fuzz/log.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| treering_tests::fuzz::log::check(input));
