//! Application-default credentials: the places in which Google's libraries look, in their order.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Credentials, CredentialsError};

/// The file that `gcloud auth application-default login` leaves in gcloud's folder.
const GCLOUD_FILE: &str = "application_default_credentials.json";

/// Where to look. Everything is an argument: this crate reads no environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultCredentials {
    /// `GOOGLE_APPLICATION_CREDENTIALS`: a file of any kind. If it is set, nothing else is looked at.
    pub file: Option<PathBuf>,
    /// gcloud's folder: `CLOUDSDK_CONFIG`, or `~/.config/gcloud`.
    pub gcloud_folder: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: a host, with or without a port, in place of Google's.
    pub metadata_host: Option<String>,
}

/// Why what was found cannot be used. It is not passed over for the next place: nobody would look for the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefaultCredentialsError {
    /// The file cannot be read.
    #[error("{place} cannot be read: {why}")]
    File {
        /// Words for which file it is.
        place: &'static str,
        /// What the system said.
        why: io::ErrorKind,
    },
    /// The file can be read, and is wrong.
    #[error("{place}: {source}")]
    Content {
        /// Words for which file it is.
        place: &'static str,
        /// What is wrong with it.
        source: CredentialsError,
    },
    /// `GCE_METADATA_HOST` is no host.
    #[error("{0}")]
    Metadata(CredentialsError),
}

impl DefaultCredentials {
    /// Looks for credentials: the named file, gcloud's file, the metadata server. Files are read here; the server is
    /// asked when a token is needed, and [`Error::NoDefaultCredentials`](crate::Error::NoDefaultCredentials) says if
    /// there is none.
    pub fn find(&self) -> Result<Credentials, DefaultCredentialsError> {
        if let Some(path) = &self.file {
            let place = "the file that GOOGLE_APPLICATION_CREDENTIALS names";
            return read(path, place).and_then(|found| {
                found.ok_or(DefaultCredentialsError::File { place, why: io::ErrorKind::NotFound })
            });
        }
        if let Some(folder) = &self.gcloud_folder {
            let place = "gcloud's application_default_credentials.json";
            if let Some(credentials) = read(&folder.join(GCLOUD_FILE), place)? {
                return Ok(credentials);
            }
        }
        Credentials::of_machine(self.metadata_host.as_deref()).map_err(DefaultCredentialsError::Metadata)
    }
}

/// The credentials in a file, if there is one. A folder that is none (a `HOME` of `/dev/null`) holds no file.
fn read(path: &Path, place: &'static str) -> Result<Option<Credentials>, DefaultCredentialsError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(DefaultCredentialsError::File { place, why: error.kind() }),
    };
    Credentials::from_any_json(&bytes)
        .map(Some)
        .map_err(|source| DefaultCredentialsError::Content { place, source })
}
