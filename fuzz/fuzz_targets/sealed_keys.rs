#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| troth_tests::fuzzing::agreed::sealed_keys(data));
