//! Any bytes as a model: the rewriter never panics, leaves what it does not rewrite as it was, and what it has rewritten has
//! nothing to rewrite any more.
//!
//! `cargo +nightly fuzz run onnx`.
#![no_main]

use libfuzzer_sys::fuzz_target;

// Without the runtime around it, which would take minutes to build with a fuzzer's flags.
#[path = "../../crates/speech/src/kokoro/onnx.rs"]
mod onnx;
#[path = "../../crates/speech/src/kokoro/protobuf.rs"]
mod protobuf;

fuzz_target!(|data: &[u8]| {
    let mut model = data.to_vec();
    match onnx::split_fused_matmul(&mut model) {
        Ok(()) => assert_eq!(onnx::split_fused_matmul(&mut model), Err(onnx::Fault::NotOne(0))),
        Err(_) => assert_eq!(model, data),
    }
});
