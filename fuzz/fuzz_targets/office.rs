//! Any bytes as a document of an office program, and as the XML in one: reading them never panics and never takes long, and
//! a text has no more letters than there were bytes.
//!
//! `cargo +nightly fuzz run office`.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use zip::CompressionMethod::Stored;
use zip::write::SimpleFileOptions;

// Without the server around it, which would take minutes to build with a fuzzer's flags.
#[allow(dead_code)]
#[path = "../../crates/convergence/src/providers/office.rs"]
mod office;

/// What the server's module of this name has for it.
mod fetch {
    #[derive(Debug)]
    #[allow(dead_code)]
    pub(crate) enum FetchError {
        TooLarge(usize),
        Damaged,
        NotUtf8,
    }
}

use office::Office;

/// An archive with this in each place where there may be XML. Nothing is compressed, so that the fuzzer sees what it changes.
fn archive(xml: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for part in ["word/styles.xml", "word/document.xml", "content.xml"] {
        writer.start_file(part, SimpleFileOptions::default().compression_method(Stored)).expect("a part");
        writer.write_all(xml).expect("memory takes all");
    }
    writer.finish().expect("an archive").into_inner()
}

fuzz_target!(|data: &[u8]| {
    let around = archive(data);
    for office in [Office::Word, Office::OpenDocument] {
        let _ = office::text(office, data);
        if let Ok(text) = office::text(office, &around) {
            assert!(text.chars().filter(|letter| letter.is_alphanumeric()).count() <= data.len());
        }
    }
});
