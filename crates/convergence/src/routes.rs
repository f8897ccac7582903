//! What each part of the API asks for and where it is served: the routes of `ROUTES_FILE`, by path prefix. Knows no
//! keys and no HTTP.

mod file;
mod live;
mod matching;

pub(crate) use live::{InUse, LiveRoutes, MakeGroup, checked};
pub(crate) use matching::{Ambiguous, Routes};
