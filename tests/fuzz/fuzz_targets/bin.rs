//! What is tried here is in `tests/src/fuzz/bin.rs`.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| treering_tests::fuzz::bin::check(input));
