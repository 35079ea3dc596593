//! What is tried here is in `tests/src/fuzz/names.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| treering_tests::fuzz::names::check(input));
