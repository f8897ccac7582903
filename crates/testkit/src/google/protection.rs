//! Protected ranges: who may write where.

use serde_json::Value;

use super::book::Tab;
use super::book::area::Area;

const REFUSAL: &str = "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to \
    remove protection if you need to edit.";

/// Refuses a write to an area that meets a protection which does not let the service account through. One that
/// only warns lets everybody through (discovery document, `warningOnly`).
///
/// # Errors
/// Google's words.
pub(crate) fn check(tab: &Tab, area: &Area) -> Result<(), String> {
    let bars = |protection: &&Value| {
        let covers = Area::from_json(&protection["range"], tab.rows, tab.columns).meets(area);
        covers && !may_edit(protection) && !spared(protection, tab, area)
    };
    match tab.objects("protectedRanges").iter().find(bars) {
        Some(_) => Err(REFUSAL.to_owned()),
        None => Ok(()),
    }
}

/// Whether the service account may edit what is protected, and the protection. Ranges that a person protected do
/// not have `requestingUserCanEdit`.
pub(crate) fn may_edit(protection: &Value) -> bool {
    protection["warningOnly"] == true || protection["requestingUserCanEdit"] == true
}

fn spared(protection: &Value, tab: &Tab, area: &Area) -> bool {
    let spared = protection["unprotectedRanges"].as_array().map(Vec::as_slice).unwrap_or_default();
    spared.iter().any(|range| Area::from_json(range, tab.rows, tab.columns).holds(area))
}
