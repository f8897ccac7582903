//! Files that are missing, cut off or changed: each says which it is and what to do.

use std::fs;
use std::path::Path;

use speech::kokoro::{DEFAULT_PAIR, Kokoro, Voice};

use crate::folder;

const MODEL: &str = "kokoro-v1.0.int8.onnx";
const VOICE: &str = "af_heart.bin";

/// What is said of a folder whose copy of a file was changed so.
fn said(file: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut bytes = fs::read(folder().join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}; run scripts/fetch-voices.sh, or set VOICES_DIR"));
    change(&mut bytes);
    let changed = tempfile::tempdir().expect("a temporary folder");
    fs::write(changed.path().join(file), bytes).expect("a file");
    let error = loaded(file, changed.path()).expect_err("a changed file");
    assert!(error.contains(&*changed.path().join(file).to_string_lossy()), "{error} does not name the file");
    error
}

/// What comes of loading this file from a folder.
fn loaded(file: &str, folder: &Path) -> Result<(), String> {
    match file {
        MODEL => Kokoro::load(folder).map(drop).map_err(|error| error.to_string()),
        _ => Voice::load(folder, DEFAULT_PAIR[0]).map(drop).map_err(|error| error.to_string()),
    }
}

#[test]
fn a_missing_file_is_named_with_what_to_run() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    for file in [MODEL, VOICE] {
        let error = loaded(file, empty.path()).expect_err("nothing there");
        let path = empty.path().join(file);
        let wanted = "is missing; run scripts/fetch-voices.sh, or set VOICES_DIR to the folder that has it";
        assert_eq!(error, format!("{} {wanted}", path.display()));
    }
}

#[test]
fn a_model_that_is_cut_off_or_changed_is_damaged() {
    for change in [
        |bytes: &mut Vec<u8>| bytes.truncate(60_000_000),
        |bytes: &mut Vec<u8>| bytes[50_000_000] ^= 1,
        |bytes: &mut Vec<u8>| bytes.push(0),
        Vec::clear,
    ] {
        let error = said(MODEL, change);
        assert!(error.contains("is damaged, or another file under its name: "), "{error}");
        assert!(error.ends_with("; run scripts/fetch-voices.sh to replace it"), "{error}");
    }
}

#[test]
fn a_voice_that_is_cut_off_or_of_odd_numbers_is_damaged() {
    let error = said(VOICE, |bytes| bytes.truncate(100_000));
    assert!(error.contains("100000 bytes, not 522240"), "{error}");
    let error = said(VOICE, |bytes| bytes.push(0));
    assert!(error.contains("522241 bytes, not 522240"), "{error}");
    for number in [f32::NAN, f32::INFINITY, 1e9] {
        let error = said(VOICE, |bytes| bytes[4_000..4_004].copy_from_slice(&number.to_le_bytes()));
        assert!(error.contains("a style has the number"), "{error}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let odd = tempfile::tempdir().expect("a temporary folder");
    for file in [MODEL, VOICE] {
        fs::create_dir(odd.path().join(file)).expect("a folder under its name");
        let error = loaded(file, odd.path()).expect_err("a folder");
        assert!(error.starts_with("cannot read ") && error.contains(file), "{error}");
    }
}
