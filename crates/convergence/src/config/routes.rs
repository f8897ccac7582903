//! The routes.

use std::sync::Arc;

use super::settings::Reader;
use crate::routes::LiveRoutes;

/// `ROUTES_FILE`, which is read with the settings: a bad one keeps the server from starting.
#[derive(Clone)]
pub struct RoutesFile(pub(crate) Arc<LiveRoutes>);

impl RoutesFile {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let path = super::absolute(reader.text("ROUTES_FILE")?);
        match LiveRoutes::open(path) {
            Ok(routes) => Some(Self(Arc::new(routes))),
            Err(faults) => {
                for fault in faults {
                    reader.fault("ROUTES_FILE", fault);
                }
                None
            }
        }
    }
}
