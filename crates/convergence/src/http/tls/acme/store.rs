//! What is kept in `DATA_DIR/acme`: the certificate with its key, and an account for each ACME server. All of it 0600.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use instant_acme::AccountCredentials;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tracing::warn;
use zeroize::Zeroizing;

use crate::http::tls::{Leaf, files};

pub(super) struct Store {
    certificate: PathBuf,
    account: PathBuf,
}

impl Store {
    /// The certificate's file, and beside it the account's.
    pub(super) fn beside(certificate: &Path, directory: &str) -> Self {
        let server = Sha256::digest(directory.as_bytes());
        let name =
            format!("account-{:02x}{:02x}{:02x}{:02x}.json", server[0], server[1], server[2], server[3]);
        Self { account: certificate.with_file_name(name), certificate: certificate.to_owned() }
    }

    /// The one that is there, if it can be read.
    pub(super) fn certificate(&self) -> Option<Leaf> {
        files::leaf(&std::fs::read(&self.certificate).ok()?)
    }

    /// Chain and key in one file, so that they change together.
    pub(super) fn keep_certificate(&self, chain: &str, key: &str) -> anyhow::Result<()> {
        self.write(&self.certificate, Zeroizing::new([key, chain].concat()).as_bytes())
    }

    /// An account that cannot be read is made anew.
    pub(super) fn account(&self) -> Option<AccountCredentials> {
        serde_json::from_slice(&Zeroizing::new(std::fs::read(&self.account).ok()?)).ok()
    }

    pub(super) fn forget_account(&self) {
        if let Err(error) = std::fs::remove_file(&self.account) {
            warn!("{} cannot be removed: {error}", self.account.display());
        }
    }

    pub(super) fn keep_account(&self, credentials: &AccountCredentials) -> anyhow::Result<()> {
        self.write(&self.account, &Zeroizing::new(serde_json::to_vec(credentials)?))
    }

    /// Whole or not at all, for this user only.
    fn write(&self, path: &Path, contents: &[u8]) -> anyhow::Result<()> {
        let folder = self.certificate.parent().unwrap_or(Path::new("."));
        let wrong = || format!("{} cannot be written", path.display());
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(wrong)?;
        let mut file = NamedTempFile::new_in(folder).with_context(wrong)?;
        file.write_all(contents).and_then(|()| file.as_file().sync_all()).with_context(wrong)?;
        file.persist(path).with_context(wrong)?;
        Ok(())
    }
}
