//! The folder with the model and the voices, and what may be wrong with it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The model's file.
pub(super) const MODEL: &str = "kokoro-v1.0.int8.onnx";

/// The SHA-256 of it, the same as in `scripts/voices.sha256`. Another model may have other inputs, or be meant to do harm.
const MODEL_SUM: &str = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb";

/// Why there is no voice, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is not there.
    #[error("{path} is missing; run scripts/fetch-voices.sh, or set VOICES_DIR to the folder that has it")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be, or not whole.
    #[error(
        "{path} is damaged, or another file under its name: {reason}; run scripts/fetch-voices.sh to replace it"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What tells.
        reason: String,
    },
    /// The model is whole, and the runtime cannot run it: a fault of this program.
    #[error("cannot run {path}: {reason}; this is a bug")]
    Unusable {
        /// The model.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

/// Whether there is a file under the model's name.
pub(super) fn look(folder: &Path) -> Result<(), LoadError> {
    let path = folder.join(MODEL);
    if path.is_file() { Ok(()) } else { Err(LoadError::Missing { path }) }
}

/// The model's bytes, checked.
pub(super) fn read_model(folder: &Path) -> Result<Vec<u8>, LoadError> {
    let path = folder.join(MODEL);
    let bytes = read(&path)?;
    let sum = hex(&Sha256::digest(&bytes));
    if sum != MODEL_SUM {
        let reason = format!("{} bytes with the SHA-256 {sum}, not {MODEL_SUM}", bytes.len());
        return Err(LoadError::Damaged { path, reason });
    }
    Ok(bytes)
}

/// A file's bytes.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => LoadError::Missing { path: path.to_owned() },
        _ => LoadError::Unreadable { path: path.to_owned(), source },
    })
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
