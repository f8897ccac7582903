//! The routes.

use std::path::PathBuf;

use super::settings::Reader;
use crate::routes;

/// `ROUTES_FILE`, which is read with the settings: a bad one keeps the server from starting.
pub struct RoutesFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl RoutesFile {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let path = super::absolute(reader.text("ROUTES_FILE")?);
        match routes::checked(&path) {
            Ok(text) => Some(Self { path, text }),
            Err(faults) => {
                for fault in faults {
                    reader.fault("ROUTES_FILE", fault);
                }
                None
            }
        }
    }
}
